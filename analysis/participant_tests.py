"""Tests of a mean over participants: sign-flip permutation, Student's t, Wilcoxon. A plan names the one that counts.

One value for each participant goes in; trials of one participant are not independent, and none are pooled. All tests
are two-sided. The same tests serve with features as units.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.absence import Absent
from analysis.intervals import no_spread

Reals = NDArray[np.float64]
TestName = Literal["sign_flip", "t", "wilcoxon"]

# 2^18 sign patterns take a few milliseconds.
MOST_FOR_ENUMERATION = 18
DRAWS = 99_999
# Ratios such as 0.9 - 0.4 and 0.7 - 0.2 differ in the last bit.
NO_DIFFERENCE = 1e-12


@dataclass(frozen=True)
class ParticipantTest:
    """A two-sided test of ``n`` values, whose mean is ``mean``.

    ``name`` is what a sentence calls the test, ``statistic`` how journals write it (empty for the sign-flip test, whose
    statistic is the mean). ``p`` is in (0, 1]; ``smallest_p`` is the least that the test can give with as many values
    as it looks at, ``looked_at``: Wilcoxon's leaves out those of 0.
    """

    n: int
    looked_at: int
    mean: float
    p: float
    smallest_p: float
    name: str
    statistic: str
    method: str
    null_hypothesis: str


def sign_flip_test(
    values: Reals, *, null_hypothesis: str, seed: int, unit: str = "participant"
) -> ParticipantTest | Absent:
    """Two-sided sign-flip permutation test of the mean of ``values``, one for each unit.

    Null hypothesis: each unit's value is as likely to have the opposite sign, that is, its distribution is
    symmetric about 0. Exact, over all 2^n sign patterns, up to 18 units; with more, over 99,999 patterns drawn
    with ``seed``, where the observed pattern counts as one of those drawn, so that p is never 0. Values of 0 stay in.

    Sources: Fisher (1935), The design of experiments, section 21; for the +1, Phipson and Smyth (2010), Permutation
    p-values should never be zero, Statistical Applications in Genetics and Molecular Biology 9.
    """
    count = len(values)
    if count < 2:
        told = f"there is no {unit}" if count == 0 else f"with one {unit} every sign pattern is as extreme"
        return Absent(f"No test: {told}.")
    p, smallest, kind, patterns = _flipped(values, seed)
    return ParticipantTest(
        n=count,
        looked_at=count,
        mean=float(values.mean()),
        p=p,
        smallest_p=smallest,
        name=f"{kind} sign-flip test",
        statistic="",
        method=f"{kind} two-sided sign-flip permutation test ({patterns})",
        null_hypothesis=null_hypothesis,
    )


def t_test(values: Reals, *, null_hypothesis: str, seed: int, unit: str = "participant") -> ParticipantTest | Absent:
    """Student's one-sample t-test of ``values`` against 0; of differences, the paired t-test.

    Null hypothesis: the mean is 0. It assumes that the mean of the sample is about normal. ``seed`` is not used:
    nothing is drawn. Source: Student (1908), The probable error of a mean, Biometrika 6.
    """
    del seed
    absent = no_spread(values, what="t-test", unit=unit)
    if absent:
        return absent
    count = len(values)
    result = stats.ttest_1samp(values, 0.0)
    return ParticipantTest(
        n=count,
        looked_at=count,
        mean=float(values.mean()),
        p=float(result.pvalue),
        smallest_p=0.0,
        name="t-test",
        statistic=f"t({count - 1}) = {result.statistic:.2f}",
        method="two-sided t-test of Student",
        null_hypothesis=null_hypothesis,
    )


def wilcoxon_test(
    values: Reals, *, null_hypothesis: str, seed: int, unit: str = "participant"
) -> ParticipantTest | Absent:
    """Wilcoxon's signed-rank test of ``values``: the sign-flip test of their signed ranks.

    Null hypothesis: the distribution is symmetric about 0. Values of 0 are left out, equal sizes share their mean rank,
    and p is exact with ties too, since it is counted over sign patterns and not looked up; drawn with ``seed`` where
    more than 18 values are left. Source: Wilcoxon (1945), Individual comparisons by ranking methods, Biometrics
    Bulletin 1.
    """
    kept = values[np.abs(values) > NO_DIFFERENCE]
    if len(kept) == 0:
        return Absent(f"No Wilcoxon test: no {unit} differs from 0.")
    # Sizes that are equal on paper share a rank.
    ranks = np.asarray(stats.rankdata(np.round(np.abs(kept), 12)), dtype=np.float64)
    p, smallest, kind, patterns = _flipped(np.sign(kept) * ranks, seed)
    smaller = min(float(ranks[kept > 0].sum()), float(ranks[kept < 0].sum()))
    return ParticipantTest(
        n=len(values),
        looked_at=len(kept),
        mean=float(values.mean()),
        p=p,
        smallest_p=smallest,
        name=f"{kind} Wilcoxon test",
        statistic=f"W = {smaller:g}",
        method=f"{kind} two-sided Wilcoxon signed-rank test ({patterns}; {len(kept)} values are not 0)",
        null_hypothesis=null_hypothesis,
    )


def label_permutation_test(first: Reals, second: Reals, *, seed: int) -> ParticipantTest | Absent:
    """Two-sided permutation test of the difference of two means, of participants in two groups.

    Null hypothesis: the values of both groups come from one distribution. Exact, over all ways to divide the
    participants, where these are at most 99,999; else over as many drawn with ``seed``, of which the observed one
    counts as one. Source: Fisher (1935), as above.
    """
    if min(len(first), len(second)) < 2:
        return Absent("No test: a condition has fewer than 2 participants.")
    ways = math.comb(len(first) + len(second), len(first))
    result = stats.permutation_test(
        (first, second),
        _difference_of_means,
        permutation_type="independent",
        n_resamples=DRAWS,
        batch=max(1, 4_000_000 // (len(first) + len(second))),
        rng=np.random.default_rng(seed),
    )
    exact = ways <= DRAWS
    kind = "exact" if exact else "Monte-Carlo"
    divided = f"all {ways:,} divisions" if exact else f"{DRAWS:,} random divisions, seed {seed}, +1"
    return ParticipantTest(
        n=len(first) + len(second),
        looked_at=len(first) + len(second),
        mean=float(first.mean() - second.mean()),
        p=float(result.pvalue),
        smallest_p=2 / (ways if exact else 1 + DRAWS),  # both tails
        name=f"{kind} permutation test",
        statistic="",
        method=f"{kind} two-sided permutation test of the participants' conditions ({divided})",
        null_hypothesis="accuracies in both conditions have one distribution",
    )


def _difference_of_means(first: Reals, second: Reals, axis: int = -1) -> Reals:
    return np.asarray(first.mean(axis=axis) - second.mean(axis=axis), dtype=np.float64)


TESTS: dict[TestName, Callable[..., ParticipantTest | Absent]] = {
    "sign_flip": sign_flip_test,
    "t": t_test,
    "wilcoxon": wilcoxon_test,
}


def _flipped(values: Reals, seed: int) -> tuple[float, float, str, str]:
    """p of the sum under random signs, the least possible p, and in words which signs were tried."""
    count = len(values)
    sizes = np.abs(values)
    # Sums that are equal on paper differ in their last bits; equal ones must count as equally extreme.
    threshold = abs(float(values.sum())) - 1e-9 * float(sizes.sum())
    if count <= MOST_FOR_ENUMERATION:
        # The observed pattern and its opposite are always as extreme as the observed one.
        p = float(np.mean(np.abs(_all_sums(sizes)) >= threshold))
        return p, 2.0 ** (1 - count), "exact", f"all {2**count:,} sign patterns"
    p = (1 + _count_extreme(sizes, threshold, np.random.default_rng(seed))) / (1 + DRAWS)
    return p, 1 / (1 + DRAWS), "Monte-Carlo", f"{DRAWS:,} random sign patterns, seed {seed}, +1"


def _all_sums(sizes: Reals) -> Reals:
    """The sums of ``sizes`` (n,) under every sign pattern: (2^n,)."""
    sums = np.zeros(1)
    for size in sizes:
        sums = np.concatenate([sums - size, sums + size])
    return sums


def _count_extreme(sizes: Reals, threshold: float, rng: np.random.Generator) -> int:
    """How many of ``DRAWS`` random sign patterns give a sum at least as far from 0 as ``threshold``.

    A random byte holds the signs of eight sizes, whose sums under all 256 patterns are looked up.
    """
    sums = np.zeros(DRAWS)
    for start in range(0, len(sizes), 8):
        eight = _all_sums(sizes[start : start + 8])
        sums += eight[rng.integers(0, len(eight), size=DRAWS, dtype=np.int16)]
    return int(np.count_nonzero(np.abs(sums) >= threshold))
