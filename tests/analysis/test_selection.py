"""Exclusion by declared rules: who is left out, by which rule first, and what each rule alone would do."""

from datetime import UTC, datetime, timedelta

import pytest

from analysis.reading import parse_export
from analysis.selection import INCOMPLETE, MainTrials, select_trials
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
        "min_side_choices": ("fast-left", "left"),
        "min_total_s": ("fast",),
        "max_total_s": ("slow",),
    }
    assert set(selection.analysed["participant"]) == {"good", "edge"}
    assert selection.incomplete == {"quit": MainTrials(2, 6)}


def test_each_rule_counts_everyone_who_breaks_it(selection):
    # `quit` chose each side once, and within 5 seconds: all three rules alone would exclude.
    assert [rule.alone for rule in selection.exclusions] == [1, 3, 3, 1]


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
        "chose one side fewer than 2 times",
        "answered everything in less than 10 s",
        "took more than 100 s from the first answer to the last",
    ]


def test_without_declared_rules_only_completeness_counts(row, csv_text):
    rows = [*session(row, "left", "llllll", seconds=1), *session(row, "quit", "lr")]
    found = select_trials(parse_export(csv_text(rows)))
    assert [rule.key for rule in found.exclusions] == [INCOMPLETE]
    assert set(found.analysed["participant"]) == {"left"}
