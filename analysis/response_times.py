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
    times are too short, ``outside`` the other right answers beyond the bounds, ``wrong`` wrong answers; all three are
    left out.
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


def response_times(
    trials: pd.DataFrame, *, min_ms: float | None = None, max_ms: float | None = None
) -> tuple[ResponseTimes, ...]:
    """Response times of each condition that has a right answer within the bounds."""
    times = trials["rt_ms"]
    # A time of 0 has no logarithm, and nobody answers in none.
    inside = (times > 0) & (times >= (min_ms or 0.0)) & (times <= (max_ms or math.inf))
    again = (trials["shown_times"] > 1).fillna(value=False).astype(bool)
    marked = trials[["condition", "participant", "correct", "rt_ms"]].assign(inside=inside & ~again, again=again)
    found = (_times(str(condition), group) for condition, group in marked.groupby("condition"))
    return tuple(row for row in found if row is not None)


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
    )
