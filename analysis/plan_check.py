"""Was what was run what was planned? The protocol file beside the export, point by point."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from stimuli.protocol import Protocol, ProtocolFile, difficulty_name

# More would fill the table.
MOST_NAMES = 5


@dataclass(frozen=True)
class PlanPoint:
    """One point: what the plan says, what the data say, and whether they agree (None: nothing was planned)."""

    what: str
    planned: str
    found: str
    kept: bool | None


def check_plan(file: ProtocolFile, export: pd.DataFrame, analysed: pd.DataFrame) -> tuple[PlanPoint, ...]:
    """Compare a protocol with the answers that are ``analysed``, and with what else the ``export`` has of their people.

    The first point is the protocol itself.
    """
    protocol = file.protocol
    run = str(export["protocol_sha256"].iloc[0])
    people, target = analysed["participant"].nunique(), protocol.analysis.participants
    return (
        PlanPoint("Protocol, SHA-256", file.sha256[:16], run[:16], file.sha256 == run),
        _set_point("Task", {protocol.trials.task}, analysed["task"]),
        _set_point("Conditions", set(protocol.trials.conditions), analysed["condition"]),
        _design(protocol, analysed),
        _features(set(protocol.stimuli.features), analysed),
        _set_point("Model", {protocol.stimuli.model}, analysed["model"]),
        *_shown(protocol, analysed),
        *_sessions(protocol, export, analysed),
        PlanPoint(
            "Analysed participants, the stopping rule",
            "not declared" if target is None else f"{target}",
            f"{people}",
            None if target is None else people == target,
        ),
    )


def _set_point(what: str, planned: set[str], column: "pd.Series[str]") -> PlanPoint:
    found = set(map(str, column.dropna().unique()))
    return PlanPoint(what, ", ".join(sorted(planned)), ", ".join(sorted(found)) or "none", found == planned)


def _design(protocol: Protocol, analysed: pd.DataFrame) -> PlanPoint:
    """Between participants nobody has several conditions; within, everybody has all that their features suffice for."""
    planned, met = protocol.trials.design, analysed.groupby("participant")["condition"].nunique()
    if planned == "between":
        several = int((met > 1).sum())
        return PlanPoint(
            "Design", planned, planned if several == 0 else f"{several} with several conditions", not several
        )
    if met.max() == 1 and analysed["condition"].nunique() > 1:
        return PlanPoint("Design", planned, "between", kept=False)
    fewer = int((met < min(len(protocol.trials.conditions), len(protocol.stimuli.features))).sum())
    told = f"{planned}; {fewer} of {len(met)} participants without some condition" if fewer else planned
    return PlanPoint("Design", planned, told, not fewer)


def _shown(protocol: Protocol, analysed: pd.DataFrame) -> Iterator[PlanPoint]:
    """References where the task and the condition show any, and difficulties where the task has them."""
    task = protocol.trials.task
    with_panel = analysed[analysed["condition"] != "none"]
    if task != "continuation" and len(with_panel):
        yield _set_point("Reference images", {str(protocol.stimuli.references)}, with_panel["references"].astype(str))
    if task == "held_out":
        planned = {difficulty_name(difficulty) for difficulty in protocol.stimuli.difficulties}
        yield _set_point("Difficulties", planned, analysed["difficulty"])


def _sessions(protocol: Protocol, export: pd.DataFrame, analysed: pd.DataFrame) -> Iterator[PlanPoint]:
    """How many catch trials and main trials each analysed participant had; who met `none` alone has no catch trials."""
    theirs = export[export["participant"].isin(analysed["participant"]) & (export["phase"] == "main")]
    of_participant = theirs.groupby("participant")
    shown = analysed.assign(shown=analysed["condition"] != "none").groupby("participant")["shown"].any()
    catch = shown.astype(int) * len(protocol.stimuli.catch_features)
    yield _each_point("Catch trials of each participant", catch, of_participant["catch"].sum())
    trials = catch + len(protocol.stimuli.features)
    yield _each_point("Main trials of each participant, catch trials among them", trials, of_participant.size())


def _each_point(what: str, planned: "pd.Series[int]", found: "pd.Series[int]") -> PlanPoint:
    """A number of each participant, as "20", or "19 to 20" where they differ."""
    return PlanPoint(what, _span(planned), _span(found), bool((planned == found.reindex(planned.index)).all()))


def _span(numbers: "pd.Series[int]") -> str:
    low, high = int(numbers.min()), int(numbers.max())
    return f"{low}" if low == high else f"{low} to {high}"


def _features(planned: set[str], analysed: pd.DataFrame) -> PlanPoint:
    """The counts, and by name what is on one side only: a renamed feature leaves the counts alike."""
    found = set(map(str, analysed["feature"].unique()))
    told = [f"{len(found)}"]
    told += [f"not shown: {_first(planned - found)}"] if planned - found else []
    told += [f"not in the protocol: {_first(found - planned)}"] if found - planned else []
    return PlanPoint("Features", f"{len(planned)}", "; ".join(told), found == planned)


def _first(names: set[str]) -> str:
    shown = sorted(names)[:MOST_NAMES]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
