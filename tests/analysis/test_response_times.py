"""Response times: right answers within the declared bounds, participants counting once."""

import math

import pandas as pd
import pytest

from analysis.absence import Absent
from analysis.response_times import missing_times, response_times


def answers(participant, *times, correct=True, condition="x", shown_times=1):
    row = {"participant": participant, "condition": condition, "correct": correct, "shown_times": shown_times}
    return [row | {"rt_ms": float(time)} for time in times]


def trials(rows):
    """As the reader of exports gives them."""
    return pd.DataFrame(rows).astype({"shown_times": "Int64"})


def test_wrong_answers_and_outliers_are_left_out_and_counted():
    rows = answers("a", 100, 1000, 2000, 90_000) + answers("a", 5000, correct=False) + answers("b", 4000)
    (found,) = response_times(trials(rows), min_ms=200, max_ms=60_000)
    assert (found.n, found.answered, found.outside, found.wrong) == (2, 3, 2, 1)
    assert (found.medians.median, found.medians.low, found.medians.high) == (2750, 1500, 4000)
    assert found.geometric_mean == pytest.approx(math.exp((math.log(1000 * 2000) / 2 + math.log(4000)) / 2))


def test_the_interval_is_brought_back_from_the_logarithm():
    rows = [row for name, time in zip("abcd", (900, 1100, 1000, 1200), strict=True) for row in answers(name, time)]
    (found,) = response_times(trials(rows))
    assert 700 < found.interval.low < found.geometric_mean < found.interval.high < 1400


def test_a_time_of_zero_has_no_logarithm():
    (found,) = response_times(trials(answers("a", 0, 1000)))
    assert (found.answered, found.outside) == (1, 1)


def test_a_condition_without_right_answers_has_no_row():
    assert response_times(trials(answers("a", 1000, correct=False))) == ()


def test_times_of_trials_that_were_loaded_again_are_left_out_and_counted():
    rows = [
        *answers("a", 1000, 2000),
        *answers("a", 300, 90_000, shown_times=2),
        *answers("a", 300, shown_times=2, correct=False),
        *answers("b", 100, 4000),
    ]
    (found,) = response_times(trials(rows), min_ms=200, max_ms=60_000)
    assert (found.answered, found.again, found.outside, found.wrong) == (3, 2, 1, 1)
    assert (found.medians.low, found.medians.high) == (1500, 4000)


def test_a_browser_that_could_not_count_is_believed():
    (found,) = response_times(trials(answers("a", 1000, shown_times=None) + answers("a", 3000)))
    assert (found.answered, found.again, found.medians.median) == (2, 0, 2000)


def test_times_of_zero_are_counted_apart():
    (found,) = response_times(trials(answers("a", 0, 0, 100, 1000)), min_ms=200)
    assert (found.answered, found.outside, found.zero) == (1, 3, 2)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (answers("a", 0, 0), "2 of its 2 right answers took 0 ms, which is no time."),
        (
            answers("a", 0, 90),
            "1 of its 2 right answers took 0 ms, the others are out of bounds or were begun again.",
        ),
        (answers("a", 1000, correct=False), "none of its 1 answers is right."),
    ],
)
def test_it_says_why_a_condition_has_no_times(rows, told):
    found = trials(rows + answers("a", 1000, condition="y"))
    assert missing_times(found, min_ms=200) == (Absent(f"No response times with x: {told}"),)
    assert [row.condition for row in response_times(found, min_ms=200)] == ["y"]
