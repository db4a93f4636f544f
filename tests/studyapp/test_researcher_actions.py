"""What a researcher does to a study from its page: every act stands in the log."""

import csv
import io
import uuid
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from analysis.columns import NAMES
from studyapp.models import Event, Participant, Study
from studyapp.selectors import current_trial
from studyapp.services.enrolment import participant_enrol
from studyapp.services.events import record
from studyapp.services.progress import instructions_read
from tests.studyapp.turns import respond
from tests.studyapp.world import make_study, protocol_text


@pytest.fixture
def anna(study: Study) -> Client:
    user = User.objects.create(username="anna", is_staff=True)
    study.researchers.add(user)
    client = Client()
    client.force_login(user)
    return client


def log(study: Study) -> list[tuple[str, str]]:
    return [(event.name, event.by) for event in Event.objects.filter(study=study).exclude(name="enrolled")]


def test_closing_and_opening_again_is_logged_once_each(anna: Client, study: Study) -> None:
    address = "/researcher/birds/enrolment/"
    for _ in range(2):
        assert anna.post(address, {"enrolment": "close"}).status_code == 302
    study.refresh_from_db()
    closed_at = study.closed_at
    assert closed_at is not None
    page = anna.get("/researcher/birds/").content.decode()
    assert "closed since" in page
    assert "Open enrolment again" in page
    for _ in range(2):
        anna.post(address, {"enrolment": "open"})
    study.refresh_from_db()
    assert study.closed_at is None
    assert log(study) == [("closed", "anna"), ("opened", "anna")]


def test_a_form_that_says_neither_is_refused(anna: Client, study: Study) -> None:
    assert anna.post("/researcher/birds/enrolment/", {"enrolment": "delete"}).status_code == 400
    assert anna.get("/researcher/birds/enrolment/").status_code == 405
    assert log(study) == []


def test_the_export_is_the_file_that_the_command_writes(anna: Client, participant: Participant, tmp_path: Path) -> None:
    for _ in range(2):
        trial = current_trial(participant)
        assert trial is not None
        respond(participant, trial, rt_ms=1.5)
    response = anna.post("/researcher/birds/export/")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="birds.csv"'
    content = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    call_command("export_responses", "birds", "--out", str(tmp_path / "out.csv"))
    assert content == (tmp_path / "out.csv").read_bytes()
    assert next(csv.reader(io.StringIO(content.decode()))) == list(NAMES)
    event = Event.objects.get(name="export_downloaded")
    assert (event.name, event.by, event.data) == ("export_downloaded", "anna", {"rows": 2})
    assert anna.get("/researcher/birds/export/").status_code == 405


def test_a_study_with_catch_trials_is_downloaded_too(tmp_path: Path, db: None) -> None:
    study = make_study(protocol_text(catch=True))
    participant = participant_enrol(study=study, client_id=uuid.uuid4())
    instructions_read(participant=participant)
    participant.refresh_from_db()
    while trial := current_trial(participant):
        respond(participant, trial, rt_ms=1.5)
    staff = Client()
    staff.force_login(User.objects.create(username="root", is_staff=True, is_superuser=True))
    content = b"".join(staff.post("/researcher/birds/export/").streaming_content)  # type: ignore[attr-defined]
    call_command("export_responses", "birds", "--out", str(tmp_path / "out.csv"))
    assert content == (tmp_path / "out.csv").read_bytes()
    assert "true" in {row["catch"] for row in csv.DictReader(io.StringIO(content.decode()))}


def test_forms_of_other_sites_are_refused(study: Study) -> None:
    user = User.objects.create(username="anna", is_staff=True)
    study.researchers.add(user)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    assert strict.post("/researcher/birds/export/").status_code == 403
    assert strict.post("/researcher/birds/enrolment/", {"enrolment": "close"}).status_code == 403
    assert log(study) == []


def test_a_participant_is_withdrawn_after_one_more_question(anna: Client, participant: Participant) -> None:
    listing = anna.get("/researcher/birds/participants/").content.decode()
    address = f"/researcher/birds/participants/{participant.code}/withdraw/"
    assert f'href="{address}"' in listing
    assert "cannot be undone" in anna.get(address).content.decode()
    assert log(participant.study) == []
    for _ in range(2):
        assert anna.post(address).status_code == 302
    participant.refresh_from_db()
    assert participant.ended_as == "withdrawn"
    assert log(participant.study) == [("withdrawn", "anna")]
    listing = anna.get("/researcher/birds/participants/").content.decode()
    assert "withdrawn" in listing
    assert f'href="{address}"' not in listing


def test_the_list_of_participants_comes_in_pages_and_without_secrets(anna: Client, study: Study) -> None:
    people = [participant_enrol(study=study, client_id=uuid.uuid4()) for _ in range(51)]
    first = anna.get("/researcher/birds/participants/").content.decode()
    second = anna.get("/researcher/birds/participants/?page=2").content.decode()
    assert first.count("/withdraw/") == 50
    assert second.count("/withdraw/") == 1
    assert "Page 1 of 2" in first
    assert not any(participant.token in first + second for participant in people)


def test_the_log_is_shown_from_its_end_a_page_at_a_time(anna: Client, participant: Participant) -> None:
    for number in range(51):
        record(study=participant.study, name="resumed", participant=participant, data={"after_min": number})
    page = anna.get("/researcher/birds/events/").content.decode()
    assert page.index("after_min: 50") < page.index("after_min: 49")
    assert participant.code in page
    assert "Page 1 of 2" in page
    assert "after_min: 0<" in anna.get("/researcher/birds/events/?page=2").content.decode()


def test_no_page_says_how_often_participants_are_right_while_the_study_runs(
    anna: Client, participant: Participant
) -> None:
    trial = current_trial(participant)
    assert trial is not None
    respond(participant, trial)
    for address in ("/researcher/birds/", "/researcher/birds/participants/", "/researcher/birds/events/"):
        page = anna.get(address).content.decode().lower()
        assert "accuracy" not in page
        assert "correct" not in page
