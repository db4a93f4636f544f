"""Accuracy over the session: parts and slopes against least squares."""

import numpy as np
import pandas as pd
import pytest

from analysis.absence import Absent
from analysis.learning import learning


def session(participant, correct, first=3):
    """Answers in order; main trials begin after practice."""
    return [
        {"participant": participant, "trial": first + place, "correct": bool(told)}
        for place, told in enumerate(correct)
    ]


def test_the_slope_is_that_of_least_squares():
    rng = np.random.default_rng(1)
    people = {name: rng.integers(0, 2, size) for name, size in (("a", 20), ("b", 7))}
    rows = [row for name, correct in people.items() for row in session(name, correct)]
    found = learning(pd.DataFrame(rows), seed=1)
    slopes = [np.polyfit(np.linspace(0, 1, len(correct)), correct, 1)[0] for correct in people.values()]
    assert found.slope == pytest.approx(np.mean(slopes))
    assert found.test.mean == pytest.approx(found.slope)


def test_the_session_is_shown_in_fifths():
    rows = session("a", [0, 0, 0, 1, 1, 1, 1, 1, 1, 1]) + session("b", [0, 1, 1, 1, 1, 1, 1, 1, 1, 1])
    found = learning(pd.DataFrame(rows), seed=1)
    assert [(part.first, part.last) for part in found.parts] == [(1, 2), (3, 4), (5, 6), (7, 8), (9, 10)]
    assert [part.mean for part in found.parts] == [0.25, 0.75, 1, 1, 1]
    assert found.slope > 0


def test_fifths_are_named_by_places_where_sessions_are_alike_and_by_their_order_where_they_differ():
    alike = learning(pd.DataFrame(session("a", [0, 1] * 5) + session("b", [1, 0] * 5)), seed=1)
    assert [part.name for part in alike.parts] == ["1 to 2", "3 to 4", "5 to 6", "7 to 8", "9 to 10"]
    differing = learning(pd.DataFrame(session("a", [0, 1] * 5) + session("b", [1, 0, 1, 1, 0])), seed=1)
    assert [part.name for part in differing.parts] == [
        f"{name} fifth" for name in ("first", "second", "third", "fourth", "last")
    ]


@pytest.mark.parametrize(("test", "told"), [("t", "have a mean of 0"), ("wilcoxon", "are symmetric about 0")])
def test_the_null_hypothesis_is_that_of_the_test(test, told):
    rows = session("a", [0, 1, 1, 0, 1]) + session("b", [1, 0, 1, 1, 1]) + session("c", [0, 0, 0, 1, 1])
    found = learning(pd.DataFrame(rows), seed=1, test=test)
    assert found.test.null_hypothesis == f"participants' changes over the session {told}"


def test_the_order_of_rows_does_not_matter():
    table = pd.DataFrame(session("a", [0, 1, 1, 0, 1, 1]) + session("b", [1, 0, 1, 1, 1, 0]))
    shuffled = table.sample(frac=1, random_state=3).reset_index(drop=True)
    assert learning(table, seed=1) == learning(shuffled, seed=1)


def test_one_trial_has_no_change():
    told = Absent("No change over the session: a participant with one main trial has none.")
    assert learning(pd.DataFrame(session("a", [1])), seed=1) == told
