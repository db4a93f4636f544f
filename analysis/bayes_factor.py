"""How much more likely are the values under an effect than under none? The Bayes factor of the t-test."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import integrate, stats

from analysis.absence import Absent
from analysis.intervals import no_spread, no_spread_within

# "Medium" scale of the prior on the standardised effect, as in R's BayesFactor and in JASP.
SCALE = math.sqrt(2) / 2


@dataclass(frozen=True)
class BayesFactor:
    """``bf10`` is the evidence for an effect over none, and 1 / ``bf10`` that for none; in (0, infinity)."""

    bf10: float
    n: int
    t: float
    scale: float
    method: str


def bayes_factor(values: NDArray[np.float64], *, scale: float = SCALE) -> BayesFactor | Absent:
    """The JZS Bayes factor of ``values``, one for each participant, against a mean of 0.

    Prior of the effect in standard deviations: Cauchy with ``scale``; of the variance: Jeffreys'.
    """
    absent = no_spread(values, what="Bayes factor")
    if absent:
        return absent
    t, count = float(stats.ttest_1samp(values, 0.0).statistic), len(values)
    return BayesFactor(
        jzs_bayes_factor(t, count, scale=scale), count, t, scale, f"JZS Bayes factor, Cauchy prior of scale {scale:.3f}"
    )


def bayes_factor_between(
    first: NDArray[np.float64], second: NDArray[np.float64], *, scale: float = SCALE
) -> BayesFactor | Absent:
    """The JZS Bayes factor of a difference between two groups of participants, against equal means.

    Priors as in :func:`bayes_factor`; the model, and its ``t``, suppose equal variances.
    """
    counts = len(first), len(second)
    absent = no_spread_within(first, second, what="Bayes factor")
    if absent:
        return absent
    pooled = sum(float(values.var(ddof=1)) * (len(values) - 1) for values in (first, second)) / (sum(counts) - 2)
    t = float(first.mean() - second.mean()) / math.sqrt(pooled * (1 / counts[0] + 1 / counts[1]))
    effective = counts[0] * counts[1] / sum(counts)
    return BayesFactor(
        jzs_bayes_factor(t, effective, df=sum(counts) - 2, scale=scale),
        sum(counts),
        t,
        scale,
        f"JZS Bayes factor of two groups, Cauchy prior of scale {scale:.3f}",
    )


def jzs_bayes_factor(t: float, n: float, *, df: int | None = None, scale: float = SCALE) -> float:
    """BF10 of a one-sample or paired t-test from its ``t`` and ``n``.

    Of two groups ``n`` is the effective size, n1 n2 / (n1 + n2), and ``df`` n1 + n2 - 2.

    The effect's prior is a normal whose variance g has an inverse chi-squared distribution; g is integrated out over
    log g, in logarithms, so that no t is too large. Source: Rouder, Speckman, Sun, Morey and Iverson (2009), Bayesian
    t tests for accepting and rejecting the null hypothesis, Psychonomic Bulletin and Review 16, formula 1.
    """
    df = round(n) - 1 if df is None else df
    null = -(df + 1) / 2 * math.log1p(t**2 / df)

    def log_ratio(u: float) -> float:
        g = math.exp(u)
        shrunk = 1 + n * scale**2 * g
        likelihood = -0.5 * math.log(shrunk) - (df + 1) / 2 * math.log1p(t**2 / (shrunk * df))
        prior = -0.5 * math.log(2 * math.pi) - 1.5 * u - 1 / (2 * g) + u  # + u: from g to log g
        return likelihood + prior - null

    grid = np.linspace(-12.0, 40.0, 521)
    peak = max(grid, key=log_ratio)
    top = log_ratio(peak)
    area, _ = integrate.quad(lambda u: math.exp(log_ratio(u) - top), -12.0, 60.0, points=[float(peak)], limit=400)
    log_bf = top + math.log(area)
    return math.exp(min(log_bf, 700.0))
