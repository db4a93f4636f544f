"""The confirmatory part: the hypotheses of the plan, by the planned test, corrected as one family, with verdicts."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.absence import Absent
from analysis.accuracy import participant_scores
from analysis.equivalence import EquivalenceTest, equivalence_test
from analysis.intervals import Interval, bootstrap_interval
from analysis.mixed_model import ConditionEstimate, Contrast, MixedModel
from analysis.participant_tests import TESTS, ParticipantTest, TestName
from analysis.significance import CHANCE, CHANCE_NULL, NOT_DRAWN, compare_pair, holm
from stimuli.protocol import CHANCE as CHANCE_NAME
from stimuli.protocol import AnalysisTable, HypothesisTable

Test = ParticipantTest | EquivalenceTest | Contrast | ConditionEstimate
# With fewer participants or features in a condition nothing shows how much they differ.
FEWEST = 2


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
class Basis:
    """What a test rests on: so many answers of so many participants to so many features."""

    participants: int
    features: int
    answers: int


@dataclass(frozen=True)
class HypothesisResult:
    """What became of a hypothesis.

    ``effect`` describes it on participants' accuracies, ``test`` is the planned one, ``p`` its p and ``p_holm`` p
    adjusted for the family. ``verdict`` is about ``p_holm`` and, where the claim has one, the direction.

    ``basis`` is that of the test, which is not that of the effect where the test is of the mixed model; None without a
    test. ``singular`` names the random effects that the model of the test estimated as none at all.
    """

    hypothesis: HypothesisTable
    effect: Effect | Absent
    test: Test | Absent
    p: float | None
    p_holm: float | None
    verdict: Literal["supported", "not supported", "not tested"]
    basis: Basis | None = None
    singular: tuple[str, ...] = ()


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
    trials: pd.DataFrame, model: MixedModel | Absent, plan: AnalysisTable, *, seed: int, bootstrap: bool = True
) -> tuple[HypothesisResult, ...]:
    """Test every hypothesis of the plan on the analysed ``trials``, in its order, with Holm's correction.

    The family is the declared one: a hypothesis that cannot be tested counts in it with a p of 1, so that what is
    missing makes no other hypothesis easier to support. ``bootstrap`` is as in :func:`compare_pair`; no verdict depends
    on it.
    """
    scores = participant_scores(trials)
    results = [
        _test(hypothesis, trials, scores, model, plan, seed=seed, bootstrap=bootstrap) for hypothesis in plan.hypotheses
    ]
    adjusted = holm([1.0 if result.p is None else result.p for result in results])
    return tuple(
        result if result.p is None else _judged(result, p_holm, alpha=plan.alpha)
        for result, p_holm in zip(results, adjusted, strict=True)
    )


def _test(
    hypothesis: HypothesisTable,
    trials: pd.DataFrame,
    scores: pd.DataFrame,
    model: MixedModel | Absent,
    plan: AnalysisTable,
    *,
    seed: int,
    bootstrap: bool,
) -> HypothesisResult:
    name: TestName = plan.participant_test if plan.main_test == "mixed_model" else plan.main_test
    effect = effect_of(scores, hypothesis.first, hypothesis.second, test=name, seed=seed, bootstrap=bootstrap)
    if isinstance(effect, Absent):
        return HypothesisResult(hypothesis, effect, effect, None, None, "not tested")
    answers = _answers_to(hypothesis, trials)
    test = _too_few(answers) or _planned_test(hypothesis, effect, model, plan)
    if isinstance(test, Absent):
        return HypothesisResult(hypothesis, effect, test, None, None, "not tested")
    found = HypothesisResult(hypothesis, effect, test, test.p, None, "not tested", _basis(answers))
    if isinstance(test, Contrast | ConditionEstimate) and isinstance(model, MixedModel):
        return replace(found, basis=_basis(_modelled(hypothesis, trials, model)), singular=model.singular)
    return found


def _planned_test(
    hypothesis: HypothesisTable, effect: Effect, model: MixedModel | Absent, plan: AnalysisTable
) -> Test | Absent:
    if hypothesis.margin is not None:
        return _equivalence(effect, hypothesis.margin, plan.alpha)
    return _in_model(hypothesis, model) if plan.main_test == "mixed_model" else effect.test


def _named(hypothesis: HypothesisTable) -> list[str]:
    """The conditions of a hypothesis: two, or one that is compared with chance."""
    return [name for name in (hypothesis.first, hypothesis.second) if name != CHANCE_NAME]


def _answers_to(hypothesis: HypothesisTable, trials: pd.DataFrame) -> pd.DataFrame:
    """The answers that a test on participants' means rests on: where some have both conditions, theirs alone."""
    answers = trials[trials["condition"].isin(_named(hypothesis))]
    met = answers.groupby("participant")["condition"].nunique()
    return answers[answers["participant"].map(met) == met.max()]


def _too_few(answers: pd.DataFrame) -> Absent | None:
    """Why a hypothesis is not tested, whatever the test: one unit is no sample."""
    within = answers.groupby("participant")["condition"].nunique().max() > 1
    for unit, told in (("participant", "of 1 participant"), ("feature", "to 1 feature")):
        for name, group in answers.groupby("condition"):
            if group[unit].nunique() < FEWEST:
                who = " with both conditions" if within and unit == "participant" else ""
                return Absent(f"No test: {name} has answers {told}{who} only, and {FEWEST} are the fewest.")
    return None


def _modelled(hypothesis: HypothesisTable, trials: pd.DataFrame, model: MixedModel) -> pd.DataFrame:
    """The answers that the mixed model rests on; those of a separated condition where the test is about it."""
    names = {row.condition for row in model.estimates} | set(_named(hypothesis))
    return trials[trials["condition"].isin(names)]


def _basis(answers: pd.DataFrame) -> Basis:
    return Basis(int(answers["participant"].nunique()), int(answers["feature"].nunique()), len(answers))


def _equivalence(effect: Effect, margin: float, alpha: float) -> EquivalenceTest | Absent:
    if len(effect.values) == 0:
        return Absent("No equivalence test: it is made within participants, and nobody has both conditions.")
    return equivalence_test(effect.values, margin=margin, alpha=alpha)


def _in_model(hypothesis: HypothesisTable, model: MixedModel | Absent) -> Contrast | ConditionEstimate | Absent:
    """The hypothesis as a contrast of the mixed model, or as a condition of it against 0."""
    if isinstance(model, Absent):
        return model
    asked = (hypothesis.first, hypothesis.second)
    rows: list[Contrast | ConditionEstimate] = [row for row in model.contrasts if (row.first, row.second) == asked]
    if hypothesis.second == CHANCE_NAME:
        rows += [row for row in model.estimates if row.condition == hypothesis.first]
    if rows:
        return rows[0]
    reasons = " ".join(reason.why for reason in model.separated)
    return Absent(f"No test: a condition of the hypothesis is not in the mixed model. {reasons}".rstrip())


def _judged(result: HypothesisResult, p_holm: float, *, alpha: float) -> HypothesisResult:
    held = p_holm <= alpha and (result.hypothesis.claim != "greater" or _direction(result) > 0)
    return replace(result, p_holm=p_holm, verdict="supported" if held else "not supported")


def _direction(result: HypothesisResult) -> float:
    """The sign of the effect, in the terms of the test that is judged."""
    if isinstance(result.test, Contrast):
        return result.test.direction
    if isinstance(result.test, ConditionEstimate):
        return result.test.log_odds
    return result.effect.difference if isinstance(result.effect, Effect) else 0.0
