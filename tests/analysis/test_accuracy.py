"""Accuracy per condition, its intervals, and which trials are counted."""

import numpy as np
import pytest
from scipy import stats

from analysis.absence import Absent
from analysis.accuracy import condition_accuracies, participant_scores
from analysis.description import describe_conditions
from analysis.intervals import Interval, bootstrap_interval, t_interval, wilson_interval
from analysis.reading import parse_export
from analysis.selection import MainTrials, select_trials


@pytest.fixture
def trials_of(rows_of, csv_text):
    return lambda counts: parse_export(csv_text(rows_of(counts)))


def accuracies_of(trials):
    return {row.condition: row for row in condition_accuracies(participant_scores(trials), seed=1)}


def test_it_reproduces_the_published_accuracies(trials_of, borowski):
    found = accuracies_of(trials_of(borowski))
    assert (found["natural"].correct, found["natural"].answered) == (415, 450)
    assert found["natural"].mean == pytest.approx(0.922, abs=0.0005)
    assert found["synthetic"].mean == pytest.approx(0.82)
    # Published as mean +- 2 SEM: 92 +- 2 %, 82 +- 4 %. Student's t with 9 degrees has 2.26 in place of 2.
    for condition, half in (("natural", 2), ("synthetic", 4)):
        interval = found[condition].interval
        assert round(100 * (interval.high - interval.low) / 2 * 2 / 2.262) == half


def test_the_mean_weighs_participants_and_not_trials(trials_of):
    # By hand: (1/1 + 1/4) / 2 = 0.625, where pooling would say 2/5.
    (found,) = accuracies_of(trials_of({"a": {"none": (1, 1)}, "b": {"none": (1, 4)}})).values()
    assert found.mean == 0.625
    assert (found.n, found.correct, found.answered) == (2, 2, 5)
    # t(1, .975) = 12.706 and SEM = 0.375: far beyond 0 and 1, where accuracies end.
    assert (found.interval.low, found.interval.high) == (0.0, 1.0)


def test_the_interval_is_that_of_the_textbook():
    # By hand for 1, 2, 3, 4, 5: mean 3, SD sqrt(2.5), SEM sqrt(0.5), t(4, .975) = 2.776445.
    interval = t_interval(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert interval.low == pytest.approx(3 - 2.776445 * 0.5**0.5, abs=1e-6)
    assert interval.high == pytest.approx(3 + 2.776445 * 0.5**0.5, abs=1e-6)


@pytest.mark.parametrize("make", [t_interval, lambda values: bootstrap_interval(values, seed=1)])
@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([], "No interval: there is no participant."),
        ([0.7], "No interval: one participant does not show how much participants differ."),
        ([1.0] * 9, "No interval: all 9 participants have the same value, which shows no spread."),
        ([0.9 - 0.4, 0.7 - 0.2] * 5, "No interval: all 10 participants have the same value, which shows no spread."),
    ],
)
def test_it_says_why_there_is_no_interval(make, values, why):
    assert make(np.array(values)) == Absent(why)


def test_it_gives_no_bootstrap_interval_from_few_participants():
    found = bootstrap_interval(np.arange(7) / 7, seed=1)
    assert found == Absent(
        "No interval: there are 7 participants, and bootstrap intervals from fewer than 8 participants are much too "
        "narrow."
    )
    assert isinstance(bootstrap_interval(np.arange(8) / 8, seed=1), Interval)


def test_the_published_standard_errors_come_out(trials_of, borowski):
    scores = participant_scores(trials_of(borowski))["accuracy"].unstack("condition")
    # Published: mean +- 2 standard errors of the mean, in whole percent.
    assert (round(100 * scores["natural"].mean()), round(200 * scores["natural"].sem())) == (92, 2)
    assert (round(100 * scores["synthetic"].mean()), round(200 * scores["synthetic"].sem())) == (82, 4)


