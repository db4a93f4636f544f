"""Response times and confidence, described per condition and not tested."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Spread:
    """A value over participants: the middle one, the least and the greatest."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class ConditionDescription:
    """One condition: participants' median response times (ms) and mean confidences (1 to 3)."""

    condition: str
    n: int
    rt_ms: Spread
    confidence: Spread


def describe_conditions(trials: pd.DataFrame) -> tuple[ConditionDescription, ...]:
    """Describe each condition by one number per participant, so that nobody counts more for answering more.

    All answers count, right or wrong, and no response time is left out as an outlier.
    """
    grouped = trials.groupby(["condition", "participant"])
    per_participant = pd.DataFrame({"rt_ms": grouped["rt_ms"].median(), "confidence": grouped["confidence"].mean()})
    return tuple(
        ConditionDescription(str(condition), len(group), _spread(group["rt_ms"]), _spread(group["confidence"]))
        for condition, group in per_participant.groupby(level="condition")
    )


def _spread(values: "pd.Series[float]") -> Spread:
    return Spread(float(values.median()), float(values.min()), float(values.max()))
