"""Effect sizes, equivalence and Bayes factors, against published values and R."""

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats

from analysis.absence import Absent
from analysis.bayes_factor import bayes_factor, bayes_factor_between, jzs_bayes_factor
from analysis.effects import cohens_dz, cohens_h, cohens_h_between, standardised_difference
from analysis.equivalence import equivalence_test
from analysis.intervals import Interval, bootstrap_interval
from tests.analysis.published import NATURAL, SYNTHETIC

FACTS = Path(__file__).parent / "facts"
A, B = np.array(NATURAL) / 45, np.array(SYNTHETIC) / 45


def test_dz_of_the_published_data_is_t_over_root_n_and_its_interval_is_that_of_the_noncentral_t():
    found = cohens_dz(A - B)
    assert found.value == pytest.approx(4.191 / 10**0.5, abs=0.0005)
    t = found.value * 10**0.5
    # At the low end a t as large is seen in 2.5 % of cases, at the high end one as small.
    assert stats.nct.sf(t, 9, found.interval.low * 10**0.5) == pytest.approx(0.025, abs=1e-6)
    assert stats.nct.cdf(t, 9, found.interval.high * 10**0.5) == pytest.approx(0.025, abs=1e-6)


@pytest.mark.parametrize(("dz", "count"), [(0.0, 5), (-0.3, 400), (6.0, 12), (0.02, 3000)])
def test_dz_has_an_interval_at_any_size(dz, count):
    values = np.random.default_rng(1).normal(size=count)
    values = (values - values.mean()) / values.std(ddof=1) + dz
    found = cohens_dz(values)
    assert found.value == pytest.approx(dz)
    assert found.interval.low < dz < found.interval.high


def test_h_of_the_published_data():
    # By hand: 2 asin(sqrt(.9222)) - 2 asin(sqrt(.82)) = 2.57605 - 2.26518.
    found = cohens_h(A, B, seed=1)
    assert found.value == pytest.approx(0.3109, abs=0.0005)
    assert 0.15 < found.interval.low < 0.25
    assert 0.4 < found.interval.high < 0.5


def test_the_bootstrap_keeps_participants_together():
    # All differ by the same: resampled apart, the difference would spread.
    first = np.linspace(0.5, 0.9, 12)
    assert bootstrap_interval(first - (first - 0.1), seed=1) == Absent(
        "No interval: all 12 participants have the same value, which shows no spread."
    )
    h = cohens_h(first, first - 0.1 + np.tile([0.01, -0.01], 6), seed=1)
    assert isinstance(h.interval, Interval)
    assert h.interval.high - h.interval.low < 0.08


def test_the_standardised_difference_of_two_groups_belongs_to_welch():
    rng = np.random.default_rng(3)
    first, second = rng.normal(0.8, 0.05, 14), rng.normal(0.7, 0.15, 22)
    found = standardised_difference(first, second)
    spread = ((first.var(ddof=1) + second.var(ddof=1)) / 2) ** 0.5
    assert found.value == pytest.approx((first.mean() - second.mean()) / spread)
    welch = stats.ttest_ind(first, second, equal_var=False)
    for end, tail in ((found.interval.low, stats.nct.sf), (found.interval.high, stats.nct.cdf)):
        assert tail(welch.statistic, welch.df, end * welch.statistic / found.value) == pytest.approx(0.025, abs=1e-6)
    assert standardised_difference(first[:1], second) == Absent(
        "No standardised effect: a condition has fewer than 2 participants."
    )


def test_h_of_two_groups_resamples_each_in_its_own():
    found = cohens_h_between(A, B[:9], seed=1)
    assert found.value == pytest.approx(2 * (np.arcsin(A.mean() ** 0.5) - np.arcsin(B[:9].mean() ** 0.5)))
    # Who are good in one condition are good in the other: differences within them spread less than between groups.
    apart, together = (function(A, A - 0.1, seed=1).interval for function in (cohens_h_between, cohens_h))
    assert apart.high - apart.low > 2 * (together.high - together.low)
    assert cohens_h_between(A, B[:3], seed=1).interval == Absent(
        "No interval: there are 3 participants in a condition, and bootstrap intervals from fewer than 8 participants "
        "are much too narrow."
    )


