"""Was what was run what was planned? The protocol file beside the export, point by point."""

from dataclasses import dataclass

import pandas as pd

from stimuli.protocol import ProtocolFile


@dataclass(frozen=True)
class PlanPoint:
    """One point: what the plan says, what the data say, and whether they agree (None: nothing was planned)."""

    what: str
    planned: str
    found: str
    kept: bool | None


def check_plan(file: ProtocolFile, export: pd.DataFrame, analysed: pd.DataFrame) -> tuple[PlanPoint, ...]:
    """Compare a protocol with the export that is analysed, and with the participants who are."""
    protocol = file.protocol
    run = str(export["protocol_sha256"].iloc[0])
    conditions = sorted(map(str, export.loc[export["phase"] == "main", "condition"].unique()))
    people, target = analysed["participant"].nunique(), protocol.analysis.participants
    features = set(map(str, analysed["feature"].unique()))
    named = protocol.stimuli.features
    return (
        PlanPoint("Protocol, SHA-256", file.sha256[:16], run[:16], file.sha256 == run),
        PlanPoint(
            "Conditions",
            ", ".join(sorted(protocol.trials.conditions)),
            ", ".join(conditions),
            conditions == sorted(protocol.trials.conditions),
        ),
        PlanPoint("Features", f"{len(named)}", f"{len(features)}", features == set(named)),
        PlanPoint(
            "Analysed participants, the stopping rule",
            "not declared" if target is None else f"{target}",
            f"{people}",
            None if target is None else people == target,
        ),
    )
