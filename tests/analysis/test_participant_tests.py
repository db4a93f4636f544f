"""The tests of a mean over participants: published figures, independent enumeration, scipy's own, and no result."""

import itertools

import numpy as np
import pytest
from scipy import stats

from analysis import notes
from analysis.absence import Absent
from analysis.participant_tests import label_permutation_test, t_test, wilcoxon_test
from analysis.significance import ChanceTest
from tests.analysis.published import NATURAL, NONE, SYNTHETIC

NULL = {"null_hypothesis": "none", "seed": 1}
PAIRED = np.subtract(NATURAL, SYNTHETIC) / 45
BELOW = np.array(NONE) / 45 - 0.5


def test_the_published_paired_t_comes_out():
    found = t_test(PAIRED, **NULL)
    assert found.statistic == "t(9) = 4.19"
    assert found.p == pytest.approx(0.00234, abs=0.000005)


def test_the_published_exact_wilcoxon_comes_out():
    found = wilcoxon_test(PAIRED, **NULL)
    assert found.statistic == "W = 0"
    assert found.p == pytest.approx(0.0039, abs=0.00005)
    assert found.name == "exact Wilcoxon test"
    # One of the ten does not differ: 2 of the 512 patterns of the others.
    assert found.p == found.smallest_p == 2 / 512


def test_the_published_tests_against_chance_come_out_and_pooled_trials_would_have_misled():
    pooled = stats.binomtest(sum(NONE), 450).pvalue
    assert pooled == pytest.approx(0.0040, abs=0.00005)
    assert t_test(BELOW, **NULL).p == pytest.approx(0.0497, abs=0.00005)
    assert wilcoxon_test(BELOW, **NULL).p == pytest.approx(0.066, abs=0.0008)
    assert min(t_test(BELOW, **NULL).p, wilcoxon_test(BELOW, **NULL).p) > 10 * pooled


def test_wilcoxon_with_ties_is_exact():
    values = [1, -1, 2, 2, 3, -2, 0, 5]
    ranks = [1.5, -1.5, 4, 4, 6, -4, 7]  # by hand, without the 0
    sums = [
        sum(s * abs(r) for s, r in zip(signs, ranks, strict=True)) for signs in itertools.product((-1, 1), repeat=7)
    ]
    p = np.mean(np.abs(sums) >= abs(sum(ranks)))
    assert wilcoxon_test(np.array(values) / 45, **NULL).p == p


def test_wilcoxon_without_ties_is_that_of_scipy():
    values = np.random.default_rng(2).normal(0.2, 1, 12)
    theirs = stats.wilcoxon(values, method="exact")
    found = wilcoxon_test(values, **NULL)
    assert found.p == pytest.approx(theirs.pvalue)
    assert found.statistic == f"W = {theirs.statistic:g}"


def test_wilcoxon_over_many_is_drawn_and_near_the_exact_one():
    values = np.random.default_rng(3).normal(0.3, 1, 40)
    found = wilcoxon_test(values, **NULL)
    assert found.p == pytest.approx(stats.wilcoxon(values, method="exact").pvalue, abs=0.003)
    assert found.name == "Monte-Carlo Wilcoxon test"


def test_two_groups_are_compared_over_all_divisions():
    first, second = np.array([0.9, 0.8, 0.85, 0.7]), np.array([0.5, 0.6, 0.75])
    values = np.concatenate([first, second])
    differences = [
        values[list(chosen)].mean() - np.delete(values, chosen).mean() for chosen in itertools.combinations(range(7), 4)
    ]
    observed = first.mean() - second.mean()
    found = label_permutation_test(first, second, seed=1)
    assert found.mean == pytest.approx(observed)
    # scipy doubles the smaller tail, which for groups of different size is not the same as counting both.
    above = np.mean(np.array(differences) >= observed - 1e-12)
    assert found.p == pytest.approx(2 * above)
    assert found.name == "exact permutation test"


def test_two_large_groups_are_compared_over_drawn_divisions():
    rng = np.random.default_rng(4)
    first, second = rng.normal(0.7, 0.1, 40), rng.normal(0.65, 0.1, 30)
    found = label_permutation_test(first, second, seed=1)
    assert found.p == pytest.approx(stats.ttest_ind(first, second).pvalue, abs=0.01)
    assert found == label_permutation_test(first, second, seed=1)
    assert found.name == "Monte-Carlo permutation test"


@pytest.mark.parametrize(
    ("test", "values", "why"),
    [
        (t_test, [], "No t-test: there is no participant."),
        (t_test, [0.1], "No t-test: one participant does not show how much participants differ."),
        (t_test, [0.9 - 0.4, 0.7 - 0.2], "No t-test: all 2 participants have the same value, which shows no spread."),
        (wilcoxon_test, [], "No Wilcoxon test: no participant differs from 0."),
        (wilcoxon_test, [0.0, 0.0], "No Wilcoxon test: no participant differs from 0."),
    ],
)
def test_it_says_why_there_is_no_test(test, values, why):
    assert test(np.array(values), **NULL) == Absent(why)


def test_groups_of_one_are_not_compared():
    told = Absent("No test: a condition has fewer than 2 participants.")
    assert label_permutation_test(np.array([0.1]), np.array([0.2, 0.3]), seed=1) == told


def test_wilcoxons_least_p_is_that_of_the_values_that_are_not_0():
    found = wilcoxon_test(np.array([0.0] * 7 + [0.1, 0.2, 0.3]), null_hypothesis="", seed=1)
    assert (found.n, found.looked_at, found.smallest_p, found.p) == (10, 3, 0.25, 0.25)
    (told,) = [note for note in notes.chance_notes([ChanceTest("x", found)]) if "cannot fall" in note]
    assert told == "With the 3 values that are not 0 p cannot fall below .250, whatever they had answered."


def test_the_least_p_of_a_drawn_permutation_counts_both_tails():
    first, second = np.full(15, 0.9), np.full(15, 0.1)
    found = label_permutation_test(first, second, seed=1)
    assert found.p == pytest.approx(found.smallest_p)
