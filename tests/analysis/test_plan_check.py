"""The plan beside the data, point by point."""

import pytest

from analysis.plan_check import check_plan
from analysis.reading import parse_export
from analysis.simulation import Assumptions, synthetic_export
from stimuli.protocol import read_protocol
from tests.analysis.conftest import ACCURACY, answered_by_people


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


PLANNED_CATCH = 'references = 9\ncatch_features = ["logit=1", "logit=2"]'


def people_of(file, participants=8):
    return parse_export(
        answered_by_people(synthetic_export(file, Assumptions(ACCURACY), participants=participants, seed=3))
    )


def checked(file, change=lambda export: export):
    """The points that are not kept, where only main answers are analysed."""
    export = change(people_of(file))
    analysed = export[(export["phase"] == "main") & ~export["catch"]]
    return {row.what: row.found for row in check_plan(file, export, analysed) if row.kept is False}


@pytest.fixture
def with_catch(protocol_file, tmp_path):
    protocol_file()
    path = tmp_path / "protocol.toml"
    path.write_text(path.read_text().replace("references = 9", PLANNED_CATCH))
    return read_protocol(path)


def test_a_study_run_as_planned_departs_in_no_point(with_catch, between_file):
    assert checked(with_catch) == {}
    assert checked(between_file()) == {}


def test_catch_trials_that_were_planned_and_not_shown_are_said(with_catch):
    found = checked(with_catch, lambda export: export[~export["catch"]])
    assert found == {
        "Catch trials of each participant": "0",
        "Main trials of each participant, catch trials among them": "16",
    }


def test_participants_without_a_condition_are_counted_in_a_study_within(with_catch):
    def half_alike(export):
        half = export["participant"].isin(sorted(export["participant"].unique())[:4])
        return export.assign(condition=export["condition"].where(~half, "accentuation"))

    assert checked(with_catch, half_alike) == {"Design": "within; 4 of 8 participants without some condition"}


def test_a_condition_of_catch_trials_and_of_excluded_participants_is_no_condition_that_was_analysed(with_catch):
    def main_in_one_condition(export):
        return export.assign(condition=export["condition"].where(export["catch"], "accentuation"))

    found = checked(with_catch, main_in_one_condition)
    assert found["Conditions"] == "accentuation"


@pytest.mark.parametrize(
    ("cells", "what", "found"),
    [
        ({"model": "resnet50"}, "Model", "resnet50"),
        ({"references": 4}, "Reference images", "4"),
        ({"difficulty": "95"}, "Difficulties", "95"),
    ],
)
def test_another_model_or_other_images_are_said(with_catch, cells, what, found):
    assert checked(with_catch, lambda export: export.assign(**cells)) == {what: found}
