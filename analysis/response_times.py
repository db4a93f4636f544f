"""How long did answers take? Described per condition, each participant counting once, and not tested."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.absence import Absent
from analysis.description import Spread
from analysis.intervals import Interval, t_interval


@dataclass(frozen=True)
class ResponseTimes:
    """Right answers within the declared bounds. ``medians`` are over participants' medians, in ms.

    ``geometric_mean`` (ms) is the mean over participants of their mean log times, brought back from the logarithm; so
    is its interval. ``again`` counts right answers to trials whose page was loaded again in mid-trial, so that their
    times are too short, ``outside`` the other right answers beyond the bounds or of 0 ms, ``zero`` those of 0 ms among
    them, ``wrong`` wrong answers; all are left out.
    """

    condition: str
    n: int
    answered: int
    again: int
    outside: int
    wrong: int
    medians: Spread
    geometric_mean: float
    interval: Interval | Absent
    zero: int


def response_times(
    trials: pd.DataFrame, *, min_ms: float | None = None, max_ms: float | None = None
) -> tuple[ResponseTimes, ...]:
    """Response times of each condition that has a right answer within the bounds."""
    found = (_times(str(name), group) for name, group in _marked(trials, min_ms, max_ms).groupby("condition"))
    return tuple(row for row in found if row is not None)


def missing_times(
    trials: pd.DataFrame, *, min_ms: float | None = None, max_ms: float | None = None
) -> tuple[Absent, ...]:
    """Why the other conditions have no row."""
    groups = _marked(trials, min_ms, max_ms).groupby("condition")
    return tuple(
        _why_none(str(name), group) for name, group in groups if not (group["inside"] & group["correct"]).any()
    )


def _marked(trials: pd.DataFrame, min_ms: float | None, max_ms: float | None) -> pd.DataFrame:
    times = trials["rt_ms"]
    # A time of 0 has no logarithm, and nobody answers in none.
    inside = (times > 0) & (times >= (min_ms or 0.0)) & (times <= (max_ms or math.inf))
    again = (trials["shown_times"] > 1).fillna(value=False).astype(bool)
    kept = trials[["condition", "participant", "correct", "rt_ms"]]
    return kept.assign(inside=inside & ~again, again=again)


def _why_none(condition: str, trials: pd.DataFrame) -> Absent:
    right = trials[trials["correct"]]
    if right.empty:
        return Absent(f"No response times with {condition}: none of its {len(trials):,} answers is right.")
    zero = int((right["rt_ms"] == 0).sum())
    told = f"{zero:,} of its {len(right):,} right answers took 0 ms"
    if zero == len(right):
        return Absent(f"No response times with {condition}: {told}, which is no time.")
    return Absent(f"No response times with {condition}: {told}, the others are out of bounds or were begun again.")


def _times(condition: str, trials: pd.DataFrame) -> ResponseTimes | None:
    right = trials[trials["correct"]]
    kept = right[right["inside"]]
    if kept.empty:
        return None
    medians = kept.groupby("participant")["rt_ms"].median()
    logs = np.log(kept["rt_ms"]).groupby(kept["participant"]).mean().to_numpy(dtype=np.float64)
    interval = t_interval(logs)
    if isinstance(interval, Interval):
        method = "Student's t interval of participants' mean log times"
        interval = Interval(math.exp(interval.low), math.exp(interval.high), method)
    return ResponseTimes(
        condition=condition,
        n=len(medians),
        answered=len(kept),
        again=int(right["again"].sum()),
        outside=int((~right["inside"] & ~right["again"]).sum()),
        wrong=len(trials) - len(right),
        medians=Spread(float(medians.median()), float(medians.min()), float(medians.max())),
        geometric_mean=math.exp(float(logs.mean())),
        interval=interval,
        zero=int(((right["rt_ms"] == 0) & ~right["again"]).sum()),
    )
