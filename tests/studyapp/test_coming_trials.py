"""``/p/<token>/trials/``: the trials up to the next stop, as they will stand on the page."""

import uuid
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from studyapp.models import Participant
from studyapp.services.enrolment import participant_enrol
from studyapp.services.progress import instructions_read
from tests.studyapp.turns import respond, trials_in_turn
from tests.studyapp.world import make_study, protocol_text


def listed(client: Client, participant: Participant) -> list[dict[str, Any]]:
    reply = client.get(f"/p/{participant.token}/trials/")
    assert "no-store" in reply["Cache-Control"]
    trials: list[dict[str, Any]] = reply.json()["trials"]
    return trials


def test_it_lists_what_is_left_up_to_the_end_of_practice_and_then_to_the_end(
    client: Client, participant: Participant
) -> None:
    counted = []
    for trial in trials_in_turn(participant):
        trials = listed(client, participant)
        counted.append(len(trials))
        assert trials[0]["trial"] == str(trial.public_id)
        assert f'data-trial="{trial.public_id}"' in trials[0]["html"]
        assert ("data-feedback" in trials[0]["html"]) == (trial.phase == "practice")
        respond(participant, trial)
    assert counted == [2, 1, 4, 3, 2, 1]
    assert listed(client, participant) == []


def test_a_long_list_takes_no_more_queries_than_a_short_one(client: Client, participant: Participant) -> None:
    with CaptureQueriesContext(connection) as short:
        assert len(listed(client, participant)) == 2
    for trial in trials_in_turn(participant):
        if trial.phase == "main":
            break
        respond(participant, trial)
    with CaptureQueriesContext(connection) as long:
        assert len(listed(client, participant)) == 4
    assert len(long) == len(short)


def test_nothing_is_listed_before_the_instructions_are_read(client: Client, newcomer: Participant) -> None:
    assert listed(client, newcomer) == []


def test_a_session_that_is_unknown_is_refused_in_words_that_a_script_reads(client: Client, db: None) -> None:
    reply = client.get(f"/p/{'x' * 43}/trials/")
    assert (reply.status_code, reply.json()["code"]) == (404, "unknown_session")


def test_main_trials_give_feedback_where_the_protocol_says_so(client: Client, db: None) -> None:
    study = make_study(protocol_text().replace("conditions =", "feedback = true\nconditions ="))
    participant = participant_enrol(study=study, client_id=uuid.uuid4())
    instructions_read(participant=participant)
    participant.refresh_from_db()
    for trial in trials_in_turn(participant):
        assert "data-feedback" in listed(client, participant)[0]["html"]
        told = respond(participant, trial).feedback
        assert told is not None
        assert told.strong_side == trial.strong_side
