"""Exclusion by declared rules: who is left out, by which rule first, and what each rule alone would do."""

import zlib
from datetime import UTC, datetime, timedelta

import pytest

from analysis.reading import parse_export
from analysis.selection import INCOMPLETE, PLACE_LOST, MainTrials, select_trials
from stimuli.protocol import ExclusionsTable

RULES = ExclusionsTable(min_side_choices=2, min_total_s=10, max_total_s=100)


def session(row, name, choices, *, seconds=50.0, main_trials=6):
    """A participant who chose these sides (l, r), the answers evenly spread over so many seconds."""
    start = datetime(2026, 3, 14, tzinfo=UTC)
    rows = []
    for place, choice in enumerate(choices):
        side = {"l": "left", "r": "right"}[choice]
        when = start + timedelta(seconds=seconds * place / max(1, len(choices) - 1))
        cells = {
            "choice": side,
            "strong_side": "left",
            "received_at": when.isoformat(),
            "main_trials": str(main_trials),
            "rt_ms": str(1000 + zlib.crc32(name.encode()) % 1000),  # nobody is another one's copy
        }
        rows.append(row(name, place + 1, "x", side == "left") | cells)
    return rows


@pytest.fixture
def selection(row, csv_text):
    rows = [
        *session(row, "good", "lrlrlr"),
        *session(row, "left", "llllll"),
        *session(row, "fast-left", "lllllr", seconds=5),
        *session(row, "fast", "lrlrlr", seconds=9.9),
        *session(row, "slow", "lrlrlr", seconds=101),
        *session(row, "quit", "lr", seconds=5),
        *session(row, "edge", "llllrr", seconds=10),
    ]
    return select_trials(parse_export(csv_text(rows)), RULES)


def test_each_participant_is_excluded_by_the_first_rule_that_they_break(selection):
    assert {rule.key: rule.participants for rule in selection.exclusions} == {
        INCOMPLETE: ("quit",),
        PLACE_LOST: (),
        "min_side_choices": ("fast-left", "left"),
        "min_total_s": ("fast",),
        "max_total_s": ("slow",),
    }
    assert set(selection.analysed["participant"]) == {"good", "edge"}
    assert selection.incomplete == {"quit": MainTrials(2, 6)}


def test_each_rule_counts_everyone_who_breaks_it(selection):
    # `quit` chose each side once, and within 5 seconds: all three rules alone would exclude.
    assert [rule.alone for rule in selection.exclusions] == [1, 0, 3, 3, 1]


def test_a_rule_can_be_left_out_while_the_others_hold(selection):
    def kept(key):
        return set(selection.without(key)["participant"])

    assert kept("min_side_choices") == {"good", "edge", "left"}
    assert kept("min_total_s") == {"good", "edge", "fast"}
    assert kept("max_total_s") == {"good", "edge", "slow"}
    assert kept(INCOMPLETE) == {"good", "edge"}  # `quit` breaks other rules too


def test_the_rules_say_whom_they_exclude(selection):
    assert [rule.sentence for rule in selection.exclusions] == [
        "did not answer all main trials",
        "did not keep the place in the design",
        "chose one side fewer than 2 times",
        "answered everything in less than 10 s",
        "took more than 100 s from the first answer to the last",
    ]


def test_the_order_of_the_rules_is_not_that_of_the_protocol(protocol_file, row, csv_text):
    text = "[analysis.exclusions]\nmax_total_s = 100\nmin_side_choices = 1\nmin_catch_accuracy = 0.5\n"
    rules = protocol_file(text).protocol.analysis.exclusions
    found = select_trials(parse_export(csv_text(session(row, "good", "lrlrlr"))), rules)
    assert [rule.key for rule in found.exclusions][2:] == ["min_catch_accuracy", "min_side_choices", "max_total_s"]
    assert found.exclusions[3].sentence == "never chose one of the sides"


def test_without_declared_rules_only_completeness_and_the_place_count(row, csv_text):
    rows = [*session(row, "left", "llllll", seconds=1), *session(row, "quit", "lr")]
    found = select_trials(parse_export(csv_text(rows)))
    assert [rule.key for rule in found.exclusions] == [INCOMPLETE, PLACE_LOST]
    assert set(found.analysed["participant"]) == {"left"}


