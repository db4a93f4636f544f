"""The figures: every number has its mark, and the words of the study are text in them."""

from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pandas as pd

from analysis.absence import Absent
from analysis.breakdown import FeatureAccuracy, feature_accuracies
from analysis.confidence import calibrations
from analysis.figures.calibration import calibration_figure
from analysis.figures.caterpillar import caterpillar_figure
from analysis.figures.flow import _boxes, flow_figure
from analysis.figures.gallery import report_figures
from analysis.figures.session import session_figure
from analysis.learning import learning
from analysis.reading import parse_export
from analysis.report import render_report
from analysis.results import analyse
from analysis.selection import select_trials
from stimuli.protocol import ExclusionsTable

SVG = "{http://www.w3.org/2000/svg}"


def words(svg):
    return [" ".join("".join(text.itertext()).split()) for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def marks(svg, colour):
    """Marks of one colour: a marker is defined once and used at each of its places."""
    return sum(f"fill: {colour}" in use.get("style", "") for use in ElementTree.fromstring(svg).iter(f"{SVG}use"))


def trials(people=12, features=9):
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "participant": f"p{person}",
            "feature": f"logit={feature}",
            "condition": "xy"[(person + feature) % 2],
            "trial": feature + 1,
            "correct": bool(rng.random() < 0.7),
            "confidence": int(rng.integers(1, 4)),
        }
        for person in range(people)
        for feature in range(features)
    )


def test_the_caterpillar_has_a_point_for_every_feature_and_orders_them():
    svg = caterpillar_figure(feature_accuracies(trials()))
    assert marks(svg, "#0072b2") == marks(svg, "#d55e00") == 9
    assert {"x", "y", "features, hardest first", "chance"} <= set(words(svg))
    heights = [
        float(use.get("y"))
        for use in ElementTree.fromstring(svg).iter(f"{SVG}use")
        if "fill: #0072b2" in use.get("style", "")
    ]
    assert heights == sorted(heights, reverse=True)  # in SVG y grows downwards


def test_a_feature_without_an_interval_still_has_its_point():
    rows = (FeatureAccuracy("a", "x", 1, 1, 2, Absent("No interval: answers are not independent.")),)
    assert marks(caterpillar_figure(rows), "#0072b2") == 1


def test_calibration_has_a_mark_for_each_level_and_condition():
    rows = calibrations(trials())
    svg = calibration_figure(rows)
    assert marks(svg, "#0072b2") >= 3
    assert {"1 guessing", "2 fairly sure", "3 sure", "x", "y"} <= set(words(svg))


def test_the_session_names_its_trials():
    assert {"1 to 2", "3 to 4", "main trials"} <= set(words(session_figure(learning(trials(), seed=1))))


def test_the_flow_names_every_rule_with_its_count(rows_of, csv_text):
    counts = {name: {"x": (3, 4), "y": (2, 4)} for name in "abc"} | {"early": {"x": (1, 3)}}
    export = parse_export(csv_text(rows_of(counts, main_trials=8)))
    told = words(flow_figure(select_trials(export, ExclusionsTable(min_side_choices=4))))
    assert told[0] == "answered at least one trial: 4"
    assert told[1] == "did not answer all main trials: 1"
    assert told[2] == "did not keep the place in the design: 0"
    assert told[3].startswith("chose one side fewer than 4 times: ")
    left = int(told[3].rpartition(" ")[2])
    assert told[4] == f"analysed: {3 - left}"


def test_the_words_of_the_flow_stay_in_their_boxes(rows_of, csv_text):
    counts = {name: {"x": (3, 4), "y": (2, 4)} for name in "abc"}
    rules = ExclusionsTable(min_catch_accuracy=0.95, min_instructions_s=30, max_total_s=3600)
    selection = select_trials(parse_export(csv_text(rows_of(counts))), rules)
    for box in _boxes(selection):
        # A letter of 9 points is seldom wider than 5.5, and 10 units are as wide as the figure, 6.3 inches.
        assert max(map(len, box.lines)) * 5.5 < box.width / 10 * 6.3 * 72
    tops = [(box.y - box.height / 2, box.y + box.height / 2) for box in _boxes(selection)]
    assert all(above[1] < below[0] for above, below in pairwise(tops))
    text = " ".join(words(flow_figure(selection)))
    assert "took more than 3600 s from the first answer to the last: 0" in text
    assert "answered less than 95% of the catch trials rightly: 0 (3 could not be judged)" in text


def test_the_same_numbers_give_the_same_bytes():
    assert caterpillar_figure(feature_accuracies(trials())) == caterpillar_figure(feature_accuracies(trials()))


def test_with_many_conditions_the_text_of_the_figures_stays_as_large():
    names = [f"condition {number}" for number in range(6)]
    rows = tuple(FeatureAccuracy("a", name, 1, 1, 2, Absent("No interval.")) for name in names)
    svg = caterpillar_figure(rows)
    assert set(names) <= set(words(svg))
    assert ElementTree.fromstring(svg).get("width") == ElementTree.fromstring(caterpillar_figure(rows[:1])).get("width")


def test_only_where_somebody_has_several_conditions_lines_are_spoken_of(rows_of, csv_text):
    def told(counts):
        results = analyse(parse_export(csv_text(rows_of(counts))), seed=1)
        return report_figures(results)["accuracy"].description, render_report(results, export_sha256="ef" * 32)

    within = told({name: {"x": (3, 4), "y": (2, 4)} for name in "abc"})
    between = told({name: {"xy"[place % 2]: (3, 4)} for place, name in enumerate("abcd")})
    assert all("join the points of the same participant" in text for text in within)
    assert not any("join the points of the same participant" in text for text in between)
