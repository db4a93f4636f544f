"""Tests against chance and between conditions, against published figures and independent enumeration."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.absence import Absent
from analysis.accuracy import participant_scores
from analysis.participant_tests import sign_flip_test
from analysis.reading import parse_export
from analysis.significance import chance_tests, compare_conditions, holm, two_unit_test


def flip(values, *, seed=1):
    return sign_flip_test(np.array(values, dtype=float), null_hypothesis="symmetric about 0", seed=seed)


def enumerated_p(counts: list[int]) -> float:
    """The exact p in whole numbers, pattern by pattern."""
    sums = [
        sum(sign * count for sign, count in zip(signs, counts, strict=True))
        for signs in itertools.product((-1, 1), repeat=len(counts))
    ]
    return sum(abs(total) >= abs(sum(counts)) for total in sums) / len(sums)


def differences(borowski, first, second):
    return [counts[first][0] - counts[second][0] for counts in borowski.values()]


@pytest.fixture
def scores_of(rows_of, csv_text):
    return lambda counts: participant_scores(parse_export(csv_text(rows_of(counts))))


def test_it_reproduces_the_published_comparison(scores_of, borowski):
    found = {(pair.first, pair.second): pair for pair in compare_conditions(scores_of(borowski), seed=1)}
    pair = found["natural", "synthetic"]
    assert pair.n == 10
    assert 100 * pair.difference == pytest.approx(10.22, abs=0.005)
    # Published: about [5.8, 14.9] by percentiles; BCa moves both ends up a little.
    assert 100 * pair.interval.low == pytest.approx(5.8, abs=0.4)
    assert 100 * pair.interval.high == pytest.approx(14.9, abs=0.4)
    assert pair.test.p == enumerated_p(differences(borowski, "natural", "synthetic"))
    # All ten differ in the same direction but one that is 0: 4 of 1,024 patterns are as extreme.
    assert pair.test.p == 4 / 1024
    assert pair.test.method == "exact two-sided sign-flip permutation test (all 1,024 sign patterns)"


def test_below_chance_is_judged_by_participants_and_not_by_pooled_trials(scores_of, borowski):
    found = {row.condition: row.test for row in chance_tests(scores_of(borowski), seed=1)}["none"]
    none = [counts["none"][0] for counts in borowski.values()]
    pooled = stats.binomtest(sum(none), 450).pvalue
    assert pooled == pytest.approx(0.0040, abs=0.00005)
    assert stats.ttest_1samp(none, 22.5).pvalue == pytest.approx(0.0497, abs=0.00005)
    assert stats.wilcoxon(np.array(none) - 22.5).pvalue == pytest.approx(0.066, abs=0.0008)
    # Twice the distance from 22.5, so that the independent enumeration stays in whole numbers.
    assert found.p == enumerated_p([2 * count - 45 for count in none])
    assert found.p == pytest.approx(0.0566, abs=0.00005)
    assert found.p > 10 * pooled
    assert found.mean == pytest.approx(194 / 450 - 0.5)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(-12, 12), min_size=2, max_size=9))
def test_the_exact_test_agrees_with_enumeration_in_whole_numbers(counts):
    # Divided by 45, sums that are equal on paper are not equal in floating point; ties must still count.
    assert flip([count / 45 for count in counts]).p == enumerated_p(counts)


def test_the_exact_test_agrees_with_that_of_scipy():
    values = np.random.default_rng(4).normal(0.1, 0.2, size=8)
    theirs = stats.permutation_test((values,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert flip(values).p == pytest.approx(theirs.pvalue)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(-1, 1), min_size=2, max_size=10))
def test_p_is_in_its_range_and_at_least_the_smallest_possible(values):
    found = flip(values)
    assert 0 < found.smallest_p <= found.p <= 1


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(-20, 20), min_size=2, max_size=10))
def test_p_is_the_same_for_opposite_signs(counts):
    values = np.array(counts) / 20
    there, back = flip(values), flip(-values)
    assert there.p == back.p
    assert there.mean == -back.mean


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(-20, 20), min_size=2, max_size=10), st.randoms())
def test_p_does_not_depend_on_the_order_of_participants(counts, random):
    shuffled = random.sample(counts, len(counts))
    assert flip(np.array(counts) / 20).p == flip(np.array(shuffled) / 20).p


def test_the_smallest_possible_p_is_reached_when_all_agree():
    found = flip([0.1, 0.2, 0.3, 0.4])
    assert found.p == found.smallest_p == 2 / 16


def test_values_that_are_all_zero_give_p_one():
    assert flip([0, 0, 0]).p == 1


def test_the_smallest_possible_p_is_that_of_other_answers_too():
    # Were it worked out from the values, two zeros of three would make it 1; three who all answer right reach 2 / 8.
    assert flip([0.25, 0, 0]).smallest_p == flip([0.5, 0.5, 0.5]).p == 2 / 8


@pytest.mark.parametrize("sign", [-1, 1])
def test_many_participants_are_tested_by_seeded_draws_that_say_so(sign):
    values = sign * (np.random.default_rng(2).normal(0.05, 0.1, size=19))
    found = flip(values)
    signs = 1 - 2 * (np.arange(2**19)[:, np.newaxis] >> np.arange(19) & 1)
    expected = np.mean(np.abs(signs @ values) >= abs(values.sum()) - 1e-12)
    # Four standard errors of 99,999 draws.
    assert found.p == pytest.approx(expected, abs=4 * (expected * (1 - expected) / 99_999) ** 0.5)
    assert found.method.startswith("Monte-Carlo two-sided sign-flip permutation test (99,999 random sign patterns")
    assert found == flip(values)
    assert found.p != flip(values, seed=2).p


def test_a_drawn_p_is_never_zero():
    found = flip([0.3] * 40)
    assert found.p == found.smallest_p == 1 / 100_000


def test_eighteen_participants_are_still_tested_exactly():
    found = flip([0.1] * 18)
    assert found.p == 2 / 2**18
    assert found.method.startswith("exact")


def test_the_test_keeps_its_error_rate_where_pooling_does_not():
    # Guessing participants with a side bias each: true ability 0.5 on average, trials dependent within participants.
    rng = np.random.default_rng(7)
    counts = rng.binomial(40, rng.beta(5, 5, size=(400, 10)))
    ours = np.mean([flip(row / 40 - 0.5).p <= 0.05 for row in counts])
    pooled = np.mean([stats.binomtest(int(row.sum()), 400).pvalue <= 0.05 for row in counts])
    assert ours < 0.05 + 3 * (0.05 * 0.95 / 400) ** 0.5
    assert pooled > 0.2


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([], "No test: there is no participant."),
        ([0.4], "No test: with one participant every sign pattern is as extreme."),
    ],
)
def test_it_says_why_there_is_no_test(values, why):
    assert flip(values) == Absent(why)


def test_one_condition_has_no_comparison(scores_of):
    assert compare_conditions(scores_of({"a": {"none": (1, 2)}, "b": {"none": (2, 2)}}), seed=1) == ()


def test_only_participants_with_both_conditions_are_compared(scores_of):
    scores = scores_of({"a": {"x": (3, 4), "y": (1, 4)}, "b": {"x": (4, 4), "y": (2, 4)}, "c": {"x": (0, 4)}})
    (pair,) = compare_conditions(scores, seed=1)
    assert (pair.n, pair.difference, pair.test.p) == (2, 0.5, 0.5)
    assert pair.p_holm is None


def test_conditions_between_participants_are_compared_as_two_groups(scores_of):
    groups = {f"a{count}": {"x": (count, 8)} for count in (5, 6, 7)} | {f"b{n}": {"y": (n, 8)} for n in (2, 3, 4)}
    (pair,) = compare_conditions(scores_of(groups), seed=1)
    assert (pair.design, pair.n, pair.difference) == ("between", 6, 3 / 8)
    # All of one group stand above all of the other: 2 of 20 divisions.
    assert pair.test.p == pytest.approx(0.1)
    # By hand: variances 1/64 each, Welch's standard error sqrt(2/3)/8, t(4, .975) = 2.776.
    assert pair.interval.low == pytest.approx(3 / 8 - 2.776 * (2 / 3) ** 0.5 / 8, abs=1e-4)


def test_one_participant_in_each_group_is_no_comparison(scores_of):
    (pair,) = compare_conditions(scores_of({"a": {"x": (3, 4)}, "b": {"y": (1, 4)}}), seed=1)
    assert pair.test == Absent("No test: a condition has fewer than 2 participants.")
    assert isinstance(pair.interval, Absent)
    assert (pair.n, pair.difference) == (2, 0.5)


def test_several_comparisons_are_adjusted_and_those_without_a_test_count_with_a_p_of_1(scores_of, borowski):
    counts = borowski | {"z": {"alone": (1, 45)}}  # one participant, who has nothing else
    pairs = {(pair.first, pair.second): pair for pair in compare_conditions(scores_of(counts), seed=1)}
    tested = [pair for pair in pairs.values() if pair.p_holm is not None]
    assert len(tested) == 3
    assert pairs["alone", "none"].p_holm is None
    # By hand, in a family of 6: 2/1024, 2/1024 and 4/1024 become 6 x 2, max(12, 5 x 2) and max(12, 4 x 4) of 1024.
    assert sorted(pair.p_holm for pair in tested) == [12 / 1024, 12 / 1024, 16 / 1024]
    assert pairs["natural", "synthetic"].p_holm == 16 / 1024


def test_the_only_tested_one_of_several_comparisons_is_corrected_too(scores_of):
    counts = {name: {"x": (4, 4), "y": (right, 4)} for name, right in zip("abcdef", (1, 2, 3, 1, 2, 3), strict=True)}
    pairs = compare_conditions(scores_of(counts | {"g": {"z": (1, 4)}}), seed=1)
    # Six differences of one sign: 2 of 64 patterns; two of the three pairs have one participant with z.
    assert [pair.p_holm for pair in pairs] == [3 * 2 / 64, None, None]


def test_holm_adjusts_as_by_hand():
    # Sorted .01 .02 .03 .04: x4 = .04, x3 = .06, x2 = .06, x1 = .04 raised to .06.
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx((0.06, 0.04, 0.06, 0.06))
    assert holm([0.9, 0.8]) == (1.0, 1.0)
    assert holm([]) == ()


@settings(deadline=None, max_examples=50)
@given(st.randoms())
def test_results_do_not_depend_on_the_order_of_rows(borowski, random):
    records = [
        {"participant": participant, "condition": condition, "correct": place < counts[0] - 38}
        for participant, conditions in list(borowski.items())[:5]
        for condition, counts in conditions.items()
        for place in range(4)
    ]
    ordered = participant_scores(pd.DataFrame(records))
    shuffled = participant_scores(pd.DataFrame(random.sample(records, len(records))))
    pd.testing.assert_frame_equal(ordered, shuffled)


def test_comparisons_do_not_depend_on_the_order_of_rows(rows_of, csv_text, borowski):
    rows = rows_of(borowski)
    there, back = (participant_scores(parse_export(csv_text(order))) for order in (rows, rows[::-1]))
    assert compare_conditions(there, seed=4) == compare_conditions(back, seed=4)
    assert chance_tests(there, seed=4) == chance_tests(back, seed=4)


def test_a_difference_is_tested_over_participants_and_over_features(borowski):
    # One feature alone carries the effect: every participant shows it, and no other feature does.
    trials = pd.DataFrame(
        {"participant": f"p{person}", "feature": f"f{feature}", "condition": condition, "correct": correct}
        for person in range(12)
        for feature in range(6)
        for condition in ("x", "y")
        for correct in [condition == "x" if feature == 0 else (person + feature) % 2 == 0]
    )
    found = two_unit_test(trials, "x", "y", seed=1)
    assert (found.participants.n, found.features.n) == (12, 6)
    assert found.participants.p == 2 / 2**12
    assert found.features.p == 1.0
    assert found.p == 1.0


def test_features_in_one_condition_each_are_no_units_of_a_difference():
    trials = pd.DataFrame(
        {"participant": f"p{person}", "feature": f"f{feature}", "condition": "xy"[feature % 2], "correct": person > 0}
        for person in range(4)
        for feature in range(4)
    )
    found = two_unit_test(trials, "x", "y", seed=1)
    assert found.features == Absent("No test: none of 4 features has answers to both x and y.")
    assert found.p is None


def crossed(between):
    rng = np.random.default_rng(9)
    return pd.DataFrame(
        {"participant": f"p{person}", "feature": f"f{feature}", "condition": condition, "correct": correct}
        for person in range(12)
        for feature in range(6)
        for condition in ["xy"[(person if between else person + feature) % 2]]
        for correct in [rng.random() < (0.9 if condition == "x" else 0.5)]
    )


def test_units_are_tested_by_the_declared_test():
    trials = crossed(between=False)
    found = two_unit_test(trials, "x", "y", seed=1, test="t")
    for unit, test in (("participant", found.participants), ("feature", found.features)):
        wide = trials.groupby([unit, "condition"])["correct"].mean().unstack()
        assert test.p == pytest.approx(stats.ttest_rel(wide["x"], wide["y"]).pvalue)
        assert test.null_hypothesis == f"differences within {unit}s have a mean of 0"
    assert found.p == max(found.participants.p, found.features.p)


def test_participants_of_two_groups_are_permuted_and_features_are_paired():
    trials = crossed(between=True)
    found = two_unit_test(trials, "x", "y", seed=1)
    (pair,) = compare_conditions(participant_scores(trials), seed=1)
    assert pair.design == "between"
    assert found.participants == pair.test
    assert found.features.n == 6
    assert found.p == max(found.participants.p, found.features.p)
