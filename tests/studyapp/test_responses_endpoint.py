"""``/p/<token>/responses/``: where the browser sends its answers."""

import json
import uuid
from io import BytesIO
from typing import Any

import pytest
from django.http import HttpResponseBase
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studyapp.models import Participant, Response
from studyapp.selectors import current_trial
from tests.studyapp.whole_session import fresh, to_practice


def payload(participant: Participant, position: int = 1) -> dict[str, Any]:
    return {
        "trial": str(participant.trials.get(position=position).public_id),
        "client_id": str(uuid.uuid4()),
        "choice": "left",
        "confidence": 3,
        "rt_ms": 812.4,
    }


def send(client: Client, participant: Participant, body: object) -> HttpResponseBase:
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.post(f"/p/{participant.token}/responses/", text, content_type="application/json")


def test_a_practice_answer_is_acknowledged_with_feedback(client: Client, participant: Participant) -> None:
    strong_side = participant.trials.get(position=1).strong_side
    acknowledgement = send(client, participant, payload(participant)).json()
    assert acknowledgement == {
        "status": "stored",
        "feedback": {"correct": strong_side == "left", "strong_side": strong_side, "then": ""},
        "over": False,
    }


def follow_up(client: Client, person: Participant, *, right: bool) -> list[str]:
    """Answer a practice round of two trials; what was said of the next steps, also in a replay."""
    said = []
    for _ in range(2):
        trial = current_trial(fresh(person))
        assert trial is not None
        wrong = "left" if trial.strong_side == "right" else "right"
        body = payload(person, trial.position) | {"choice": trial.strong_side if right else wrong}
        told = [send(client, person, body).json()["feedback"]["then"] for _ in range(2)]  # type: ignore[attr-defined]
        assert told[0] == told[1]
        said.append(told[0])
    return said


def test_the_last_answer_of_practice_is_told_what_follows(client: Client, person: Participant) -> None:
    to_practice(person)
    again = "Not enough answers were right this time, which happens easily. The practice begins once more."
    over = "The practice is over. From here on you are not told whether you are right."
    assert follow_up(client, person, right=False) == ["", again]
    assert follow_up(client, person, right=True) == ["", over]


def test_where_practice_ends_the_session_nothing_is_promised(client: Client, person: Participant) -> None:
    to_practice(person)
    follow_up(client, person, right=False)
    assert follow_up(client, person, right=False) == ["", ""]


def test_a_main_answer_is_acknowledged_in_the_same_words_whether_it_is_right_or_wrong(
    client: Client, participant: Participant
) -> None:
    for position in (1, 2):
        send(client, participant, payload(participant, position))
    replies = [send(client, participant, payload(participant, position)) for position in (3, 4, 5, 6)]
    assert {reply.content for reply in replies} == {b'{"status": "stored", "feedback": null, "over": false}'}
    assert {response.correct for response in Response.objects.filter(trial__phase="main")} == {True, False}


def test_a_replay_gets_the_same_acknowledgement_byte_for_byte(client: Client, participant: Participant) -> None:
    body = payload(participant)
    first, second = send(client, participant, body), send(client, participant, body)
    assert (first.status_code, first.content) == (second.status_code, second.content) == (200, first.content)
    assert Response.objects.count() == 1


def test_who_lost_the_place_is_told_with_the_next_answer_which_is_kept(
    client: Client, participant: Participant
) -> None:
    send(client, participant, payload(participant))
    Participant.objects.filter(pk=participant.pk).update(released_at=timezone.now())
    body = payload(participant, position=2)
    told = [send(client, participant, body).json() for _ in range(2)]
    assert [(one["status"], one["over"]) for one in told] == [("stored", True)] * 2
    assert Response.objects.filter(trial__position=2).count() == 1


def test_a_second_answer_to_a_trial_is_told_that_the_first_stands(client: Client, participant: Participant) -> None:
    send(client, participant, payload(participant))
    again = send(client, participant, payload(participant) | {"choice": "right"})
    assert again.status_code == 200
    assert again.json()["status"] == "already answered"
    assert Response.objects.get().choice == "left"


