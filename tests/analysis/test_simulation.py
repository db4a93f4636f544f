"""The simulator: the study's own assignment, the accuracies that were asked for, exports that read as real ones."""

import numpy as np
import pandas as pd
import pytest

from analysis.mixed_model import mixed_model
from analysis.power import power_by_participants
from analysis.reading import parse_export
from analysis.selection import select_trials
from analysis.simulation import Assumptions, SimulationError, assignment, log_odds_of, simulate, synthetic_export
from stimuli.protocol import ExclusionsTable, parse_protocol, read_protocol
from studyapp.assignment import Design, plan_main

ACCURACY = {"accentuation": 0.8, "exemplars": 0.65}


def test_the_assignment_is_that_of_the_study(protocol_file):
    protocol = protocol_file().protocol
    trials = assignment(protocol, 3)
    third = trials[trials["participant"] == 3]
    drawn = plan_main(seed=7, number=3, features=16, design=Design(("exemplars", "accentuation"), references=9))
    assert third["feature"].tolist() == [trial.feature for trial in drawn]
    assert third["condition"].tolist() == [trial.cell.condition for trial in drawn]
    assert third["strong_side"].tolist() == [trial.strong_side for trial in drawn]
    assert third["trial"].tolist() == list(range(2, 18))  # after one practice trial


def test_the_assignment_of_a_study_between_participants_gives_each_one_condition(between_file):
    trials = assignment(between_file().protocol, 40)
    assert (trials.groupby("participant")["condition"].nunique() == 1).all()
    assert trials.groupby("condition")["participant"].nunique().tolist() == [20, 20]
    met = trials.groupby(["feature", "condition"]).size()
    assert len(met) == 16 * 2
    assert set(met) == {20}


def test_a_synthetic_export_of_a_study_between_participants_is_read_as_a_real_one(between_file):
    export = parse_export(synthetic_export(between_file(), Assumptions(ACCURACY), participants=4, seed=1))
    assert export.groupby("participant")["condition"].nunique().tolist() == [1] * 4


def test_accuracies_come_out_over_participants_features_images_and_lapses(protocol_file):
    trials = assignment(protocol_file(features=200).protocol, 300)
    assumptions = Assumptions(ACCURACY, participant_sd=0.8, feature_sd=0.6, image_sd=0.4, lapse=0.1)
    answered = simulate(trials, assumptions, seed=1)
    shares = answered.groupby("condition")["correct"].mean()
    # 60,000 answers, but only 300 participants and 200 features: a standard error of about 0.014.
    assert shares["accentuation"] == pytest.approx(0.8, abs=0.045)
    assert shares["exemplars"] == pytest.approx(0.65, abs=0.045)


def test_what_a_condition_does_varies_as_much_as_was_asked_for(protocol_file):
    trials = assignment(protocol_file(features=60).protocol, 80)
    assumptions = Assumptions(ACCURACY, lapse=0.0, image_sd=0.0, effect_participant_sd=0.6, effect_feature_sd=1.0)
    model = mixed_model(simulate(trials, assumptions, seed=3))
    # Of a difference between conditions; each has its share of the variance.
    assert 2**0.5 * model.participant_condition_sd == pytest.approx(0.6, abs=0.25)
    assert 2**0.5 * model.feature_condition_sd == pytest.approx(1.0, abs=0.25)


def test_without_varying_effects_the_answers_of_a_seed_stay_what_they_were(protocol_file):
    trials = assignment(protocol_file().protocol, 6)
    plain = simulate(trials, Assumptions(ACCURACY), seed=4)
    assert plain["correct"].equals(simulate(trials, Assumptions(ACCURACY, effect_feature_sd=0.0), seed=4)["correct"])
    varied = simulate(trials, Assumptions(ACCURACY, effect_feature_sd=1.5), seed=4)
    assert not plain["correct"].equals(varied["correct"])


def test_effects_come_out_as_they_went_in(protocol_file):
    trials = assignment(protocol_file(features=60).protocol, 120)
    assumptions = Assumptions(ACCURACY, participant_sd=0.7, feature_sd=0.5, image_sd=0.5, lapse=0.0)
    answered = simulate(trials, assumptions, seed=2)
    model = mixed_model(answered.assign(participant=answered["participant"].astype(str)))
    assert model.participant_sd == pytest.approx(0.7, abs=0.15)
    assert model.feature_sd == pytest.approx(0.5**0.5, abs=0.2)  # features and their one pair of images together


def test_log_odds_without_spread_are_those_of_the_textbook():
    assert log_odds_of(0.75, sd=0.0, lapse=0.0) == pytest.approx(np.log(3))
    # With lapses in a tenth of the trials 0.75 is 0.05 + 0.9 x 7/9.
    assert log_odds_of(0.75, sd=0.0, lapse=0.1) == pytest.approx(np.log(7 / 2))
    assert log_odds_of(0.75, sd=1.0, lapse=0.0) > np.log(3)


