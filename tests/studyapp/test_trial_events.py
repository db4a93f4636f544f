"""What the browser logged beside an answer: kept where it can be, and never a reason to refuse the answer."""

import json
import uuid
from typing import Any

import pytest
from django.test import Client

from studyapp.models import Participant, Response
from studyapp.trial_events import logged_events


def test_events_are_looked_through_one_by_one_and_bounded() -> None:
    good = [12.5, "flip", "3 original"]
    assert logged_events([good, [1, "shout", ""], [-1, "blur", ""], [2, "blur", "\x00"], "blur", [3]]) == [good]
    assert len(logged_events([[12.5, "blur", ""]] * 600)) == 500
    assert len(logged_events([good] * 6000)) == 5000


def test_no_other_event_takes_the_place_of_a_flip() -> None:
    flips, resizes = [[12.5, "flip", "3 original"]] * 600, [[1.5, "resize", "800x600"]] * 600
    assert logged_events(resizes + flips) == resizes[:500] + flips


@pytest.mark.parametrize("odd", [None, 7, "text", [1, [2]], {"images_ms": {"a": 1}}, [[1, "flip"]]])
def test_an_answer_is_stored_whatever_was_measured(client: Client, participant: Participant, odd: Any) -> None:
    body = {
        "trial": str(participant.trials.get(position=1).public_id),
        "client_id": str(uuid.uuid4()),
        "choice": "left",
        "confidence": 3,
        "rt_ms": 812.4,
        "data": odd,
        "events": odd,
    }
    reply = client.post(f"/p/{participant.token}/responses/", json.dumps(body), content_type="application/json")
    assert reply.status_code == 200
    response = Response.objects.get()
    assert (response.rt_ms, response.data, response.events) == (812.4, {}, [])


@pytest.mark.parametrize("odd", ["9" * 5000, "9" * 90, "-" + "9" * 5000, '"\\ud800"', "NaN", "1e999", '"\\u0000"'])
def test_a_figure_that_cannot_be_read_costs_itself_and_nothing_else(
    client: Client, participant: Participant, odd: str
) -> None:
    body = {
        "trial": str(participant.trials.get(position=1).public_id),
        "client_id": str(uuid.uuid4()),
        "choice": "left",
        "confidence": 3,
        "rt_ms": 812.4,
        "data": {"blurs": "ODD", "images_ms": "ODD", "resizes": 2, "ODD": 1},
        "events": ["ODD", ["ODD", "flip", ""], [1.5, "ODD", ""], [1.5, "flip", "ODD"], [1.5, "flip", "good"]],
    }
    name = odd if odd.startswith('"') else f'"{odd}"'
    text = json.dumps(body).replace('"ODD": 1', f"{name}: 1").replace('"ODD"', odd)
    reply = client.post(f"/p/{participant.token}/responses/", text, content_type="application/json")
    assert reply.status_code == 200
    response = Response.objects.get()
    assert (response.data, response.events) == ({"resizes": 2}, [[1.5, "flip", "good"]])


@pytest.mark.parametrize("body", ["[" * 100_000, '{"data": ' + "[" * 100_000, "7", "[]", '"text"', "\ud800"])
def test_what_is_no_answer_is_refused(client: Client, participant: Participant, body: str) -> None:
    sent = body.encode("utf-8", "surrogatepass")
    reply = client.post(f"/p/{participant.token}/responses/", sent, content_type="application/json")
    assert reply.status_code == 400
    assert not Response.objects.exists()
