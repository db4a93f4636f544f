"""Is a condition above chance, and do two conditions differ? Tests on participants' means, never on pooled trials.

Trials of one participant are not independent, so a binomial test over all of them finds effects that are not there. The
same holds of the answers to one feature, which is why each comparison is also made with features as units.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.absence import Absent
from analysis.intervals import Interval, bootstrap_interval, welch_interval
from analysis.participant_tests import TESTS, ParticipantTest, TestName, label_permutation_test

CHANCE = 0.5
NOT_DRAWN = Absent("No interval: it was not asked for.")
CHANCE_NULL = {
    "sign_flip": "participants' accuracies are symmetric about 50%, as in guessing",
    "wilcoxon": "participants' accuracies are symmetric about 50%, as in guessing",
    "t": "participants' accuracies have a mean of 50%, as in guessing",
}
DIFFERENCE_NULL = {
    "sign_flip": "differences within participants are symmetric about 0, as where both conditions help equally",
    "wilcoxon": "differences within participants are symmetric about 0, as where both conditions help equally",
    "t": "differences within participants have a mean of 0, as where both conditions help equally",
}


@dataclass(frozen=True)
class ChanceTest:
    """One condition against chance."""

    condition: str
    test: ParticipantTest | Absent


@dataclass(frozen=True)
class Comparison:
    """``first`` minus ``second``: within the ``n`` participants who have both, or between ``n`` in two groups.

    ``difference`` is the mean difference of accuracies in [-1, 1]. ``p_holm`` is p adjusted for all comparisons of the
    report, ``None`` where there is no test or only one comparison.
    """

    first: str
    second: str
    design: Literal["within", "between"]
    n: int
    difference: float
    interval: Interval | Absent
    test: ParticipantTest | Absent
    p_holm: float | None = None


@dataclass(frozen=True)
class TwoUnits:
    """The same difference tested over participants and over features.

    ``p`` is the larger of the two: an effect that holds for other participants and other features has both small, but
    both may be small where it does not. It is more cautious than either, and still too ready where effects vary over
    participants and over features: the mixed model is the test of both.
    """

    first: str
    second: str
    participants: ParticipantTest | Absent
    features: ParticipantTest | Absent
    p: float | None


def chance_tests(scores: pd.DataFrame, *, seed: int, test: TestName = "sign_flip") -> tuple[ChanceTest, ...]:
    """Each condition against chance, 0.5, on participants' accuracies.

    Null hypothesis: participants' accuracies in the condition are symmetric about 0.5, as they are for guessing.
    ``test`` names one of :data:`analysis.participant_tests.TESTS`. ``scores`` is what
    :func:`analysis.accuracy.participant_scores` returns.
    """
    return tuple(
        ChanceTest(
            str(condition),
            TESTS[test](group.to_numpy(dtype=np.float64) - CHANCE, null_hypothesis=CHANCE_NULL[test], seed=seed),
        )
        for condition, group in scores["accuracy"].groupby(level="condition")
    )


def compare_conditions(scores: pd.DataFrame, *, seed: int, test: TestName = "sign_flip") -> tuple[Comparison, ...]:
    """Each pair of conditions, with Holm's correction over all pairs.

    A pair that cannot be tested counts in the family with a p of 1, so that what is missing makes no other difference
    easier to find.

    Within participants where some have both conditions. Null hypothesis: a participant's difference in accuracy is
    symmetric about 0, as it is when the two explanations help equally. ``test`` names one of
    :data:`analysis.participant_tests.TESTS`; interval: BCa bootstrap over participants.

    Between participants where none has both. Null hypothesis: accuracies in both conditions have one distribution.
    Test: permutation of the participants' conditions; interval: Welch's.
    """
    wide = scores["accuracy"].unstack("condition")
    pairs = tuple(
        compare_pair(wide, first, second, seed=seed, test=test)
        for first, second in combinations(sorted(wide.columns), 2)
    )
    if len(pairs) < 2:
        return pairs
    adjusted = holm([1.0 if isinstance(pair.test, Absent) else pair.test.p for pair in pairs])
    return tuple(
        pair if isinstance(pair.test, Absent) else replace(pair, p_holm=p_holm)
        for pair, p_holm in zip(pairs, adjusted, strict=True)
    )


def compare_pair(
    wide: pd.DataFrame, first: str, second: str, *, seed: int, test: TestName, bootstrap: bool = True
) -> Comparison:
    """One pair as in :func:`compare_conditions`; ``wide`` has participants' accuracies, a column per condition.

    ``bootstrap`` may be left out where thousands of simulated studies are compared for their tests alone.
    """
    differences = (wide[first] - wide[second]).dropna().to_numpy(dtype=np.float64)
    if len(differences) == 0:
        return _between(wide[first].dropna().to_numpy(), wide[second].dropna().to_numpy(), first, second, seed=seed)
    return Comparison(
        first=first,
        second=second,
        design="within",
        n=len(differences),
        difference=float(differences.mean()),
        interval=bootstrap_interval(differences, seed=seed) if bootstrap else NOT_DRAWN,
        test=TESTS[test](differences, null_hypothesis=DIFFERENCE_NULL[test], seed=seed),
    )


def _between(a: NDArray[np.float64], b: NDArray[np.float64], first: str, second: str, *, seed: int) -> Comparison:
    return Comparison(
        first=first,
        second=second,
        design="between",
        n=len(a) + len(b),
        difference=float(a.mean() - b.mean()),
        interval=welch_interval(a, b, low=-1.0, high=1.0),
        test=label_permutation_test(a, b, seed=seed),
    )


def two_unit_test(
    trials: pd.DataFrame, first: str, second: str, *, seed: int, test: TestName = "sign_flip"
) -> TwoUnits:
    """A difference between two conditions, with participants and with features as units.

    Each unit's value is the difference of its own accuracies in the two conditions, over its answers to both, and
    ``test`` names one of :data:`analysis.participant_tests.TESTS`. Participants of whom none has both conditions are
    compared as two groups, by permuting them. Null hypothesis of each: a unit's difference is symmetric about 0, with
    "t" has a mean of 0. Source of the two analyses: Clark (1973), The language-as-fixed-effect fallacy, Journal of
    Verbal Learning and Verbal Behavior 12.
    """
    participants = _over(trials, "participant", first, second, seed=seed, test=test)
    features = _over(trials, "feature", first, second, seed=seed, test=test)
    found = [result.p for result in (participants, features) if isinstance(result, ParticipantTest)]
    return TwoUnits(first, second, participants, features, max(found) if len(found) == 2 else None)


def _over(
    trials: pd.DataFrame, unit: str, first: str, second: str, *, seed: int, test: TestName
) -> ParticipantTest | Absent:
    wide = trials.groupby([unit, "condition"])["correct"].mean().unstack("condition")[[first, second]]
    differences = (wide[first] - wide[second]).dropna().to_numpy(dtype=np.float64)
    if len(differences) == 0 and unit == "participant":
        return label_permutation_test(wide[first].dropna().to_numpy(), wide[second].dropna().to_numpy(), seed=seed)
    if len(differences) == 0 and len(wide):
        return Absent(f"No test: none of {len(wide)} {unit}s has answers to both {first} and {second}.")
    null = f"differences within {unit}s {'have a mean of' if test == 't' else 'are symmetric about'} 0"
    return TESTS[test](differences, null_hypothesis=null, seed=seed, unit=unit)


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
