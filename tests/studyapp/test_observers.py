"""Observers answer what the trial shows, and the command writes what the report reads."""

import uuid
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from analysis.observers import read_observers
from analysis.reading import read_export
from studyapp.models import Participant, Phase, Response, Study, Trial
from studyapp.observers import LIKENESS, View, nearness, observed, preference, small, view_of
from studyapp.selectors import answered_main_trials
from tests.studyapp.turns import answer_practice, respond, trials_in_turn
from tests.studyapp.world import make_study, protocol_text, write_picture


def answer_all(participant: Participant) -> None:
    for trial in trials_in_turn(participant):
        respond(participant, trial, rt_ms=1000.0)


@pytest.mark.parametrize("observer", ["pixels", "structure"])
def test_a_choice_that_is_also_the_evidence_is_preferred(db: None, observer: str) -> None:
    one, two = write_picture(1), write_picture(2)
    assert preference(View(right=one, other=two, strong=(one,), weak=()), LIKENESS[observer]) > 0
    assert preference(View(right=two, other=one, strong=(one,), weak=()), LIKENESS[observer]) < 0
    # Likeness to what the feature hardly responds to speaks against a choice.
    assert preference(View(right=one, other=two, strong=(), weak=(one,)), LIKENESS[observer]) < 0
    assert preference(View(right=one, other=two, strong=(), weak=()), LIKENESS[observer]) == 0


def test_nearness_is_the_root_mean_square_difference_and_zero_for_the_same_image(db: None) -> None:
    black, grey = np.zeros((2, 2, 3), np.uint8), np.full((2, 2, 3), 200, np.uint8)
    assert nearness(grey, black) == nearness(black, grey) == -200.0
    picture = small(write_picture(1))
    assert picture.shape == (64, 64, 3)
    assert nearness(picture, picture) == 0.0


def test_a_view_holds_the_evidence_of_the_condition_and_both_choices(participant: Participant) -> None:
    answer_practice(participant)
    for trial in participant.trials.filter(phase=Phase.MAIN):
        view = view_of(trial)
        pair = trial.query_pair
        assert pair is not None
        assert (view.right, view.other) == (pair.strong_image.sha256, pair.weak_image.sha256)
        references = {reference.image.sha256 for reference in pair.references}
        assert references <= set(view.strong)
        assert len(view.strong) == (8 if trial.condition == "accentuation" else 4)


def test_observers_answer_every_answered_main_trial_the_same_way_each_time(
    study: Study, participant: Participant
) -> None:
    answer_all(participant)
    first = [(trial.pk, observer, side) for trial, observer, side in observed(answered_main_trials(study))]
    again = [(trial.pk, observer, side) for trial, observer, side in observed(answered_main_trials(study))]
    assert first == again
    assert len(first) == 5 * Trial.objects.filter(phase=Phase.MAIN, response__isnull=False).count() > 0
    strong = dict(Trial.objects.values_list("pk", "strong_side"))
    assert all(side == strong[trial] for trial, observer, side in first if observer == "activation")


def test_without_evidence_the_observers_of_likeness_guess(db: None) -> None:
    study = make_study(protocol_text(features=12, references=2, conditions=("none",)))
    from studyapp.services.enrolment import participant_enrol
    from studyapp.services.progress import instructions_read

    participant = participant_enrol(study=study, client_id=uuid.uuid4())
    instructions_read(participant=participant)
    participant.refresh_from_db()
    answer_practice(participant)
    trials = list(participant.trials.filter(phase=Phase.MAIN))
    right = [side == trial.strong_side for trial, observer, side in observed(trials) if observer == "pixels"]
    assert 0 < sum(right) < len(right) == 12


def test_the_command_writes_what_the_report_reads(study: Study, participant: Participant, tmp_path: Path) -> None:
    answer_all(participant)
    export, observers = tmp_path / "export.csv", tmp_path / "observers.csv"
    call_command("export_responses", study.slug, "--out", str(export))
    call_command("export_observers", study.slug, "--out", str(observers))
    read = read_observers(observers, read_export(export))
    assert len(read) == 5 * Response.objects.filter(trial__phase=Phase.MAIN).count()


def test_an_unknown_study_ends_in_one_sentence(study: Study) -> None:
    with pytest.raises(CommandError, match="There is no study 'bird'; the studies are: birds"):
        call_command("export_observers", "bird")
