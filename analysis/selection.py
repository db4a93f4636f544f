"""Which answers are analysed. The one place where rows are left out, each rule declared in the protocol and counted."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from stimuli.protocol import ExclusionsTable

RULE = (
    "Practice trials are left out, and catch trials count for nothing but their rule. A participant is complete who "
    "answered all main trials of the session; the main analysis holds complete participants only, and of these only "
    "those who kept their place in the design."
)
# The two rules that always apply.
INCOMPLETE = "incomplete"
PLACE_LOST = "place_lost"
# What may be missing of a participant, by the rule that asks for it.
ASKS_FOR = {"min_catch_accuracy": "catch", "min_instructions_s": "instructions_s"}


@dataclass(frozen=True)
class MainTrials:
    """One participant's main trials, catch trials among them: ``answered`` of how many the session has."""

    answered: int
    session: int


@dataclass(frozen=True)
class Exclusion:
    """What one rule does: ``alone`` counts all who break it, ``participants`` those whom no earlier rule excluded.

    ``key`` is :data:`INCOMPLETE`, :data:`PLACE_LOST` or the rule's key in the protocol; ``sentence`` says who is
    excluded. ``unjudged`` counts those who neither break nor keep the rule, because what it asks for is not known.
    """

    key: str
    sentence: str
    alone: int
    participants: tuple[str, ...]
    unjudged: int


@dataclass(frozen=True)
class Selection:
    """The answers of an export, divided by completeness and the declared rules, in the order of ``exclusions``.

    ``practice`` and ``catch`` count left-out answers; ``main`` holds every other answer and ``analysed`` those of the
    participants whom no rule excludes. ``incomplete`` maps incomplete participants to how far they came (0 answered for
    one who only practised). ``broken`` has a row for each participant and a column for each rule: whether it is broken.
    """

    practice: int
    catch: int
    main: pd.DataFrame
    analysed: pd.DataFrame
    incomplete: dict[str, MainTrials]
    exclusions: tuple[Exclusion, ...]
    broken: pd.DataFrame

    def without(self, key: str) -> pd.DataFrame:
        """The main answers that are analysed where every rule but ``key`` is applied."""
        return _kept(self.main, self.broken.drop(columns=key))


def select_trials(export: pd.DataFrame, rules: ExclusionsTable | None = None) -> Selection:
    """Divide a checked export; both frames may be empty."""
    in_main = export["phase"] == "main"
    main = export[in_main & ~export["catch"]].sort_values(["participant", "trial"], ignore_index=True)
    people = _participants(export, main)
    declared = _rules(people, rules or ExclusionsTable())
    broken = pd.DataFrame({key: mask for key, (_, mask) in declared.items()})
    first = broken.idxmax(axis=1).where(broken.any(axis=1))
    short = people[broken[INCOMPLETE]]
    return Selection(
        practice=int((~in_main).sum()),
        catch=int(export["catch"].sum()),
        main=main,
        analysed=_kept(main, broken),
        incomplete={
            str(row.Index): MainTrials(int(row.answered), int(row.session))  # type: ignore[arg-type]
            for row in short.itertuples()
        },
        exclusions=tuple(
            Exclusion(
                key,
                sentence,
                int(mask.sum()),
                tuple(map(str, first.index[first == key])),
                int(people[ASKS_FOR[key]].isna().sum()) if key in ASKS_FOR else 0,
            )
            for key, (sentence, mask) in declared.items()
        ),
        broken=broken,
    )


def _participants(export: pd.DataFrame, main: pd.DataFrame) -> pd.DataFrame:
    """A row for each participant: main trials of the session, answered, choices by side, and what else rules ask for.

    ``catch`` is the share of right answers to catch trials, and missing for who answered none.
    """
    of_participant = export.groupby("participant")
    received, caught = of_participant["received_at"], export[export["catch"]]
    people = pd.DataFrame(
        {
            "session": of_participant["main_trials"].first(),
            "rounds": of_participant["rounds"].first(),
            "instructions_s": of_participant["instructions_s"].first(),
            "place_lost": of_participant["place_lost"].first(),
            "total_s": (received.max() - received.min()).dt.total_seconds(),
            "catch": caught.groupby("participant")["correct"].mean(),
        }
    )
    in_main = export[export["phase"] == "main"]
    for name, rows in (("answered", in_main), *((side, main[main["choice"] == side]) for side in ("left", "right"))):
        people[name] = rows["participant"].value_counts().reindex(people.index, fill_value=0)
    return people


Declared = Iterator["tuple[str, str, pd.Series[bool]]"]


def _rules(people: pd.DataFrame, rules: ExclusionsTable) -> "dict[str, tuple[str, pd.Series[bool]]]":
    """For each rule its sentence and who breaks it; completeness first, since the others suppose it."""
    found = {
        INCOMPLETE: ("did not answer all main trials", people["answered"] < people["session"]),
        PLACE_LOST: ("did not keep the place in the design", people["place_lost"]),
    }
    for key, sentence, broken in (*_of_answers(people, rules), *_of_care(people, rules), *_of_time(people, rules)):
        found[key] = (sentence, broken)
    return found


def _of_answers(people: pd.DataFrame, rules: ExclusionsTable) -> Declared:
    """Rules on choices. Who answered no catch trial breaks no rule on them: no comparison with nothing is true."""
    if rules.min_catch_accuracy is not None:
        told = f"answered less than {100 * rules.min_catch_accuracy:g}% of the catch trials rightly"
        yield "min_catch_accuracy", told, people["catch"] < rules.min_catch_accuracy
    if rules.min_side_choices is not None:
        times = rules.min_side_choices
        told = "never chose one of the sides" if times == 1 else f"chose one side fewer than {times} times"
        yield "min_side_choices", told, people[["left", "right"]].min(axis=1) < rules.min_side_choices


def _of_care(people: pd.DataFrame, rules: ExclusionsTable) -> Declared:
    """Rules on instructions and practice. Whose time on the instructions is not known does not break its rule."""
    if rules.min_instructions_s is not None:
        told = f"left the instructions within {rules.min_instructions_s:g} s"
        yield "min_instructions_s", told, people["instructions_s"] < rules.min_instructions_s
    if rules.max_practice_rounds is not None:
        told = f"took more than {rules.max_practice_rounds} round{'' if rules.max_practice_rounds == 1 else 's'}"
        yield "max_practice_rounds", f"{told} of practice", people["rounds"] > rules.max_practice_rounds


def _of_time(people: pd.DataFrame, rules: ExclusionsTable) -> Declared:
    """Rules on the time from the first answer to the last."""
    if rules.min_total_s is not None:
        told = f"answered everything in less than {rules.min_total_s:g} s"
        yield "min_total_s", told, people["total_s"] < rules.min_total_s
    if rules.max_total_s is not None:
        told = f"took more than {rules.max_total_s:g} s from the first answer to the last"
        yield "max_total_s", told, people["total_s"] > rules.max_total_s


def _kept(main: pd.DataFrame, broken: pd.DataFrame) -> pd.DataFrame:
    kept = broken.index[~broken.any(axis=1)]
    return main[main["participant"].isin(kept)].reset_index(drop=True)
