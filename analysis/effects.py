"""How large is a difference between two conditions? Effect sizes over participants, each with its interval."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from analysis.absence import Absent
from analysis.intervals import LEVEL, Interval, bootstrap_interval, no_spread, no_spread_within, welch

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class EffectSize:
    """An effect size and its interval."""

    value: float
    interval: Interval | Absent


def cohens_dz(differences: Reals) -> EffectSize | Absent:
    """The mean difference in standard deviations of the differences, with the interval of the noncentral t.

    Source: Cumming and Finch (2001), A primer on the understanding, use, and calculation of confidence intervals,
    Educational and Psychological Measurement 61.
    """
    absent = no_spread(differences, what="standardised effect")
    if absent:
        return absent
    count = len(differences)
    dz = float(differences.mean() / differences.std(ddof=1))
    ends = (_noncentrality(dz * math.sqrt(count), count - 1, share) for share in ((1 + LEVEL) / 2, (1 - LEVEL) / 2))
    low, high = (end / math.sqrt(count) for end in ends)
    return EffectSize(dz, Interval(low, high, "interval of the noncentral t"))


def _noncentrality(t: float, df: float, share: float) -> float:
    """The noncentrality under which a t of at most ``t`` has probability ``share``."""
    reach = 6 * math.sqrt(1 + t**2 / (2 * df)) + 6 / df  # six times as wide as the normal that comes nearest

    def beyond(noncentrality: float) -> float:
        found = float(stats.nct.cdf(t, df, noncentrality))
        # Far out in a tail the library has no number, where it is as good as 1 or 0.
        return (float(noncentrality < t) if math.isnan(found) else found) - share

    return float(optimize.brentq(beyond, t - reach, t + reach))


def standardised_difference(first: Reals, second: Reals) -> EffectSize | Absent:
    """The difference of the means of two groups of participants in the root of the mean of their two variances.

    It does not suppose equal variances, as Welch's test does not, from whose t and degrees of freedom its interval
    comes, by the noncentral t. Source: Delacre, Lakens, Ley, Liu and Leys (2021), Why Hedges' g*s based on the
    non-pooled standard deviation should be reported with Welch's t-test.
    """
    absent = no_spread_within(first, second, what="standardised effect")
    if absent:
        return absent
    se, df = welch(first, second)
    t = float(first.mean() - second.mean()) / se
    # What a difference in standard errors is in standard deviations.
    scale = se * math.sqrt(2 / float(first.var(ddof=1) + second.var(ddof=1)))
    low, high = (_noncentrality(t, df, share) * scale for share in ((1 + LEVEL) / 2, (1 - LEVEL) / 2))
    return EffectSize(t * scale, Interval(low, high, "interval of the noncentral t with Welch's degrees of freedom"))


def cohens_h_between(first: Reals, second: Reals, *, seed: int) -> EffectSize:
    """As :func:`cohens_h`, of two groups of participants, who are resampled each in their own group."""
    return EffectSize(
        float(_h(first, second)), bootstrap_interval(first, second, statistic=_h, seed=seed, paired=False)
    )


def cohens_h(first: Reals, second: Reals, *, seed: int) -> EffectSize:
    """The difference of two mean accuracies on the arcsine scale, participants resampled as pairs.

    ``first`` and ``second`` are accuracies of the same participants. Source: Cohen (1988), Statistical power analysis
    for the behavioral sciences, chapter 6.
    """
    interval = bootstrap_interval(first, second, statistic=_h, seed=seed)
    return EffectSize(float(_h(first, second)), interval)


def _h(first: Reals, second: Reals, axis: int = -1) -> Reals:
    a, b = (np.clip(values.mean(axis=axis), 0.0, 1.0) for values in (first, second))
    return np.asarray(2 * np.arcsin(np.sqrt(a)) - 2 * np.arcsin(np.sqrt(b)), dtype=np.float64)
