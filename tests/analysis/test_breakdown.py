"""Accuracy by layer, difficulty and feature."""

import pandas as pd
import pytest

from analysis.absence import Absent
from analysis.breakdown import breakdowns, feature_accuracies, layer_of
from analysis.intervals import Interval


def trials_of(*cells):
    names = ("participant", "feature", "condition", "correct")
    return pd.DataFrame([dict(zip(names, cell, strict=True)) for cell in cells])


@pytest.mark.parametrize(
    ("feature", "layer"),
    [("blocks.4.2:channel=17", "blocks.4.2"), ("logit=285", "logit"), ("a:b:channel=1", "a:b"), ("odd", "odd")],
)
def test_the_layer_is_read_from_the_name_of_the_feature(feature, layer):
    assert layer_of(feature) == layer


def test_participants_count_once_in_every_layer():
    trials = trials_of(
        ("a", "x:channel=1", "c", True),
        ("a", "x:channel=2", "c", False),
        ("a", "x:channel=3", "c", False),
        ("b", "x:channel=1", "c", True),
        ("a", "y:channel=1", "c", False),
    )
    first, second = breakdowns(trials, seed=1)
    assert (first.by, first.level, first.condition, first.n, first.answered) == ("layer", "x", "c", 2, 4)
    assert first.mean == pytest.approx((1 / 3 + 1) / 2)
    assert (second.level, second.n, second.mean) == ("y", 1, 0.0)
    assert isinstance(second.interval, Absent)


def test_several_tasks_are_told_apart():
    trials = trials_of(("a", "x:channel=1", "c", True), ("a", "x:channel=2", "c", False))
    first, second = breakdowns(trials.assign(task=["held_out", "transfer"]), seed=1)
    assert [(row.by, row.level, row.mean) for row in (first, second)] == [
        ("task", "held_out", 1),
        ("task", "transfer", 0),
    ]


def test_what_does_not_differ_is_no_breakdown():
    assert breakdowns(trials_of(("a", "x:channel=1", "c", True), ("a", "x:channel=2", "c", True)), seed=1) == ()


def test_difficulty_is_broken_down_where_the_export_has_it():
    trials = trials_of(("a", "logit=1", "c", True), ("b", "logit=1", "c", False)).assign(difficulty=["easy", "hard"])
    assert [(row.by, row.level, row.mean) for row in breakdowns(trials, seed=1)] == [
        ("difficulty", "easy", 1.0),
        ("difficulty", "hard", 0.0),
    ]


def test_features_have_wilsons_interval_where_answers_are_independent():
    trials = trials_of(
        *((f"p{number}", "f", "c", number < 3) for number in range(4)),
        ("p1", "g", "c", True),
        ("p1", "g", "c", False),
    )
    first, second = feature_accuracies(trials)
    assert (first.feature, first.n, first.correct, first.answered, first.share) == ("f", 4, 3, 4, 0.75)
    assert isinstance(first.interval, Interval)
    assert second.interval == Absent(
        "No interval: participants answered more than once, and their answers are not independent."
    )
