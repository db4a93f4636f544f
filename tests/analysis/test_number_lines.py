"""``results.csv``: a line for each number of the report; ``features.csv``: one for each feature and condition."""

import csv
import io

import pytest

from analysis.number_lines import FEATURE_HEADER, HEADER, features_csv, results_csv
from tests.analysis.conftest import EQUIVALENT, PLAN
from tests.analysis.test_planned_report import RULES, one_sided


@pytest.fixture
def lines(study):
    results = study(PLAN + EQUIVALENT + RULES, change=one_sided)
    return results, list(csv.DictReader(io.StringIO(results_csv(results))))


def found(lines, **cells):
    return [row for row in lines if all(row[name] == value for name, value in cells.items())]


def test_every_part_of_the_report_has_its_lines(lines):
    results, rows = lines
    assert tuple(rows[0]) == HEADER
    details = results.details
    session = found(rows, part="session")
    assert len(session) == len(details.learning.parts) + 1
    assert float(session[-1]["value"]) == details.learning.slope
    assert float(session[-1]["p"]) == details.learning.test.p
    calibrations = [row for row in found(rows, part="confidence") if row["measure"] == "mean over participants"]
    assert [float(row["value"]) for row in calibrations] == [row.mean for row in details.calibrations]
    everyone = found(rows, part="accuracy, everyone", measure="mean over participants")
    assert [float(row["value"]) for row in everyone] == [row.mean for row in results.everyone.accuracies]
    levels = [row for row in rows if ", layer " in row["row"] and row["measure"] == "mean over participants, bootstrap"]
    assert len(levels) == len([row for row in details.breakdowns if row.by == "layer"])
    pair = details.effects[0].units
    for unit, test in (("participants", pair.participants), ("features", pair.features)):
        (row,) = found(rows, part="comparison", measure=f"difference over {unit}")
        assert (float(row["p"]), int(row["n"])) == (test.p, test.n)
    again = [row for row in found(rows, part="robustness") if row["p_holm"]]
    assert [float(row["p"]) for row in again] == [row.p for row in results.robustness[0].hypotheses]


def test_a_hypothesis_has_its_value_interval_test_and_statistic(lines):
    results, rows = lines
    more, above, alike = (
        next(row for row in found(rows, part="hypothesis", row=name) if row["verdict"])
        for name in ("More", "Above chance", "Alike")
    )
    test = results.hypotheses[0].test
    assert more["measure"] == "log odds ratio"
    assert (float(more["value"]), float(more["low"]), float(more["high"])) == (
        test.log_odds,
        test.interval.low,
        test.interval.high,
    )
    assert more["statistic"] == f"χ²(1) = {test.chi2:.2f}"
    assert more["test"] == "likelihood-ratio test of the mixed model"
    assert above["measure"] == "log-odds"
    assert alike["interval"] == "90% interval of the two one-sided t-tests, not corrected"
    assert (float(alike["low"]), float(alike["high"])) == (
        results.hypotheses[2].test.low,
        results.hypotheses[2].test.high,
    )
    (points,) = found(rows, part="hypothesis", row="More", measure="difference of accuracies")
    assert float(points["value"]) == results.hypotheses[0].effect.difference
    assert points["interval"].startswith("BCa bootstrap")
    assert all(row["standing"] == "confirmatory" for row in (more, above, alike, points))


def test_features_have_a_table_of_their_own(lines):
    results, rows = lines
    assert "feature" not in {row["part"] for row in rows}
    told = list(csv.DictReader(io.StringIO(features_csv(results))))
    assert tuple(told[0]) == FEATURE_HEADER
    keys = [(row["feature"], row["condition"]) for row in told]
    assert len(set(keys)) == len(keys) == len(results.details.features)
    assert all(int(row["correct"]) / int(row["answered"]) == float(row["share"]) for row in told)


def test_what_cannot_be_told_apart_from_certain_is_certain(lines):
    results, _ = lines
    certain = [row for row in csv.DictReader(io.StringIO(features_csv(results))) if row["share"] == "1.0"]
    assert any(row["high"] for row in certain)
    assert all(float(row["high"]) == 1.0 for row in certain if row["high"])
