"""Confidence: calibration, and AUROC against a count of all pairs."""

import itertools

import numpy as np
import pandas as pd
import pytest

from analysis.absence import Absent
from analysis.confidence import calibrations, discriminations, participant_areas


def answers(participant, *pairs, condition="x"):
    """Answers from (correct, confidence)."""
    return [
        {"participant": participant, "condition": condition, "correct": correct, "confidence": confidence}
        for correct, confidence in pairs
    ]


def counted_area(rows):
    """Over all pairs of a right and a wrong answer."""
    right = [row["confidence"] for row in rows if row["correct"]]
    wrong = [row["confidence"] for row in rows if not row["correct"]]
    return np.mean([(a > b) + 0.5 * (a == b) for a, b in itertools.product(right, wrong)])


def test_auroc_is_that_of_all_pairs():
    rng = np.random.default_rng(1)
    people = [
        answers(name, *((bool(rng.random() < 0.6), int(rng.integers(1, 4))) for _ in range(count)))
        for name, count in (("a", 12), ("b", 30), ("c", 9))
    ]
    areas = participant_areas(pd.DataFrame(itertools.chain(*people)))
    assert areas == pytest.approx([counted_area(rows) for rows in people])


def test_auroc_is_one_where_confidence_knows_and_a_half_where_it_does_not():
    knows = answers("a", (True, 3), (True, 2), (False, 1))
    says_nothing = answers("b", (True, 2), (False, 2), (True, 2))
    assert participant_areas(pd.DataFrame(knows + says_nothing)) == pytest.approx([1.0, 0.5])


def test_participants_who_are_always_right_have_none_and_are_counted():
    rows = answers("a", (True, 3), (True, 1)) + answers("b", (True, 3), (False, 1))
    (found,) = discriminations(pd.DataFrame(rows))
    assert (found.n, found.without, found.auroc) == (1, 1, 1.0)


def test_nobody_with_both_gives_a_reason():
    (found,) = discriminations(pd.DataFrame(answers("a", (True, 3))))
    assert found.auroc is None
    assert found.interval == Absent("No AUROC: no participant had both right and wrong answers.")


def test_calibration_counts_participants_once_at_each_level():
    rows = answers("a", (True, 3), (True, 3), (False, 3), (False, 1)) + answers("b", (False, 3))
    guessing, sure = calibrations(pd.DataFrame(rows))
    assert (guessing.confidence, guessing.n, guessing.answered, guessing.mean) == (1, 1, 1, 0.0)
    assert (sure.confidence, sure.n, sure.answered) == (3, 2, 4)
    assert sure.mean == pytest.approx((2 / 3 + 0) / 2)
