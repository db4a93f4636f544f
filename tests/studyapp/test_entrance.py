"""What is put right of a request before Django sees it: in this process, and of a server as it is run."""

import io
import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.signals import request_started
from django.db import close_old_connections, connection
from django.test import RequestFactory

from studyapp.entrance import guarded
from studyapp.models import Participant, Response, Study
from studyapp.wsgi import application
from tests.studyapp.enrolled import person_at_main_trials
from tests.studyapp.served import ServedSite, url_of
from tests.studyapp.test_responses_endpoint import payload
from tests.studyapp.world import make_study, protocol_text

CSRF = {"HTTP_COOKIE": f"csrftoken={'a' * 32}", "HTTP_X_CSRFTOKEN": "a" * 32}


def ask(method: str, address: str, **environ: Any) -> tuple[str, bytes]:
    """Send a request through the entry point of the web server."""
    path, _, query = address.partition("?")
    base = RequestFactory().generic(method, path).environ | {"QUERY_STRING": query, "HTTP_HOST": "localhost"}
    told: list[str] = []
    # As Django's test client does: a request would else close the connection, and with it the test's transaction.
    request_started.disconnect(close_old_connections)
    try:
        body = b"".join(application(base | environ, lambda status, headers: told.append(status)))
    finally:
        request_started.connect(close_old_connections)
    return told[0].split(" ")[0], body


def seen_of(**environ: Any) -> dict[str, Any]:
    """What Django is given of a request."""
    seen: dict[str, Any] = {}

    def site(given: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.update(given)
        return []

    guarded(site)(environ, None)
    return seen


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ("", ""),
        ("application/json", "application/json"),
        ("text/plain; charset=hex", "text/plain"),
        ("multipart/form-data; charset=hex; boundary=x", "multipart/form-data; boundary=x"),
        ('multipart/form-data;boundary="a;b"; charset=utf-7', 'multipart/form-data;boundary="a;b"'),
        ("text/plain; charset*=hex''x", "text/plain"),
    ],
)
def test_a_charset_is_not_looked_up(sent: str, seen: str) -> None:
    assert seen_of(CONTENT_TYPE=sent)["CONTENT_TYPE"] == seen


@pytest.mark.parametrize("kind", ["text/plain; charset=hex", "a/b; charset=unicode_escape", "a/b; charset=utf-7"])
@pytest.mark.parametrize("query", ["a=%41", "arrival=a:b:%5Cud800", "arrival=a:b:%2B2AA-"])
def test_no_charset_breaks_a_page(study: Study, kind: str, query: str) -> None:
    assert ask("GET", f"/s/{study.slug}/?{query}", CONTENT_TYPE=kind)[0] == "200"


@pytest.mark.parametrize("charset", ["hex", "utf-7"])
def test_no_charset_breaks_a_form(study: Study, charset: str) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="answer"\r\n\r\nagree\r\n--x--\r\n'
    kind = f"multipart/form-data; boundary=x; charset={charset}"
    form = {"CONTENT_TYPE": kind, "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
    assert ask("POST", f"/s/{study.slug}/", **form, **CSRF)[0] == "400"  # the form lacks its id


def pieces(body: bytes) -> dict[str, Any]:
    """The environ of a body whose length nobody said; the server puts its pieces together."""
    whole = {"wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    return whole | {"CONTENT_LENGTH": "", "CONTENT_TYPE": "application/json"} | CSRF


def test_an_answer_that_a_proxy_sends_on_in_pieces_is_stored(participant: Participant) -> None:
    body = json.dumps(payload(participant)).encode()
    status, reply = ask("POST", f"/p/{participant.token}/responses/", **pieces(body))
    assert (status, json.loads(reply)["status"]) == ("200", "stored")


def test_a_body_in_pieces_without_end_is_not_read_to_its_end(participant: Participant) -> None:
    content = pieces(b"1" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1000))
    assert ask("POST", f"/p/{participant.token}/responses/", **content)[0] == "400"
    assert len(content["wsgi.input"].read()) == 999


# The server as it is run


@pytest.fixture
def served(transactional_db: None, tmp_path: Path) -> Iterator[tuple[ServedSite, Path]]:
    log = tmp_path / "server.log"
    command = (sys.executable, "manage.py", "serve", "--port", "{port}", "--workers", "1")
    environment = {"DATABASE_URL": url_of(connection.settings_dict), "QUIDDITY_DATA": str(settings.DATA_DIR)}
    with ServedSite(command=command, environment=environment, log=log) as site:
        yield site, log


def talk(site: ServedSite, head: str, body: bytes = b"") -> bytes:
    """Send bytes as they are, and read the reply to its end."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=30) as wire:
        wire.sendall(f"{head}\r\nHost: localhost\r\nConnection: close\r\n".encode() + body)
        reply = b""
        while part := wire.recv(65536):
            reply += part
    return reply


def test_the_server_stores_an_answer_in_pieces_and_logs_neither_links_nor_ids(
    served: tuple[ServedSite, Path],
) -> None:
    site, log = served
    person = person_at_main_trials(make_study(protocol_text()), 1)
    body = person.answers[0].body
    head = (
        f"POST /p/{person.token}/responses/ HTTP/1.1\r\nContent-Type: application/json\r\n"
        f"Cookie: csrftoken={'a' * 32}\r\nX-CSRFToken: {'a' * 32}\r\nTransfer-Encoding: chunked"
    )
    cut = len(body) // 2
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:cut], body[cut:], b""))
    assert b'"status": "stored"' in talk(site, head, b"\r\n" + chunks)
    assert Response.objects.filter(trial__phase="main").count() == 1
    assert b" 400 " in talk(site, head, b"\r\nzz\r\n")  # what is no chunk is refused, and nothing falls over
    odd = f"GET /p/{person.token}/?PROLIFIC_PID=5f3a HTTP/1.1\r\nContent-Type: text/plain; charset=hex"
    assert talk(site, odd, b"\r\n").startswith(b"HTTP/1.1 200 OK")
    written = log.read_text()
    assert person.token not in written
    assert "5f3a" not in written
    assert "Traceback" not in written
