"""Was what was run what was planned? The protocol file beside the export, point by point."""

from dataclasses import dataclass

import pandas as pd

from stimuli.protocol import ProtocolFile

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
    """Compare a protocol with the export that is analysed, and with the participants who are.

    The first point is the protocol itself.
    """
    protocol = file.protocol
    run = str(export["protocol_sha256"].iloc[0])
    main = export[export["phase"] == "main"]
    people, target = analysed["participant"].nunique(), protocol.analysis.participants
    return (
        PlanPoint("Protocol, SHA-256", file.sha256[:16], run[:16], file.sha256 == run),
        _set_point("Task", {protocol.trials.task}, main["task"]),
        _set_point("Conditions", set(protocol.trials.conditions), main["condition"]),
        _design(protocol.trials.design, main),
        _features(set(protocol.stimuli.features), analysed),
        PlanPoint(
            "Analysed participants, the stopping rule",
            "not declared" if target is None else f"{target}",
            f"{people}",
            None if target is None else people == target,
        ),
    )


def _set_point(what: str, planned: set[str], column: "pd.Series[str]") -> PlanPoint:
    found = set(map(str, column.unique()))
    return PlanPoint(what, ", ".join(sorted(planned)), ", ".join(sorted(found)), found == planned)


def _design(planned: str, main: pd.DataFrame) -> PlanPoint:
    """Between participants nobody has several conditions; within, where there are several, some have."""
    several = int((main.groupby("participant")["condition"].nunique() > 1).sum())
    if planned == "between":
        return PlanPoint(
            "Design", planned, planned if several == 0 else f"{several} with several conditions", not several
        )
    divided = several == 0 and main["condition"].nunique() > 1
    return PlanPoint("Design", planned, "between" if divided else planned, not divided)


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
