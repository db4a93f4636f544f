"""The service that stores and scores an answer: each once, in order, whatever the network does."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import pytest
from django.db import IntegrityError, connection, transaction

from studyapp.models import Participant, Response, Trial
from studyapp.selectors import current_trial
from studyapp.services.enrolment import participant_enrol
from studyapp.services.progress import instructions_read
from studyapp.services.responses import Acknowledgement, ResponseRefusedError, response_record
from tests.studyapp.turns import trials_in_turn
from tests.studyapp.world import make_study, protocol_text


def answer(
    participant: Participant,
    trial: Trial,
    *,
    client_id: uuid.UUID | None = None,
    side: Literal["left", "right"] = "left",
) -> Acknowledgement:
    return response_record(
        participant=participant,
        trial_id=trial.public_id,
        client_id=client_id or uuid.uuid4(),
        choice=side,
        confidence=2,
        rt_ms=1234.5,
    )


def at_hand(participant: Participant) -> Trial:
    trial = current_trial(participant)
    assert trial is not None
    return trial


def finish_practice(participant: Participant) -> None:
    for _ in range(2):
        answer(participant, at_hand(participant))


def test_it_stores_the_answer_and_scores_it_by_the_side_of_the_strong_query(participant: Participant) -> None:
    for trial in trials_in_turn(participant):
        answer(participant, trial, side="right")
        assert trial.response.choice == "right"
        assert trial.response.correct == (trial.strong_side == "right")
        assert (trial.response.confidence, trial.response.rt_ms) == (2, 1234.5)


def test_it_gives_feedback_in_practice(participant: Participant) -> None:
    trial = at_hand(participant)
    feedback = answer(participant, trial, side="left").feedback
    assert feedback is not None
    assert feedback.correct == (trial.strong_side == "left")
    assert feedback.strong_side == trial.strong_side


def test_it_says_nothing_about_the_answer_to_a_main_trial(participant: Participant) -> None:
    finish_practice(participant)
    assert answer(participant, at_hand(participant)) == Acknowledgement(stored=True, feedback=None, over=False)


def test_a_replay_is_acknowledged_as_the_first_time_and_stores_nothing(participant: Participant) -> None:
    trial, client_id = at_hand(participant), uuid.uuid4()
    first = answer(participant, trial, client_id=client_id)
    assert answer(participant, trial, client_id=client_id) == first
    assert Response.objects.count() == 1


def test_a_replay_of_an_earlier_trial_is_acknowledged_after_later_ones(participant: Participant) -> None:
    trial, client_id = at_hand(participant), uuid.uuid4()
    answer(participant, trial, client_id=client_id)
    answer(participant, at_hand(participant))
    assert answer(participant, trial, client_id=client_id).stored
    assert Response.objects.count() == 2


def test_of_two_different_answers_the_first_stands_and_the_second_is_told_so(participant: Participant) -> None:
    trial = at_hand(participant)
    answer(participant, trial, side="left")
    second = answer(participant, trial, side="right")
    assert not second.stored
    assert Response.objects.get().choice == "left"
    assert second.feedback is not None
    assert second.feedback.correct == (trial.strong_side == "left")


def test_only_the_current_trial_can_be_answered(participant: Participant) -> None:
    later = participant.trials.get(position=2)
    with pytest.raises(ResponseRefusedError, match="current trial"):
        answer(participant, later)


def test_no_trial_can_be_answered_before_the_instructions_are_read(newcomer: Participant) -> None:
    with pytest.raises(ResponseRefusedError, match="current trial"):
        answer(newcomer, newcomer.trials.get(position=1))


def test_a_trial_of_another_participant_is_refused(participant: Participant) -> None:
    other = participant_enrol(study=participant.study, client_id=uuid.uuid4())
    instructions_read(participant=other)
    with pytest.raises(ResponseRefusedError, match="no such trial"):
        answer(participant, other.trials.get(position=1))


def test_a_client_id_that_was_used_for_another_trial_is_refused(participant: Participant) -> None:
    client_id = uuid.uuid4()
    answer(participant, at_hand(participant), client_id=client_id)
    with pytest.raises(ResponseRefusedError, match="another trial"):
        answer(participant, at_hand(participant), client_id=client_id)


def test_the_completion_code_exists_from_the_last_response_on_and_never_changes(participant: Participant) -> None:
    last_id = uuid.uuid4()
    for trial in trials_in_turn(participant):
        participant.refresh_from_db()
        assert participant.completion_code == ""
        answer(participant, trial, client_id=last_id if trial.position == 6 else None)
    participant.refresh_from_db()
    code = participant.completion_code
    assert len(code) == 8
    assert participant.completed_at is not None
    answer(participant, participant.trials.get(position=6), client_id=last_id)
    participant.refresh_from_db()
    assert participant.completion_code == code


@pytest.mark.parametrize(
    ("field", "value"), [("confidence", 4), ("confidence", 0), ("choice", "both"), ("rt_ms", -1.0)]
)
def test_the_database_itself_refuses_an_impossible_answer(participant: Participant, field: str, value: object) -> None:
    answer(participant, at_hand(participant))
    with pytest.raises(IntegrityError), transaction.atomic():
        Response.objects.update(**{field: value})


def test_the_database_itself_refuses_a_completion_code_without_completion(participant: Participant) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Participant.objects.update(completion_code="ABC")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("doubled", [True, False], ids=["one answer sent often", "different answers"])
def test_answers_sent_at_the_same_moment_are_stored_once(doubled: bool) -> None:
    study = make_study(protocol_text())
    participant = participant_enrol(study=study, client_id=uuid.uuid4())
    instructions_read(participant=participant)
    trial = participant.trials.get(position=1)
    shared = uuid.uuid4()

    def send(number: int) -> bool:
        try:
            client_id = shared if doubled else uuid.uuid4()
            return answer(participant, trial, client_id=client_id, side="left" if number % 2 else "right").stored
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        stored = list(pool.map(send, range(24)))
    assert Response.objects.count() == 1
    assert stored.count(True) == (24 if doubled else 1)