def test_the_same_seed_gives_the_same_answers(protocol_file):
    trials = assignment(protocol_file().protocol, 4)
    there, back, other = (simulate(trials, Assumptions(ACCURACY), seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(there, back)
    assert not there["correct"].equals(other["correct"])


def test_confidence_knows_a_little(protocol_file):
    answered = simulate(assignment(protocol_file(features=100).protocol, 60), Assumptions(ACCURACY), seed=1)
    by_level = answered.groupby("confidence")["correct"].mean()
    assert by_level[1] < by_level[2] < by_level[3]


def test_a_synthetic_export_is_read_as_a_real_one_and_says_what_it_is(protocol_file):
    file = protocol_file()
    export = parse_export(synthetic_export(file, Assumptions(ACCURACY), participants=5, seed=1))
    assert len(export) == 5 * 16
    assert set(export["protocol_sha256"]) == {file.sha256}
    assert all(name.startswith("synthetic-") for name in export["participant"])
    assert set(export["feature"]) == set(file.protocol.stimuli.features)


def test_simulated_images_differ_and_are_the_same_for_the_same_pair(protocol_file):
    export = parse_export(synthetic_export(protocol_file(), Assumptions(ACCURACY), participants=5, seed=1))
    assert (export["strong_image"] != export["weak_image"]).all()
    assert export.groupby("feature")["strong_image"].nunique().eq(1).all()
    assert export["strong_image"].nunique() == 16


CATCH = 'catch_features = ["logit=1", "logit=2", "logit=3"]'


@pytest.fixture
def with_catch(protocol_file, tmp_path):
    """The same protocol without and with catch features."""
    plain = protocol_file()
    path = tmp_path / "catch.toml"
    path.write_text(plain.text.replace("references = 9", f"references = 9\n{CATCH}"))
    return plain, read_protocol(path)


def test_catch_trials_are_assigned_as_in_the_study_and_change_no_other_answer(with_catch):
    plain, caught = (simulate(assignment(file.protocol, 40), Assumptions(ACCURACY), seed=3) for file in with_catch)
    assert caught["catch"].sum() == 3 * 40
    assert caught.groupby("participant")["trial"].apply(list).tolist() == [list(range(2, 21))] * 40
    told = ["participant", "feature", "condition", "strong_side", "correct", "confidence", "rt_ms"]
    rest = caught[~caught["catch"]]
    pd.testing.assert_frame_equal(rest[told].reset_index(drop=True), plain[told])
    assert caught[caught["catch"]]["correct"].mean() > 0.95


def test_a_synthetic_export_holds_the_catch_trials(with_catch):
    file = with_catch[1]
    export = parse_export(synthetic_export(file, Assumptions(ACCURACY), participants=5, seed=1))
    assert set(export["main_trials"]) == {19}
    assert set(export[export["catch"]]["feature"]) == {"logit=1", "logit=2", "logit=3"}
    assert set(export[~export["catch"]]["feature"]) == set(file.protocol.stimuli.features)
    selection = select_trials(export, ExclusionsTable(min_catch_accuracy=0.5))
    assert (selection.catch, len(selection.analysed)) == (15, 80)


def test_power_does_not_count_catch_trials(with_catch, plan):
    powers = []
    for file in with_catch:
        protocol = parse_protocol(file.text + plan + '[analysis]\nmain_test = "t"\n')
        powers.append(
            list(power_by_participants(protocol, Assumptions(ACCURACY), participants=[6], simulations=4, seed=1))
        )
    assert powers[0] == powers[1]


@pytest.mark.parametrize(("task", "references"), [("transfer", 9), ("continuation", 0)])
def test_synthetic_exports_of_the_other_tasks_leave_out_what_is_not_known(protocol_file, tmp_path, task, references):
    text = protocol_file().text.replace("[trials]", f'[stimuli.continuation]\n\n[trials]\ntask = "{task}"')
    path = tmp_path / f"{task}.toml"
    path.write_text(text.replace('["exemplars", "accentuation"]', '["none", "accentuation"]'))
    file = read_protocol(path)
    text = synthetic_export(file, Assumptions({"none": 0.5, "accentuation": 0.8}), participants=2, seed=1)
    export = parse_export(text)
    assert set(export["task"]) == {task}
    assert export[["difficulty", "weak_rank", "strong_activation"]].isna().all().all()
    assert dict(export.groupby("condition")["references"].max()) == {"accentuation": references, "none": 0}


@pytest.mark.parametrize(
    ("assumptions", "told"),
    [
        (Assumptions({"accentuation": 0.8}), "The protocol's conditions are accentuation, exemplars, and accuracies"),
        (Assumptions(ACCURACY | {"none": 0.5}), "given for accentuation, exemplars, none"),
        (Assumptions(ACCURACY | {"exemplars": 0.999}), "cannot be reached with a lapse rate of 0.02"),
    ],
)
def test_it_says_which_assumption_does_not_fit(protocol_file, assumptions, told):
    with pytest.raises(SimulationError, match=told):
        simulate(assignment(protocol_file().protocol, 2), assumptions, seed=1)