def test_wilsons_interval_is_that_of_the_textbook():
    # Newcombe (1998), table I, without continuity correction: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    published = {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }
    for counts, (low, high) in published.items():
        interval = wilson_interval(*counts)
        assert (interval.low, interval.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    assert wilson_interval(0, 0) == Absent("No interval: there is no answer.")


def test_the_bootstrap_depends_on_its_seed_and_on_nothing_else():
    values = np.random.default_rng(3).random(20)
    first, again, other = (bootstrap_interval(values, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert (first.low, first.high) != (other.low, other.high)
    assert first.low == pytest.approx(other.low, abs=0.01)


def test_the_t_interval_holds_the_true_mean_about_as_often_as_it_says():
    # 12 participants with Beta(9, 3) abilities (mean 0.75) and 20 trials each; Monte-Carlo error of 2,000 runs: 0.005.
    rng = np.random.default_rng(11)
    samples = rng.binomial(20, rng.beta(9, 3, size=(2_000, 12))) / 20
    held = np.mean([interval.low <= 0.75 <= interval.high for interval in map(t_interval, samples)])
    assert 0.92 < held < 0.97


def test_all_correct_has_a_mean_and_a_reason(trials_of):
    (found,) = accuracies_of(trials_of({name: {"none": (5, 5)} for name in "abc"})).values()
    assert found.mean == 1.0
    assert found.interval.why == "No interval: all 3 participants have the same value, which shows no spread."


def test_practice_is_left_out_and_incomplete_participants_are_named(row, csv_text):
    rows = [
        row(name, trial, "none", True, phase="practice" if trial == 1 else "main", main_trials="3")
        for name, last in (("whole", 4), ("left", 2), ("quit", 1))
        for trial in range(1, last + 1)
    ]
    selection = select_trials(parse_export(csv_text(rows)))
    assert selection.practice == 3
    assert selection.incomplete == {"left": MainTrials(1, 3), "quit": MainTrials(0, 3)}
    assert set(selection.analysed["participant"]) == {"whole"}
    assert len(selection.main) == 4


def test_nobody_is_complete_for_having_answered_the_most(rows_of, csv_text):
    rows = rows_of({"a": {"none": (2, 3)}, "b": {"none": (1, 3)}}, main_trials=8)
    selection = select_trials(parse_export(csv_text(rows)))
    assert selection.incomplete == {"a": MainTrials(3, 8), "b": MainTrials(3, 8)}
    assert selection.analysed.empty
    assert len(selection.main) == 6


def test_completeness_counts_all_main_trials_so_that_uneven_conditions_do_not_exclude(trials_of):
    trials = trials_of({"a": {"x": (1, 3), "y": (1, 2)}, "b": {"x": (1, 2), "y": (1, 3)}})
    assert select_trials(trials).incomplete == {}


def test_times_and_confidence_are_described_by_one_number_per_participant(row, csv_text):
    times = {"a": (100, 200, 900), "b": (1000, 2000, 3000), "c": (50, 60, 70)}
    rows = [
        row(name, trial, "none", True, rt_ms=str(time), confidence=str(trial))
        for name, its in times.items()
        for trial, time in enumerate(its, 1)
    ]
    (found,) = describe_conditions(parse_export(csv_text(rows)))
    assert (found.n, found.rt_ms.median, found.rt_ms.low, found.rt_ms.high) == (3, 200, 60, 2000)
    assert (found.confidence.median, found.confidence.low, found.confidence.high) == (2, 2, 2)


def test_the_bootstrap_agrees_with_one_written_out_here():
    # Skewed values, where BCa is far from the percentile interval; the formulas of Efron (1987), by hand.
    values = np.array([0.5, 0.55, 0.6, 0.6, 0.62, 0.65, 0.7, 0.95, 1.0, 1.0])
    rng = np.random.default_rng(5)
    means = rng.choice(values, size=(200_000, 10)).mean(axis=1)
    bias = stats.norm.ppf((np.mean(means < values.mean()) + np.mean(means <= values.mean())) / 2)
    left_out = (values.sum() - values) / 9
    away = left_out.mean() - left_out
    acceleration = (away**3).sum() / (6 * (away**2).sum() ** 1.5)
    z = bias + stats.norm.ppf([0.025, 0.975])
    low, high = np.quantile(means, stats.norm.cdf(bias + z / (1 - acceleration * z)))
    found = bootstrap_interval(values, seed=1)
    assert found.low == pytest.approx(low, abs=0.006)
    assert found.high == pytest.approx(high, abs=0.006)
