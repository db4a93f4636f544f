"""Is a condition above chance, and do two conditions differ? Tests on participants' means, never on pooled trials.

Trials of one participant are not independent, so a binomial test over all of them finds effects that are not there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.absence import Absent
from analysis.intervals import Interval, bootstrap_interval

CHANCE = 0.5
# 2^18 sign patterns take a few milliseconds.
MOST_FOR_ENUMERATION = 18
DRAWS = 99_999


@dataclass(frozen=True)
class SignFlipTest:
    """A two-sided sign-flip permutation test.

    ``statistic`` is the mean over ``n`` participants, ``p`` in (0, 1], ``smallest_p`` the least p that the test can
    give with ``n`` participants, whatever their values.
    """

    n: int
    statistic: float
    p: float
    smallest_p: float
    method: str
    null_hypothesis: str


@dataclass(frozen=True)
class ChanceTest:
    """One condition against chance."""

    condition: str
    test: SignFlipTest | Absent


@dataclass(frozen=True)
class Comparison:
    """``first`` minus ``second`` on the ``n`` participants who have both.

    ``difference`` is the mean difference of accuracies in [-1, 1], ``None`` without participants. ``p_holm`` is p
    adjusted for all comparisons of the report, ``None`` where there is no test or only one.
    """

    first: str
    second: str
    n: int
    difference: float | None
    interval: Interval | Absent
    test: SignFlipTest | Absent
    p_holm: float | None = None


def sign_flip_test(values: NDArray[np.float64], *, null_hypothesis: str, seed: int) -> SignFlipTest | Absent:
    """Two-sided sign-flip permutation test of the mean of ``values``, one for each participant.

    Null hypothesis: each participant's value is as likely to have the opposite sign, that is, its distribution is
    symmetric about 0. Exact, over all 2^n sign patterns, up to 18 participants; with more, over 99,999 patterns drawn
    with ``seed``, where the observed pattern counts as one of those drawn, so that p is never 0. Values of 0 stay in.

    Sources: Fisher (1935), The design of experiments, section 21; for the +1, Phipson and Smyth (2010), Permutation
    p-values should never be zero, Statistical Applications in Genetics and Molecular Biology 9.
    """
    count = len(values)
    if count < 2:
        told = "there is no participant" if count == 0 else "with one participant every sign pattern is as extreme"
        return Absent(f"No test: {told}.")
    sizes = np.abs(values)
    # Sums that are equal on paper differ in their last bits; equal ones must count as equally extreme.
    threshold = abs(float(values.sum())) - 1e-9 * float(sizes.sum())
    if count <= MOST_FOR_ENUMERATION:
        p = float(np.mean(np.abs(_all_sums(sizes)) >= threshold))
        # The observed pattern and its opposite are always as extreme as the observed one.
        smallest = 2.0 ** (1 - count)
        method = f"exact two-sided sign-flip permutation test (all {2**count:,} sign patterns)"
    else:
        p = (1 + _count_extreme(sizes, threshold, np.random.default_rng(seed))) / (1 + DRAWS)
        smallest = 1 / (1 + DRAWS)
        method = f"Monte-Carlo two-sided sign-flip permutation test ({DRAWS:,} random sign patterns, seed {seed}, +1)"
    return SignFlipTest(count, float(values.mean()), p, smallest, method, null_hypothesis)


def _all_sums(sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sums of ``sizes`` (n,) under every sign pattern: (2^n,)."""
    sums = np.zeros(1)
    for size in sizes:
        sums = np.concatenate([sums - size, sums + size])
    return sums


def _count_extreme(sizes: NDArray[np.float64], threshold: float, rng: np.random.Generator) -> int:
    """How many of ``DRAWS`` random sign patterns give a sum at least as far from 0 as ``threshold``."""
    extreme = 0
    for start in range(0, DRAWS, 1_000):
        signs = rng.integers(0, 2, size=(min(1_000, DRAWS - start), len(sizes)), dtype=np.int8) * 2.0 - 1.0
        extreme += int(np.count_nonzero(np.abs(signs @ sizes) >= threshold))
    return extreme


def chance_tests(scores: pd.DataFrame, *, seed: int) -> tuple[ChanceTest, ...]:
    """Each condition against chance, 0.5, on participants' accuracies.

    Null hypothesis: participants' accuracies in the condition are symmetric about 0.5, as they are for guessing.
    Test: :func:`sign_flip_test`. ``scores`` is what :func:`analysis.accuracy.participant_scores` returns.
    """
    return tuple(
        ChanceTest(
            str(condition),
            sign_flip_test(
                group.to_numpy(dtype=np.float64) - CHANCE,
                null_hypothesis="participants' accuracies are symmetric about 50%, as in guessing",
                seed=seed,
            ),
        )
        for condition, group in scores["accuracy"].groupby(level="condition")
    )


def compare_conditions(scores: pd.DataFrame, *, seed: int) -> tuple[Comparison, ...]:
    """Each pair of conditions, on the participants who have both; Holm's correction over the pairs.

    Null hypothesis of each: a participant's difference in accuracy is symmetric about 0, as it is when the two
    explanations help equally. Test: :func:`sign_flip_test`; interval: BCa bootstrap over participants.
    """
    wide = scores["accuracy"].unstack("condition")
    pairs = tuple(_compare(wide, first, second, seed=seed) for first, second in combinations(sorted(wide.columns), 2))
    tested = [pair.test.p for pair in pairs if isinstance(pair.test, SignFlipTest)]
    if len(tested) < 2:
        return pairs
    adjusted = iter(holm(tested))
    return tuple(
        replace(pair, p_holm=next(adjusted)) if isinstance(pair.test, SignFlipTest) else pair for pair in pairs
    )


def _compare(wide: pd.DataFrame, first: str, second: str, *, seed: int) -> Comparison:
    differences = (wide[first] - wide[second]).dropna().to_numpy(dtype=np.float64)
    if len(differences) == 0:
        absent = Absent(f"No paired comparison: no participant answered both {first} and {second}.")
        return Comparison(first, second, 0, None, absent, absent)
    null = "differences within participants are symmetric about 0, as where both conditions help equally"
    return Comparison(
        first=first,
        second=second,
        n=len(differences),
        difference=float(differences.mean()),
        interval=bootstrap_interval(differences, seed=seed),
        test=sign_flip_test(differences, null_hypothesis=null, seed=seed),
    )


def holm(ps: Sequence[float]) -> tuple[float, ...]:
    """Adjust p values of one family, in the order given, so that the family's error rate is kept.

    Source: Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6.
    """
    adjusted = [0.0] * len(ps)
    reached = 0.0
    for place, index in enumerate(sorted(range(len(ps)), key=lambda index: ps[index])):
        reached = max(reached, min(1.0, (len(ps) - place) * ps[index]))
        adjusted[index] = reached
    return tuple(adjusted)
