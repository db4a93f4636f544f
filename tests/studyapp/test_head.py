"""HEAD requests as the web server hands them over: the test client would take the body away itself."""

from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from django.test import Client

from studyapp.models import Event, Participant, Study
from studyapp.wsgi import application


def asked(method: str, path: str) -> tuple[str, dict[str, str], bytes]:
    environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path, "HTTP_HOST": "localhost"}
    setup_testing_defaults(environ)
    started: list[Any] = []
    body = b"".join(application(environ, lambda status, headers, *_: started.extend([status, dict(headers)])))
    return started[0], started[1], body


@pytest.mark.parametrize("path", ["/s/birds/", "/s/absent/", "/admin/login/"])
def test_the_answer_has_the_headers_of_get_and_no_body(study: Study, path: str) -> None:
    status, headers, body = asked("GET", path)
    assert body
    of_head = asked("HEAD", path)
    assert (of_head[0], of_head[2]) == (status, b"")
    assert set(of_head[1]) == set(headers)
    assert of_head[1]["Content-Length"] == headers["Content-Length"]


def test_the_preview_of_a_link_is_nobody_who_reads_the_instructions(client: Client, newcomer: Participant) -> None:
    address = f"/p/{newcomer.token}/"
    Participant.objects.filter(pk=newcomer.pk).update(last_seen_at=newcomer.consented_at.replace(year=2020))
    before = Participant.objects.filter(pk=newcomer.pk).values().get()
    assert client.head(address).status_code == 200
    assert Participant.objects.filter(pk=newcomer.pk).values().get() == before
    client.get(address)
    after = Participant.objects.get(pk=newcomer.pk)
    assert after.instructions_shown_at is not None
    assert after.last_seen_at > before["last_seen_at"]


def test_the_preview_of_the_public_link_is_nobody_who_comes_back(client: Client, participant: Participant) -> None:
    client.get(f"/p/{participant.token}/")
    client.head(f"/s/{participant.study.slug}/")
    assert not Event.objects.filter(name="resumed").exists()
    client.get(f"/s/{participant.study.slug}/")
    assert Event.objects.filter(name="resumed").count() == 1
