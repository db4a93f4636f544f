"""Prolific's signed addresses, verified with keys that a server of these tests publishes."""

import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

from stimuli.protocol import RecruitmentTable
from studyapp.models import RecruiterIdentity, Study
from studyapp.recruitment import signature
from studyapp.recruitment.arrival import Arrival, UnavailableError, UnverifiedError
from studyapp.recruitment.sources import arrival_from
from tests.studyapp.world import make_study, protocol_text

AUDIENCE = "https://study.example"
IDS = {"PROLIFIC_PID": "5f3a", "STUDY_ID": "st1", "SESSION_ID": "su1"}
OURS, ANOTHER = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))


class Panel(ThreadingHTTPServer):
    """Publishes keys, or is out of order."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.keys = {"k1": OURS}
        self.asked = 0
        self.down = False
        # What is sent in place of the keys, byte for byte; each byte after a pause where it drips.
        self.instead: bytes | None = None
        self.pause_s = 0.0

    @property
    def jwks_url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/jwks.json"


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        panel = self.server
        assert isinstance(panel, Panel)
        panel.asked += 1
        if panel.instead is not None:
            self.misbehave(panel)
            return
        self.send_response(503 if panel.down else 200)
        self.end_headers()
        algorithm = jwt.algorithms.RSAAlgorithm
        keys = [
            algorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": name, "use": "sig", "alg": "RS256"}
            for name, key in panel.keys.items()
        ]
        self.wfile.write(b"" if panel.down else json.dumps({"keys": keys}).encode())

    def misbehave(self, panel: Panel) -> None:
        with suppress(OSError):
            for byte in panel.instead or b"":
                self.wfile.write(bytes([byte]))
                time.sleep(panel.pause_s)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def panel() -> Iterator[Panel]:
    server = Panel()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def token(key: object = OURS, kid: str | None = "k1", algorithm: str = "RS256", **claims: object) -> str:
    content = {"exp": time.time() + 600, "aud": AUDIENCE, "prolific": {**IDS, "workspace_id": "w"}} | claims
    headers = {"kid": kid} if kid else {}
    return jwt.encode(content, key, algorithm=algorithm, headers=headers)  # type: ignore[arg-type]


def arrive(panel: Panel, signed: str | None, audience: str | None = AUDIENCE, **parameters: str) -> Arrival | None:
    table = RecruitmentTable(source="prolific", jwks_url=panel.jwks_url, audience=audience)
    return arrival_from(({"prolific_token": signed} if signed else {}) | parameters, table)


def test_a_token_that_holds_says_who_comes(panel: Panel) -> None:
    assert arrive(panel, token()) == Arrival("5f3a", "su1")
    assert arrive(panel, token(), **IDS) == Arrival("5f3a", "su1")
    assert arrive(panel, token(aud=["https://other.example", AUDIENCE])) == Arrival("5f3a", "su1")
    assert panel.asked == 1


def test_no_audience_is_asked_where_the_protocol_names_none(panel: Panel) -> None:
    assert arrive(panel, token(aud="https://other.example"), audience=None) == Arrival("5f3a", "su1")


REFUSED = {
    "no token": lambda: None,
    "nonsense": lambda: "a.b.c",
    "expired": lambda: token(exp=time.time() - 120),
    "without expiry": lambda: token(exp=None),
    "another key": lambda: token(key=ANOTHER),
    "an unknown key": lambda: token(key=ANOTHER, kid="k2"),
    "no key named": lambda: token(kid=None),
    "another audience": lambda: token(aud="https://other.example"),
    "not signed": lambda: token(key=None, algorithm="none"),
    "signed with the public key as a password": lambda: token(key="k" * 64, algorithm="HS256"),
    "without ids": lambda: token(prolific=None),
    "ids that are no table": lambda: token(prolific="5f3a"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_refuses(panel: Panel, name: str) -> None:
    with pytest.raises(UnverifiedError) as refusal:
        arrive(panel, REFUSED[name]())
    assert "5f3a" not in str(refusal.value)


@pytest.mark.parametrize("name", IDS)
def test_it_refuses_an_id_that_the_address_says_otherwise(panel: Panel, name: str) -> None:
    with pytest.raises(UnverifiedError, match=name):
        arrive(panel, token(), **IDS | {name: "somebody else"})


def test_it_says_that_the_panel_does_not_answer_and_recovers(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    panel.down = True
    for _ in range(3):
        with pytest.raises(UnavailableError):
            arrive(panel, token())
    assert panel.asked == 1
    panel.down = False
    monkeypatch.setattr(signature, "RETRY_S", 0)
    assert arrive(panel, token()) == Arrival("5f3a", "su1")


def test_a_new_key_is_fetched_and_nonsense_does_not_make_it_ask_again_and_again(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrive(panel, token())
    panel.keys["k2"] = ANOTHER
    for _ in range(5):
        with pytest.raises(UnverifiedError):
            arrive(panel, token(key=ANOTHER, kid="k2"))
    assert panel.asked == 1
    monkeypatch.setattr(signature, "RETRY_S", 0)
    assert arrive(panel, token(key=ANOTHER, kid="k2")) == Arrival("5f3a", "su1")
    assert panel.asked == 2


def test_keys_that_are_known_serve_while_the_panel_does_not_answer(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrive(panel, token())
    panel.down = True
    monkeypatch.setattr(signature, "FRESH_S", 0)
    assert arrive(panel, token()) == Arrival("5f3a", "su1")
    assert panel.asked == 2


def test_an_answer_without_keys_is_no_answer(panel: Panel) -> None:
    panel.keys = {}
    with pytest.raises(UnavailableError):
        arrive(panel, token())


OK = b"HTTP/1.0 200 OK\r\n\r\n"
NONSENSE = {
    "no status line": b"garbage\r\n\r\n",
    "chunks that are none": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "cut off": b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{",
    "no JSON": OK + b"<html>",
    "not UTF-8": OK + b"\xff\xfe\xfd",
    "a list": OK + b"[]",
    "null": OK + b"null",
    "no list": OK + b'{"keys": null}',
    "keys that are none": OK + b'{"keys": ["k1", null, 3]}',
    "an id that is none": OK + b'{"keys": [{"kty": "RSA", "n": "AQ", "e": "AQAB", "kid": ["k1"]}]}',
    "numbers that are none": OK + b'{"keys": [{"kty": "RSA", "n": 1, "e": {}, "kid": "k1"}]}',
}


@pytest.mark.parametrize("name", NONSENSE)
def test_an_answer_of_nonsense_is_no_answer(panel: Panel, name: str) -> None:
    panel.instead = NONSENSE[name]
    with pytest.raises(UnavailableError):
        arrive(panel, token())


@pytest.mark.parametrize("where", ["headers", "body"])
def test_a_panel_that_drips_holds_nobody_longer_than_one_deadline(
    panel: Panel, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setattr(signature, "TIMEOUT_S", 1)
    drip = b" " * 600
    panel.instead, panel.pause_s = (b"HTTP/1.0 200 OK\r\nX: " if where == "headers" else OK) + drip, 0.02
    refused, began = [], time.monotonic()

    def come() -> None:
        with pytest.raises(UnavailableError):
            arrive(panel, token())
        refused.append(time.monotonic() - began)

    people = [threading.Thread(target=come) for _ in range(4)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert len(refused) == len(people)
    assert max(refused) < 4  # a drip takes 12 s, and four in a row 48
    assert panel.asked == 1


def test_who_comes_with_a_known_key_does_not_wait_for_a_panel_that_drips(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrive(panel, token())
    monkeypatch.setattr(signature, "RETRY_S", 0)
    panel.instead, panel.pause_s = OK + b" " * 600, 0.02

    def come_with_an_unknown_key() -> None:
        with pytest.raises(UnverifiedError):
            arrive(panel, token(kid="k2"))

    stranger = threading.Thread(target=come_with_an_unknown_key)
    stranger.start()
    while panel.asked < 2:
        time.sleep(0.01)
    began = time.monotonic()
    assert arrive(panel, token()) == Arrival("5f3a", "su1")
    assert time.monotonic() - began < 1
    panel.pause_s = 0
    stranger.join()


def test_the_page_lets_in_who_is_signed_and_is_clear_to_who_is_not(
    panel: Panel, client: Client, db: None, caplog: pytest.LogCaptureFixture
) -> None:
    tables = f'[recruitment]\nsource = "prolific"\njwks_url = "{panel.jwks_url}"\naudience = "{AUDIENCE}"'
    make_study(protocol_text(features=2, tables=tables))
    refused = client.get("/s/birds/", IDS | {"prolific_token": token(key=ANOTHER)})
    assert refused.status_code == 403
    assert "not signed by the panel" in refused.content.decode()
    page = client.get("/s/birds/", {"prolific_token": token()})
    form = {name: page.context[name] for name in ("client_id", "arrival")} | {"answer": "agree"}
    assert client.post("/s/birds/", form).status_code == 302
    assert RecruiterIdentity.objects.get().external_id == "5f3a"
    assert "5f3a" not in caplog.text
    signature.key_ring.cache_clear()
    panel.down = True
    away = client.get("/s/birds/", {"prolific_token": token()})
    assert away.status_code == 503
    assert "try again in a minute" in away.content.decode()


ADDRESS = "/s/birds/"


@pytest.fixture
def signed_study(panel: Panel, db: None) -> Study:
    tables = f'[recruitment]\nsource = "prolific"\njwks_url = "{panel.jwks_url}"\naudience = "{AUDIENCE}"'
    return make_study(protocol_text(features=2, tables=tables))


def form_of(browser: Client, parameters: dict[str, str]) -> dict[str, str]:
    """The consent form that is shown for an address."""
    page = browser.get(ADDRESS, parameters)
    assert page.status_code == 200
    return {name: str(page.context[name]) for name in ("client_id", "arrival")} | {"answer": "agree"}


def let_time_pass(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + seconds)


def test_a_carried_entry_opens_the_study_no_longer_than_its_token(
    signed_study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    carried = {"arrival": form_of(Client(), {"prolific_token": token(exp=time.time() + 600)})["arrival"]}
    assert Client().get(ADDRESS, carried).status_code == 200
    let_time_pass(monkeypatch, 600 + signature.LEEWAY_S + 5)
    assert Client().get(ADDRESS, carried).status_code == 403


def test_a_carried_entry_leads_nobody_else_to_a_session(signed_study: Study) -> None:
    own = Client()
    form = form_of(own, {"prolific_token": token()})
    session = own.post(ADDRESS, form)["Location"]
    assert Client().get(ADDRESS, {"arrival": form["arrival"]}).status_code == 200
    own.get(session)  # the page that remembers whose browser this is
    assert own.get(ADDRESS, {"arrival": form["arrival"]})["Location"] == session
    assert Client().get(ADDRESS, {"prolific_token": token()})["Location"] == session


def test_who_reads_longer_than_the_token_holds_is_enrolled_and_nobody_else_led_there(
    signed_study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = form_of(Client(), {"prolific_token": token()})
    let_time_pass(monkeypatch, 3600)
    session = Client().post(ADDRESS, form)["Location"]
    assert Client().post(ADDRESS, form)["Location"] == session  # a doubled click
    another = Client().post(ADDRESS, form | {"client_id": str(uuid.uuid4())})
    assert another.status_code == 403
    assert "not signed by the panel" in another.content.decode()