def test_who_lost_the_place_is_left_out_whatever_is_declared(row, csv_text):
    late = [one | {"place_lost": "true"} for one in session(row, "late", "lrlrlr")]
    gone = [one | {"place_lost": "true"} for one in session(row, "gone", "lr")]
    found = select_trials(parse_export(csv_text([*session(row, "good", "lrlrlr"), *late, *gone])))
    assert {rule.key: (rule.participants, rule.alone) for rule in found.exclusions} == {
        INCOMPLETE: (("gone",), 1),
        PLACE_LOST: (("late",), 2),
    }
    assert set(found.analysed["participant"]) == {"good"}
    assert set(found.main["participant"]) == {"good", "late", "gone"}
    assert set(found.without(PLACE_LOST)["participant"]) == {"good", "late"}


class TestCatchInstructionsAndPractice:
    """Three rules on what stands beside the main trials."""

    RULES = ExclusionsTable(min_catch_accuracy=0.8, min_instructions_s=15, max_practice_rounds=3)

    @staticmethod
    def person(row, name, caught, *, instructions_s="60", rounds=1):
        """Four main answers, then so many catch trials answered rightly (1) or not (0)."""
        told = {"instructions_s": instructions_s, "rounds": str(rounds), "main_trials": str(4 + len(caught))}
        rows = [one | told for one in session(row, name, "lrlr")]
        for place, right in enumerate(caught, start=5):
            rows.append(row(name, place, "x", right == "1", catch="true", confidence="1", **told))
        return rows

    @pytest.fixture
    def selection(self, row, csv_text):
        rows = [
            *self.person(row, "good", "11111"),
            *self.person(row, "edge", "11110", instructions_s="15", rounds=3),
            *self.person(row, "asleep", "11100", instructions_s="14.9"),
            *self.person(row, "no-catch", ""),
            *self.person(row, "hasty", "1", instructions_s="14.9"),
            *self.person(row, "unclocked", "1", instructions_s=""),
            *self.person(row, "slow-learner", "1", rounds=4),
        ]
        return select_trials(parse_export(csv_text(rows)), self.RULES)

    def test_each_leaves_out_whom_it_names(self, selection):
        assert {rule.key: (rule.participants, rule.alone) for rule in selection.exclusions} == {
            INCOMPLETE: ((), 0),
            PLACE_LOST: ((), 0),
            "min_catch_accuracy": (("asleep",), 1),
            "min_instructions_s": (("hasty",), 2),
            "max_practice_rounds": (("slow-learner",), 1),
        }
        # Whoever met no catch trial, or whose time is not known, is not concerned.
        assert set(selection.analysed["participant"]) == {"good", "edge", "no-catch", "unclocked"}

    def test_each_counts_whom_it_cannot_judge(self, selection):
        assert {rule.key: rule.unjudged for rule in selection.exclusions} == {
            INCOMPLETE: 0,
            PLACE_LOST: 0,
            "min_catch_accuracy": 1,
            "min_instructions_s": 1,
            "max_practice_rounds": 0,
        }

    def test_the_rules_say_whom_they_exclude(self, selection):
        assert [rule.sentence for rule in selection.exclusions[2:]] == [
            "answered less than 80% of the catch trials rightly",
            "left the instructions within 15 s",
            "took more than 3 rounds of practice",
        ]

    def test_catch_trials_count_for_completeness_and_for_nothing_else(self, selection, row, csv_text):
        assert selection.catch == 18
        assert selection.practice == 0
        assert not selection.main["catch"].any()
        assert selection.main.groupby("participant").size().eq(4).all()
        rows = self.person(row, "quit", "11")[:-1]
        assert select_trials(parse_export(csv_text(rows))).incomplete == {"quit": MainTrials(5, 6)}

    def test_choices_of_catch_trials_do_not_make_up_for_one_side(self, row, csv_text):
        rows = [*self.person(row, "left", "")]
        for one in rows:
            one |= {"choice": "left", "strong_side": "left", "correct": "true", "main_trials": "6"}
        cells = {"catch": "true", "choice": "right", "strong_side": "right", "correct": "true", "main_trials": "6"}
        rows += [row("left", place, "x", True) | cells | {"instructions_s": "60"} for place in (5, 6)]
        found = select_trials(parse_export(csv_text(rows)), ExclusionsTable(min_side_choices=1))
        assert found.exclusions[2].participants == ("left",)

    def test_each_can_be_left_out(self, selection):
        assert "asleep" not in set(selection.without("min_catch_accuracy")["participant"])  # hasty, too
        assert "hasty" in set(selection.without("min_instructions_s")["participant"])
        assert "slow-learner" in set(selection.without("max_practice_rounds")["participant"])