def test_no_spread_is_no_standardised_effect():
    assert cohens_dz(np.full(9, 0.1)) == Absent(
        "No standardised effect: all 9 participants have the same value, which shows no spread."
    )


def test_equivalence_is_two_one_sided_tests():
    values = np.random.default_rng(6).normal(0.01, 0.05, size=30)
    found = equivalence_test(values, margin=0.05, alpha=0.05)
    above = stats.ttest_1samp(values, -0.05, alternative="greater").pvalue
    below = stats.ttest_1samp(values, 0.05, alternative="less").pvalue
    assert found.p == pytest.approx(max(above, below))
    interval = stats.ttest_1samp(values, 0).confidence_interval(0.90)
    assert (found.low, found.high) == (pytest.approx(interval.low), pytest.approx(interval.high))


@pytest.mark.parametrize(("spread", "equivalent"), [(0.05, True), (0.5, False)])
def test_equivalence_holds_exactly_where_the_interval_is_within_the_margin(spread, equivalent):
    values = np.random.default_rng(7).normal(0.0, spread, size=24)
    found = equivalence_test(values, margin=0.1, alpha=0.05)
    assert (found.p <= 0.05) is equivalent
    assert (found.low > -0.1 and found.high < 0.1) is equivalent


def test_the_published_difference_is_not_equivalent_to_none():
    assert equivalence_test(A - B, margin=0.05, alpha=0.05).p > 0.9
    assert equivalence_test(np.array([0.2]), margin=0.05, alpha=0.05) == Absent(
        "No equivalence test: one participant does not show how much participants differ."
    )


@pytest.mark.parametrize(
    "row", list(csv.DictReader((FACTS / "bayes_factor.csv").open())), ids=lambda row: str(row["t"])
)
def test_bayes_factors_are_those_of_r(row):
    found = jzs_bayes_factor(float(row["t"]), int(row["n"]), scale=float(row["scale"]))
    assert found == pytest.approx(float(row["bf10"]), rel=1e-4)


def test_the_bayes_factor_of_the_published_data():
    found = bayes_factor(A - B)
    assert found.n == 10
    assert found.bf10 == pytest.approx(20.2, abs=0.05)  # R gives 20.2142 for t = 4.191


@pytest.mark.parametrize("counts", [(12, 12), (8, 30)])
def test_the_bayes_factor_of_two_groups_is_the_t_averaged_over_the_prior(counts):
    rng = np.random.default_rng(4)
    first, second = rng.normal(0.75, 0.1, counts[0]), rng.normal(0.68, 0.1, counts[1])
    found = bayes_factor_between(first, second)
    t, df = stats.ttest_ind(first, second).statistic, sum(counts) - 2
    root = (counts[0] * counts[1] / sum(counts)) ** 0.5
    scale = 2**0.5 / 2
    # Rouder et al. (2009) from its definition: the noncentral t under a Cauchy prior of the standardised effect.
    under_effect, _ = integrate.quad(
        lambda d: stats.nct.pdf(t, df, d * root) * stats.cauchy.pdf(d, scale=scale), -8, 8, points=[0.0], limit=200
    )
    assert found.bf10 == pytest.approx(under_effect / stats.t.pdf(t, df), rel=1e-3)
    assert found.n == sum(counts)


def test_a_bayes_factor_beyond_any_doubt_is_still_a_number():
    assert np.isfinite(jzs_bayes_factor(500, 3000))
    assert bayes_factor(np.full(4, 0.2)) == Absent(
        "No Bayes factor: all 4 participants have the same value, which shows no spread."
    )


def test_the_interval_of_an_equivalence_test_is_cut_to_what_a_difference_can_be():
    found = equivalence_test(np.array([1.0, 0.2, 1.0]), margin=0.5, alpha=0.05)
    # Mean 0.733, standard error 0.267, t(2) = 2.920: 1.512 at the upper end.
    assert found.high == 1.0
    assert found.low == pytest.approx(0.7333 - 2.920 * 0.2667, abs=1e-3)
