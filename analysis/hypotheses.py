"""The confirmatory part: the hypotheses of the plan, by the planned test, corrected as one family, with verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.absence import Absent
from analysis.equivalence import EquivalenceTest, equivalence_test
from analysis.intervals import Interval, bootstrap_interval
from analysis.mixed_model import ConditionEstimate, Contrast, MixedModel
from analysis.participant_tests import TESTS, ParticipantTest, TestName
from analysis.significance import CHANCE, CHANCE_NULL, NOT_DRAWN, compare_pair, holm
from stimuli.protocol import CHANCE as CHANCE_NAME
from stimuli.protocol import AnalysisTable, HypothesisTable

Test = ParticipantTest | EquivalenceTest | Contrast | ConditionEstimate


@dataclass(frozen=True)
class Effect:
    """``first`` minus ``second`` (or minus 0.5, chance) on participants' accuracies.

    ``difference`` is in [-1, 1]; ``values`` are the participants' own differences, empty between participants.
    """

    first: str
    second: str
    n: int
    difference: float
    interval: Interval | Absent
    test: ParticipantTest | Absent
    values: NDArray[np.float64]


@dataclass(frozen=True)
class HypothesisResult:
    """What became of a hypothesis.

    ``effect`` describes it on participants' accuracies, ``test`` is the planned one, ``p`` its p and ``p_holm`` p
    adjusted for the family. ``verdict`` is about ``p_holm`` and, where the claim has one, the direction.
    """

    hypothesis: HypothesisTable
    effect: Effect | Absent
    test: Test | Absent
    p: float | None
    p_holm: float | None
    verdict: Literal["supported", "not supported", "not tested"]


def effect_of(
    scores: pd.DataFrame, first: str, second: str, *, test: TestName, seed: int, bootstrap: bool = True
) -> Effect | Absent:
    """The effect between two conditions, or of one against chance; ``scores`` as :func:`participant_scores` gives.

    ``bootstrap`` is as in :func:`compare_pair`.
    """
    wide = scores["accuracy"].unstack("condition")
    missing = [name for name in (first, second) if name != CHANCE_NAME and name not in wide]
    if missing:
        return Absent(f"No effect: nobody who is analysed answered {' or '.join(missing)}.")
    if second == CHANCE_NAME:
        values = wide[first].dropna().to_numpy(dtype=np.float64) - CHANCE
        found = TESTS[test](values, null_hypothesis=CHANCE_NULL[test], seed=seed)
        interval = bootstrap_interval(values, seed=seed) if bootstrap else NOT_DRAWN
        return Effect(first, second, len(values), float(values.mean()), interval, found, values)
    pair = compare_pair(wide, first, second, test=test, seed=seed, bootstrap=bootstrap)
    values = (wide[first] - wide[second]).dropna().to_numpy(dtype=np.float64)
    return Effect(first, second, pair.n, pair.difference, pair.interval, pair.test, values)


def judge_hypotheses(
    scores: pd.DataFrame, model: MixedModel | Absent, plan: AnalysisTable, *, seed: int, bootstrap: bool = True
) -> tuple[HypothesisResult, ...]:
    """Test every hypothesis of the plan, in its order, with Holm's correction over those that can be tested.

    ``bootstrap`` is as in :func:`compare_pair`; no verdict depends on it.
    """
    results = [_test(hypothesis, scores, model, plan, seed=seed, bootstrap=bootstrap) for hypothesis in plan.hypotheses]
    adjusted = iter(holm([result.p for result in results if result.p is not None]))
    return tuple(
        result if result.p is None else _judged(result, next(adjusted), alpha=plan.alpha) for result in results
    )


def _test(
    hypothesis: HypothesisTable,
    scores: pd.DataFrame,
    model: MixedModel | Absent,
    plan: AnalysisTable,
    *,
    seed: int,
    bootstrap: bool,
) -> HypothesisResult:
    name: TestName = plan.participant_test if plan.main_test == "mixed_model" else plan.main_test
    effect = effect_of(scores, hypothesis.first, hypothesis.second, test=name, seed=seed, bootstrap=bootstrap)
    test: Test | Absent
    if isinstance(effect, Absent):
        test = effect
    elif hypothesis.margin is not None:
        test = _equivalence(effect, hypothesis.margin, plan.alpha)
    elif plan.main_test == "mixed_model":
        test = _in_model(hypothesis, model)
    else:
        test = effect.test
    p = None if isinstance(test, Absent) else test.p
    return HypothesisResult(hypothesis, effect, test, p, None, "not tested")


def _equivalence(effect: Effect, margin: float, alpha: float) -> EquivalenceTest | Absent:
    if len(effect.values) == 0:
        return Absent("No equivalence test: it is made within participants, and nobody has both conditions.")
    return equivalence_test(effect.values, margin=margin, alpha=alpha)


def _in_model(hypothesis: HypothesisTable, model: MixedModel | Absent) -> Contrast | ConditionEstimate | Absent:
    """The hypothesis as a contrast of the mixed model, or as a condition of it against 0."""
    if isinstance(model, Absent):
        return model
    rows: Sequence[Contrast | ConditionEstimate]
    if hypothesis.second == CHANCE_NAME:
        rows = [row for row in model.estimates if row.condition == hypothesis.first]
    else:
        rows = [row for row in model.contrasts if (row.first, row.second) == (hypothesis.first, hypothesis.second)]
    if rows:
        return rows[0]
    reasons = " ".join(reason.why for reason in model.separated)
    return Absent(f"No test: a condition of the hypothesis is not in the mixed model. {reasons}".rstrip())


def _judged(result: HypothesisResult, p_holm: float, *, alpha: float) -> HypothesisResult:
    held = p_holm <= alpha and (result.hypothesis.claim != "greater" or _direction(result) > 0)
    return replace(result, p_holm=p_holm, verdict="supported" if held else "not supported")


def _direction(result: HypothesisResult) -> float:
    """The sign of the effect, in the terms of the test that is judged."""
    if isinstance(result.test, Contrast | ConditionEstimate):
        return result.test.log_odds
    return result.effect.difference if isinstance(result.effect, Effect) else 0.0
