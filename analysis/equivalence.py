"""Is a difference too small to matter? Two one-sided tests, for claims that two conditions help equally."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.absence import Absent
from analysis.intervals import no_spread


@dataclass(frozen=True)
class EquivalenceTest:
    """``p`` is the larger of the two one-sided p; ``low`` and ``high`` are the interval at level 1 - 2 alpha,
    cut to what a difference of shares can be.

    The means are equivalent at alpha where ``p`` is at most alpha, which is where the interval lies within the margin.
    """

    n: int
    margin: float
    mean: float
    t_low: float
    t_high: float
    p: float
    low: float
    high: float
    method: str


def equivalence_test(values: NDArray[np.float64], *, margin: float, alpha: float) -> EquivalenceTest | Absent:
    """Two one-sided t-tests (TOST) of the mean of ``values``, one for each participant.

    Null hypothesis: the mean lies outside (-``margin``, ``margin``). Source: Schuirmann (1987), A comparison of the two
    one-sided tests procedure and the power approach, Journal of Pharmacokinetics and Biopharmaceutics 15.
    """
    absent = no_spread(values, what="equivalence test")
    if absent:
        return absent
    count, mean, sem = len(values), float(np.mean(values)), float(stats.sem(values))
    t_low, t_high = (mean + margin) / sem, (mean - margin) / sem
    half = float(stats.t.ppf(1 - alpha, count - 1)) * sem
    return EquivalenceTest(
        n=count,
        margin=margin,
        mean=mean,
        t_low=t_low,
        t_high=t_high,
        p=max(float(stats.t.sf(t_low, count - 1)), float(stats.t.cdf(t_high, count - 1))),
        low=max(-1.0, mean - half),
        high=min(1.0, mean + half),
        method=f"two one-sided t-tests over participants, margin {100 * margin:g} percentage points",
    )
