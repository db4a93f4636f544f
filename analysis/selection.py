"""Which answers are analysed. The one place where rows are left out, each rule declared in the protocol and counted."""

from dataclasses import dataclass

import pandas as pd

from stimuli.protocol import ExclusionsTable

RULE = (
    "Practice trials are left out. A participant is complete who answered all main trials of the session; the main "
    "analysis holds complete participants only."
)
INCOMPLETE = "incomplete"


@dataclass(frozen=True)
class MainTrials:
    """One participant's main trials: how many were ``answered`` of how many the session has."""

    answered: int
    session: int


@dataclass(frozen=True)
class Exclusion:
    """What one rule does: ``alone`` counts all who break it, ``participants`` those whom no earlier rule excluded.

    ``key`` is :data:`INCOMPLETE` or the rule's key in the protocol, ``sentence`` says who is excluded.
    """

    key: str
    sentence: str
    alone: int
    participants: tuple[str, ...]


@dataclass(frozen=True)
class Selection:
    """The answers of an export, divided by completeness and the declared rules, in the order of ``exclusions``.

    ``practice`` counts left-out practice answers; ``main`` holds every main answer and ``analysed`` those of the
    participants whom no rule excludes. ``incomplete`` maps incomplete participants to how far they came (0 answered for
    one who only practised). ``broken`` has a row for each participant and a column for each rule: whether it is broken.
    """

    practice: int
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
    main = export[export["phase"] == "main"].sort_values(["participant", "trial"], ignore_index=True)
    people = _participants(export, main)
    declared = _rules(people, rules or ExclusionsTable())
    broken = pd.DataFrame({key: mask for key, (_, mask) in declared.items()})
    first = broken.idxmax(axis=1).where(broken.any(axis=1))
    short = people[broken[INCOMPLETE]]
    return Selection(
        practice=int((export["phase"] == "practice").sum()),
        main=main,
        analysed=_kept(main, broken),
        incomplete={
            str(row.Index): MainTrials(int(row.answered), int(row.session))  # type: ignore[arg-type]
            for row in short.itertuples()
        },
        exclusions=tuple(
            Exclusion(key, sentence, int(mask.sum()), tuple(map(str, first.index[first == key])))
            for key, (sentence, mask) in declared.items()
        ),
        broken=broken,
    )


def _participants(export: pd.DataFrame, main: pd.DataFrame) -> pd.DataFrame:
    """A row for each participant: main trials of the session, answered, choices by side, seconds over all answers."""
    received = export.groupby("participant")["received_at"]
    people = pd.DataFrame(
        {
            "session": export.groupby("participant")["main_trials"].first(),
            "total_s": (received.max() - received.min()).dt.total_seconds(),
        }
    )
    for name, rows in (("answered", main), *((side, main[main["choice"] == side]) for side in ("left", "right"))):
        people[name] = rows["participant"].value_counts().reindex(people.index, fill_value=0)
    return people


def _rules(people: pd.DataFrame, rules: ExclusionsTable) -> "dict[str, tuple[str, pd.Series[bool]]]":
    """For each declared rule its sentence and who breaks it; completeness first, since the others suppose it."""
    found = {INCOMPLETE: ("did not answer all main trials", people["answered"] < people["session"])}
    if rules.min_side_choices is not None:
        told = f"chose one side fewer than {rules.min_side_choices} times"
        found["min_side_choices"] = (told, people[["left", "right"]].min(axis=1) < rules.min_side_choices)
    if rules.min_total_s is not None:
        told = f"answered everything in less than {rules.min_total_s:g} s"
        found["min_total_s"] = (told, people["total_s"] < rules.min_total_s)
    if rules.max_total_s is not None:
        told = f"took more than {rules.max_total_s:g} s from the first answer to the last"
        found["max_total_s"] = (told, people["total_s"] > rules.max_total_s)
    return found


def _kept(main: pd.DataFrame, broken: pd.DataFrame) -> pd.DataFrame:
    kept = broken.index[~broken.any(axis=1)]
    return main[main["participant"].isin(kept)].reset_index(drop=True)
