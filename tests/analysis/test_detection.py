"""d' and side bias: by hand, and where there are none."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.absence import Absent
from analysis.detection import detections


def answers(hits: int, alarms: int, of: int, *, participant: str = "a", condition: str = "x") -> list[dict[str, str]]:
    """`of` trials with the strong query on each side, of which that many were answered left."""
    return [
        {"participant": participant, "condition": condition, "strong_side": side, "choice": choice}
        for side, left in (("left", hits), ("right", alarms))
        for choice in ["left"] * left + ["right"] * (of - left)
    ]


def test_d_prime_and_criterion_are_those_of_the_textbook():
    # 13 of 20 hits and 4 of 20 false alarms, half an answer added: 13.5 / 21 and 4.5 / 21.
    (found,) = detections(pd.DataFrame(answers(13, 4, 20)))
    z_hit, z_alarm = stats.norm.ppf([13.5 / 21, 4.5 / 21])
    assert found.d_prime.mean == pytest.approx((z_hit - z_alarm) / 2**0.5)
    assert found.criterion.mean == pytest.approx(-(z_hit + z_alarm) / 2)
    assert found.left.mean == 17 / 40
    assert isinstance(found.d_prime.interval, Absent)


def test_without_bias_d_prime_is_that_of_the_share_correct():
    # Large counts, so that the half answers do not matter: d' = sqrt(2) z(proportion correct).
    (found,) = detections(pd.DataFrame(answers(8000, 2000, 10_000)))
    assert found.d_prime.mean == pytest.approx(2**0.5 * stats.norm.ppf(0.8), abs=0.001)
    assert found.criterion.mean == pytest.approx(0, abs=1e-9)


def test_always_left_is_no_sensitivity_and_a_bias_to_the_left():
    (found,) = detections(pd.DataFrame(answers(10, 10, 10)))
    assert found.d_prime.mean == 0
    assert found.criterion.mean < -1
    assert found.left.mean == 1


def test_all_correct_is_finite_and_participants_count_once():
    rows = answers(5, 0, 5) + answers(50, 0, 50, participant="b")
    (found,) = detections(pd.DataFrame(rows))
    each = [2**0.5 * stats.norm.ppf((n + 0.5) / (n + 1)) for n in (5, 50)]
    assert found.d_prime.mean == pytest.approx(np.mean(each))
    assert found.n == 2
    assert found.d_prime.interval.low < found.d_prime.mean < found.d_prime.interval.high


def test_the_criterion_is_in_units_of_the_difference_between_two_images():
    # An observer with d' = 1 who says left where (left - right) exceeds k = 0.5, in units of one image; the difference
    # of two images has a standard deviation of sqrt 2. Counts so large that rounding does not matter.
    of, k = 1_000_000, 0.5
    hits, alarms = (round(of * stats.norm.cdf((shift - k) / 2**0.5)) for shift in (1, -1))
    table = pd.DataFrame({"participant": "a", "condition": "x", "strong_side": ["left"] * of + ["right"] * of}).assign(
        choice=["left"] * hits + ["right"] * (of - hits) + ["left"] * alarms + ["right"] * (of - alarms)
    )
    (found,) = detections(table)
    assert found.d_prime.mean == pytest.approx(1, abs=1e-4)
    assert found.criterion.mean * 2**0.5 == pytest.approx(k, abs=1e-4)


def test_the_share_of_left_has_the_n_of_all_participants():
    # `b` saw the strong query on the left only, and chose it in 3 of 4 trials: 0.75 and 5 / 10 have a mean of 0.625.
    rows = answers(4, 1, 5) + [row for row in answers(3, 0, 4, participant="b") if row["strong_side"] == "left"]
    (found,) = detections(pd.DataFrame(rows))
    assert (found.n, found.d_prime.n, found.left.n, found.left.mean) == (1, 1, 2, 0.625)


def test_one_side_alone_gives_a_reason():
    rows = [row for row in answers(3, 0, 4) if row["strong_side"] == "left"]
    (found,) = detections(pd.DataFrame(rows))
    assert found.d_prime == Absent("No d': no participant saw the strong query on both sides.")
    assert found.left.mean == 0.75


def test_each_condition_is_its_own():
    rows = answers(10, 0, 10) + answers(5, 5, 10, condition="y")
    first, second = detections(pd.DataFrame(rows))
    assert (first.condition, second.condition) == ("x", "y")
    assert first.d_prime.mean > 2 > second.d_prime.mean == 0
