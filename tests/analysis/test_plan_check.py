"""The plan beside the data, point by point."""

import pytest

from analysis.plan_check import check_plan
from analysis.reading import parse_export
from analysis.simulation import Assumptions, synthetic_export
from tests.analysis.conftest import ACCURACY


def point(results, what):
    return next(row for row in results.points if row.what == what)


def test_a_renamed_feature_is_named(study):
    name = "blocks.4.0:channel=0"

    def renamed(export):
        return export.assign(feature=export["feature"].replace(name, "blocks.4.0:channel=77"))

    found = point(study(change=renamed), "Features")
    assert found.kept is False
    assert found.found == f"16; not shown: {name}; not in the protocol: blocks.4.0:channel=77"


def test_many_features_are_counted(study):
    found = point(study(change=lambda export: export.assign(feature="other " + export["feature"])), "Features")
    assert found.found.count("and 11 more") == 2


def test_another_task_is_said(study):
    found = point(study(change=lambda export: export.assign(task="transfer")), "Task")
    assert (found.planned, found.found, found.kept) == ("held_out", "transfer", False)


@pytest.mark.parametrize("count", [0, 1])
def test_a_participant_with_several_conditions_is_counted_where_nobody_should_have_them(between_file, plan, count):
    file = between_file(plan)
    export = parse_export(synthetic_export(file, Assumptions(ACCURACY), participants=16, seed=3))
    own = export["participant"].isin(sorted(export["participant"].unique())[:count])
    every_other = export.groupby("participant").cumcount() % 2 == 0
    other = export["condition"].map({"accentuation": "exemplars", "exemplars": "accentuation"})
    mixed = export.assign(condition=export["condition"].where(~(own & every_other), other))
    found = next(row for row in check_plan(file, mixed, mixed) if row.what == "Design")
    assert found.planned == "between"
    assert found.found == ("1 with several conditions" if count else "between")
    assert found.kept is (count == 0)