def test_an_answer_to_a_later_trial_is_a_conflict(client: Client, participant: Participant) -> None:
    reply = send(client, participant, payload(participant, position=2))
    assert (reply.status_code, reply.json()["code"]) == (409, "not_taken")
    assert Response.objects.count() == 0


@pytest.mark.parametrize(
    "change",
    [
        {"confidence": 0},
        {"confidence": 4},
        {"confidence": "3"},
        {"confidence": 1.5},
        {"choice": "both"},
        {"rt_ms": -1},
        {"rt_ms": None},
        {"trial": "7"},
        {"client_id": ""},
        {"correct": True},
    ],
)
def test_an_answer_that_cannot_be_is_refused(client: Client, participant: Participant, change: dict[str, Any]) -> None:
    reply = send(client, participant, payload(participant) | change)
    assert (reply.status_code, reply.json()["code"]) == (400, "not_an_answer")
    assert Response.objects.count() == 0


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_a_reaction_time_that_is_no_number_is_refused(client: Client, participant: Participant, number: str) -> None:
    body = json.dumps(payload(participant)).replace("812.4", number)
    assert send(client, participant, body).status_code == 400
    assert Response.objects.count() == 0


@pytest.mark.parametrize("body", [b"", b'{"trial": "7", "cho', b"\xff\xfe[1", b"<h1>502</h1>"])
def test_what_did_not_arrive_whole_is_asked_for_again(client: Client, participant: Participant, body: bytes) -> None:
    reply = send(client, participant, body)
    assert (reply.status_code, reply.json()["code"]) == (400, "unreadable")
    assert send(client, participant, payload(participant)).status_code == 200


@pytest.mark.parametrize("body", [b"{}", b"null", b"[1]", b"7", b"[" * 100_000])
def test_json_that_is_no_answer_is_not_asked_for_again(client: Client, participant: Participant, body: bytes) -> None:
    assert send(client, participant, body).json()["code"] == "not_an_answer"


def test_a_body_that_breaks_off_is_asked_for_again(client: Client, participant: Participant) -> None:
    class Broken(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError("reset by peer")

    address = f"/p/{participant.token}/responses/"
    broken: Any = {"wsgi.input": Broken(), "CONTENT_LENGTH": "10"}
    reply = client.post(address, "{}", content_type="application/json", **broken)
    assert (reply.status_code, reply.json()["code"]) == (400, "unreadable")


@pytest.mark.parametrize("kind", [MULTIPART_CONTENT, "application/x-www-form-urlencoded", "text/plain", ""])
def test_a_form_is_no_answer_and_no_crash(participant: Participant, kind: str) -> None:
    """Looking for the token of a form, Django reads its body before the view does."""
    browser = Client(enforce_csrf_checks=True)
    browser.cookies["csrftoken"] = "a" * 32
    body = encode_multipart(BOUNDARY, {"x": "y"})
    address = f"/p/{participant.token}/responses/"
    reply: Any = browser.generic("POST", address, body, content_type=kind, headers={"X-CSRFToken": "a" * 32})
    assert (reply.status_code, reply.json()["code"]) == (400, "unreadable")


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60))
def test_whatever_bytes_arrive_the_answer_is_400(client: Client, participant: Participant, body: bytes) -> None:
    assert send(client, participant, body).status_code == 400


def test_an_answer_to_a_session_that_is_unknown_is_refused_in_words_that_a_script_reads(
    client: Client, db: None
) -> None:
    reply = client.post(f"/p/{'x' * 43}/responses/", "{}", content_type="application/json")
    assert (reply.status_code, reply.json()["code"]) == (404, "unknown_session")


def test_it_is_only_for_sending(client: Client, participant: Participant) -> None:
    assert client.get(f"/p/{participant.token}/responses/").status_code == 405


def test_an_answer_sent_by_another_site_is_refused(participant: Participant) -> None:
    assert send(Client(enforce_csrf_checks=True), participant, payload(participant)).status_code == 403
    assert Response.objects.count() == 0
