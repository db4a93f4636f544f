"""The log of the web processes: errors are there, personal links are not."""

import io
import logging
from collections.abc import Iterator

import pytest
from django.test import Client
from gunicorn.config import Config

from studyapp.logs import WithoutLinks
from studyapp.management.commands.serve import ServerLog
from studyapp.models import Participant


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the handler of the settings writes, which otherwise goes to standard error."""
    [handler] = [one for one in logging.getLogger("django").handlers if one.name == "errors"]
    assert isinstance(handler, logging.StreamHandler)
    written = io.StringIO()
    before = handler.setStream(written)
    yield written
    handler.setStream(before)


def test_an_error_is_logged_without_the_personal_link(
    participant: Participant, monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    def fail(token: str) -> Participant:
        raise RuntimeError(f"nothing works at /p/{token}/")

    monkeypatch.setattr("studyapp.views.session.participant_of", fail)
    answer = Client(raise_request_exception=False).get(f"/p/{participant.token}/")
    assert answer.status_code == 500
    assert participant.token not in answer.content.decode()
    assert "RuntimeError: nothing works at /p/.../" in log.getvalue()
    assert "Internal Server Error: /p/.../" in log.getvalue()
    assert participant.token not in log.getvalue()


def test_queries_and_personal_links_are_cut_out_of_what_the_web_server_logs(capsys: pytest.CaptureFixture[str]) -> None:
    config = Config()
    config.set("errorlog", "-")
    address = f"/p/{'x' * 32}/?PROLIFIC_PID=5f3a&STUDY_ID=7"
    ServerLog(config).error("Error handling request GET %s and %s", address, "/s/a/?id=8")
    assert "Error handling request GET /p/.../?... and /s/a/?..." in capsys.readouterr().err


def test_what_is_no_query_is_left_as_it_is() -> None:
    record = logging.makeLogRecord({"msg": "Why? Is it so? See /s/birds/ or a/b."})
    assert WithoutLinks("%(message)s").format(record) == record.msg


def test_a_page_that_does_not_exist_is_no_error(db: None, client: Client, log: io.StringIO) -> None:
    assert client.get("/s/absent/").status_code == 404
    assert log.getvalue() == ""
