"""The confirmatory part: the planned test decides, Holm corrects the family, and the direction counts."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.absence import Absent
from analysis.accuracy import participant_scores
from analysis.hypotheses import Basis, judge_hypotheses
from analysis.mixed_model import ConditionEstimate, Contrast, mixed_model
from analysis.significance import holm
from stimuli.protocol import AnalysisTable, HypothesisTable


def hypothesis(first="a", second="b", **keys):
    return HypothesisTable(name=f"{first} {second} {keys}", first=first, second=second, **keys)


def trials_of(accuracies, *, people=14, features=12, seed=1):
    rng = np.random.default_rng(seed)
    names = sorted(accuracies)
    return pd.DataFrame(
        {
            "participant": f"p{person:02}",
            "feature": f"f{feature}",
            "condition": names[(person + feature) % len(names)],
            "correct": bool(rng.random() < accuracies[names[(person + feature) % len(names)]]),
        }
        for person in range(people)
        for feature in range(features)
    )


def judged(trials, plan):
    model = mixed_model(trials, pairs=[(row.first, row.second) for row in plan.hypotheses])
    return judge_hypotheses(trials, model, plan, seed=1), model


def test_the_main_test_is_that_of_the_plan():
    trials = trials_of({"a": 0.85, "b": 0.6})
    hypotheses = (hypothesis(), hypothesis("b", "chance"))
    (contrast, chance), model = judged(trials, AnalysisTable(hypotheses=hypotheses))
    assert isinstance(contrast.test, Contrast)
    assert isinstance(chance.test, ConditionEstimate)
    assert contrast.p == model.contrasts[0].p
    assert chance.p == next(row.p for row in model.estimates if row.condition == "b")
    (by_t, _), _ = judged(trials, AnalysisTable(hypotheses=hypotheses, main_test="t"))
    wide = participant_scores(trials)["accuracy"].unstack("condition")
    assert by_t.p == pytest.approx(stats.ttest_rel(wide["a"], wide["b"]).pvalue)
    assert by_t.effect.difference == pytest.approx((wide["a"] - wide["b"]).mean())


def test_the_family_is_corrected_together():
    plan = AnalysisTable(hypotheses=(hypothesis(), hypothesis("a", "chance"), hypothesis("b", "chance")))
    found, _ = judged(trials_of({"a": 0.8, "b": 0.62}), plan)
    assert [row.p_holm for row in found] == pytest.approx(holm([row.p for row in found]))


def test_an_effect_in_the_other_direction_supports_different_and_not_greater():
    plan = AnalysisTable(hypotheses=(hypothesis("b", "a"), hypothesis("b", "a", claim="different")))
    (greater, different), _ = judged(trials_of({"a": 0.95, "b": 0.55}), plan)
    assert greater.p == different.p < 0.001
    assert (greater.verdict, different.verdict) == ("not supported", "supported")


@pytest.mark.parametrize(("margin", "verdict"), [(0.5, "supported"), (0.01, "not supported")])
def test_equivalence_is_tested_within_its_margin_whatever_the_main_test(margin, verdict):
    plan = AnalysisTable(hypotheses=(hypothesis(claim="equivalent", margin=margin),))
    (found,), _ = judged(trials_of({"a": 0.7, "b": 0.7}, people=30), plan)
    assert found.verdict == verdict
    assert found.test.margin == margin


def test_what_cannot_be_tested_is_said_and_counts_in_the_family():
    trials = trials_of({"a": 1.0, "b": 0.6})
    plan = AnalysisTable(hypotheses=(hypothesis("a", "chance"), hypothesis("b", "chance"), hypothesis("missing", "b")))
    (separated, chance, missing), _ = judged(trials, plan)
    assert separated.verdict == missing.verdict == "not tested"
    assert "all its 84 answers are correct (separation)" in separated.test.why
    assert missing.test == Absent("No effect: nobody who is analysed answered missing.")
    assert (missing.p_holm, missing.basis) == (None, None)
    # The family is of three, whatever became of two of them.
    assert chance.p_holm == pytest.approx(min(1.0, 3 * chance.p))


def test_a_condition_that_is_always_right_supports_the_claim_that_it_helps():
    trials = trials_of({"a": 1.0, "b": 0.6})
    plan = AnalysisTable(hypotheses=(hypothesis(), hypothesis("b", "a")))
    (better, worse), _ = judged(trials, plan)
    assert isinstance(better.test, Contrast)
    assert isinstance(better.test.log_odds, Absent)
    assert better.p == worse.p < 0.001
    assert (better.verdict, worse.verdict) == ("supported", "not supported")
    assert better.basis == Basis(participants=14, features=12, answers=168)


@pytest.mark.parametrize("main_test", ["mixed_model", "t", "sign_flip"])
def test_one_participant_with_both_conditions_is_no_test(main_test):
    trials = trials_of({"a": 0.9, "b": 0.5}, people=8)
    # All but the first have "a" only, of which a difference within participants says nothing.
    trials = trials[(trials["condition"] == "a") | (trials["participant"] == "p00")]
    (found,), _ = judged(trials, AnalysisTable(hypotheses=(hypothesis(),), main_test=main_test))
    told = "No test: a has answers of 1 participant with both conditions only, and 2 are the fewest."
    assert (found.verdict, found.test, found.p) == ("not tested", Absent(told), None)


def between(people, **keys):
    return trials_of({"a": 0.9, "b": 0.5}, people=people, **keys).assign(
        condition=lambda rows: np.where(rows["participant"].str[1:].astype(int) % people == 0, "b", "a")
    )


@pytest.mark.parametrize("main_test", ["mixed_model", "t"])
def test_one_participant_in_a_group_is_no_test(main_test):
    (found,), _ = judged(between(3), AnalysisTable(hypotheses=(hypothesis(),), main_test=main_test))
    told = "No test: b has answers of 1 participant only, and 2 are the fewest."
    assert (found.verdict, found.test) == ("not tested", Absent(told))


def test_one_feature_is_no_test():
    trials = trials_of({"a": 0.9, "b": 0.5}).assign(
        feature=lambda rows: rows["feature"].where(rows["condition"] == "a", "same")
    )
    (found,), _ = judged(trials, AnalysisTable(hypotheses=(hypothesis(),)))
    assert found.test == Absent("No test: b has answers to 1 feature only, and 2 are the fewest.")


def test_a_test_says_on_how_many_it_rests():
    trials = trials_of({"a": 0.85, "b": 0.6, "c": 0.7}, people=15)
    # Two have no answer with b: the paired test is over the others, the model over all.
    trials = trials[~((trials["condition"] == "b") & trials["participant"].isin(["p00", "p01"]))]
    plan = AnalysisTable(hypotheses=(hypothesis(),))
    (by_model,), model = judged(trials, plan)
    assert by_model.basis == Basis(model.participants, model.features, model.answers) == Basis(15, 12, len(trials))
    assert by_model.effect.n == 13
    (by_t,), _ = judged(trials, plan.model_copy(update={"main_test": "t"}))
    assert by_t.basis == Basis(13, 12, 13 * 8)


def test_a_singular_fit_is_said_of_the_hypothesis_that_rests_on_it():
    trials = trials_of({"a": 0.85, "b": 0.6})
    (by_model, by_margin), model = judged(
        trials, AnalysisTable(hypotheses=(hypothesis(), hypothesis(claim="equivalent", margin=0.1)))
    )
    assert by_model.singular == model.singular != ()
    assert by_margin.singular == ()


def test_the_family_keeps_its_error_rate_under_the_null():
    # Three true nulls: at 0.05 for the family, 100 studies reject about 5 times, and more than 12 in 0.2 % of cases.
    plan = AnalysisTable(
        hypotheses=(
            hypothesis("a", "b", claim="different"),
            hypothesis("a", "c", claim="different"),
            hypothesis("b", "c", claim="different"),
        ),
        main_test="t",
    )
    rejected = 0
    for seed in range(100):
        trials = trials_of({"a": 0.7, "b": 0.7, "c": 0.7}, people=10, seed=seed)
        found = judge_hypotheses(trials, Absent(""), plan, seed=1, bootstrap=False)
        rejected += any(row.verdict == "supported" for row in found)
    assert rejected <= 12
