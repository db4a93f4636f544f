"""Withdrawing: everything personal goes, the answers as the consent says, and nothing is left behind."""

import threading
import uuid
from collections.abc import Callable
from importlib import import_module

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from studyapp.models import (
    Event,
    Participant,
    QuestionnaireAnswers,
    QuizAttempt,
    RecruiterIdentity,
    Response,
    Study,
    Trial,
)
from studyapp.recruitment.arrival import Arrival
from studyapp.selectors import current_trial
from studyapp.services.enrolment import participant_enrol
from studyapp.services.progress import instructions_read
from studyapp.services.responses import ResponseRefusedError
from studyapp.services.withdrawal import participant_withdraw
from tests.studyapp.turns import respond
from tests.studyapp.world import make_study, protocol_text

KEEP = protocol_text().replace("[consent]\n", '[consent]\non_withdrawal = "keep"\n')


@pytest.fixture
def keeping(db: None) -> Study:
    """A study whose consent says that answers are kept."""
    return make_study(KEEP)


def enrolled(study: Study) -> Participant:
    """Somebody with data of every kind, at the first trial."""
    participant = participant_enrol(study=study, client_id=uuid.uuid4())
    instructions_read(participant=participant)
    participant.refresh_from_db()
    now, code = timezone.now(), participant.code
    RecruiterIdentity.objects.create(study=study, participant=participant, external_id=f"person {code}")
    QuestionnaireAnswers.objects.create(participant=participant, place="before", answers={"age": 44}, received_at=now)
    QuizAttempt.objects.create(participant=participant, number=1, answers=["a"], passed=True, received_at=now)
    return participant


def answer(participant: Participant) -> None:
    trial = current_trial(participant)
    assert trial is not None
    respond(participant, trial, confidence=2, rt_ms=900.0)


def complete(participant: Participant) -> None:
    while current_trial(participant):
        answer(participant)
    participant.refresh_from_db()
    assert participant.completion_code


def left_of(participant: Participant) -> dict[str, int]:
    """How many rows there are of each kind."""
    return {
        "identity": RecruiterIdentity.objects.filter(participant=participant).count(),
        "questionnaires": QuestionnaireAnswers.objects.filter(participant=participant).count(),
        "quiz": QuizAttempt.objects.filter(participant=participant).count(),
        "trials": Trial.objects.filter(participant=participant).count(),
        "responses": Response.objects.filter(trial__participant=participant).count(),
    }


NOTHING = {"identity": 0, "questionnaires": 0, "quiz": 0, "trials": 0, "responses": 0}


def test_everything_is_deleted_but_the_row_with_its_code(study: Study) -> None:
    participant, other = enrolled(study), enrolled(study)
    answer(participant)
    answer(other)
    before = left_of(other)
    participant_withdraw(participant=participant)
    assert left_of(participant) == NOTHING
    assert left_of(other) == before
    row = Participant.objects.get(pk=participant.pk)
    assert (row.code, row.ended_as, row.token) == (participant.code, "withdrawn", participant.token)
    assert row.ended_at is not None
    assert (row.instructions_shown_at, row.debriefed_at, row.breaks_taken) == (None, None, 0)


def test_only_the_withdrawal_stands_in_the_log(study: Study) -> None:
    participant = enrolled(study)
    participant_withdraw(participant=participant, by="anna")
    event = Event.objects.get(participant=participant)
    assert (event.name, event.data, event.by) == ("withdrawn", {"answers": "deleted"}, "anna")


def test_answers_are_kept_where_the_consent_says_so_and_nothing_personal_is(keeping: Study) -> None:
    participant = enrolled(keeping)
    answer(participant)
    participant_withdraw(participant=participant)
    assert left_of(participant) == NOTHING | {"quiz": 1, "trials": 2, "responses": 1}
    names = [event.name for event in Event.objects.filter(participant=participant)]
    assert names == ["enrolled", "withdrawn"]


def test_after_completion_only_what_the_page_names_stays(study: Study) -> None:
    participant = enrolled(study)
    complete(participant)
    participant_withdraw(participant=participant)
    assert left_of(participant) == NOTHING
    row = Participant.objects.filter(pk=participant.pk).values().get()
    codes_and_place = {"id", "study_id", "number", "client_id", "token", "code", "main_trials", "consent_version"}
    times = {"consented_at", "ended_at", "last_seen_at", "released_at"}
    assert {name for name, value in row.items() if value} == codes_and_place | times | {"ended_as"}
    assert row["ended_at"] == row["last_seen_at"] == row["released_at"]


def test_rows_of_earlier_withdrawals_are_made_bare_and_no_other_ones(study: Study) -> None:
    keeping = make_study(KEEP.replace('slug = "birds"', 'slug = "kept"'))
    gone, kept, completed = enrolled(study), enrolled(keeping), enrolled(study)
    for participant in (gone, kept, completed):
        complete(participant)
    for participant in (gone, kept):
        participant_withdraw(participant=participant)
    now = timezone.now()
    as_before = {"completed_at": now, "completion_code": "OLD", "instructions_read_at": now, "breaks_taken": 1}
    Participant.objects.filter(pk=gone.pk).update(**as_before)
    others = Participant.objects.exclude(pk=gone.pk).order_by("pk")
    before = list(others.values())
    with connection.cursor() as cursor:
        cursor.execute(import_module("studyapp.migrations.0011_withdrawn_rows_are_bare").CLEAR)
    gone.refresh_from_db()
    assert (gone.completed_at, gone.completion_code, gone.instructions_read_at) == (None, "", None)
    assert (gone.breaks_taken, gone.last_seen_at) == (0, gone.ended_at)
    assert list(others.values()) == before


def test_the_completion_code_in_the_recruiters_list_leads_to_no_row_whose_answers_were_deleted(study: Study) -> None:
    participant = enrolled(study)
    complete(participant)
    participant_withdraw(participant=participant)
    assert not Participant.objects.filter(completion_code=participant.completion_code).exists()


def test_the_recruiters_list_of_completion_codes_does_not_lead_to_answers_that_are_kept(keeping: Study) -> None:
    participant = enrolled(keeping)
    complete(participant)
    participant_withdraw(participant=participant)
    row = Participant.objects.get(pk=participant.pk)
    assert row.completion_code
    assert row.completion_code != participant.completion_code


def test_the_place_is_free_again_unless_all_its_answers_are_kept(study: Study) -> None:
    participant = enrolled(study)
    participant_withdraw(participant=participant)
    assert Participant.objects.get(pk=participant.pk).released_at is not None


def test_a_place_whose_answers_are_whole_and_kept_is_not_given_away(keeping: Study) -> None:
    whole, part = enrolled(keeping), enrolled(keeping)
    complete(whole)
    for participant in (whole, part):
        participant_withdraw(participant=participant)
    assert Participant.objects.get(pk=whole.pk).released_at is None
    assert Participant.objects.get(pk=part.pk).released_at is not None


def test_a_second_time_changes_nothing(study: Study) -> None:
    participant = enrolled(study)
    first = participant_withdraw(participant=participant)
    second = participant_withdraw(participant=participant, by="anna")
    assert second.ended_at == first.ended_at
    assert Event.objects.filter(participant=participant).count() == 1


@pytest.mark.parametrize("text", [protocol_text(), KEEP], ids=["delete", "keep"])
def test_no_answer_is_taken_afterwards(db: None, text: str) -> None:
    participant = enrolled(make_study(text))
    trial = current_trial(participant)
    assert trial is not None
    participant_withdraw(participant=participant)
    with pytest.raises(ResponseRefusedError):
        respond(participant, trial, confidence=2, rt_ms=900.0)
    assert not Response.objects.exists()


@pytest.mark.parametrize(
    "store",
    [
        lambda who: QuestionnaireAnswers.objects.create(
            participant=who, place="after", answers={}, received_at=timezone.now()
        ),
        lambda who: QuizAttempt.objects.create(
            participant=who, number=2, answers=[], passed=True, received_at=timezone.now()
        ),
        lambda who: RecruiterIdentity.objects.create(study=who.study, participant=who, external_id="x"),
    ],
    ids=["questionnaire", "quiz", "identity"],
)
def test_the_database_stores_nothing_more_of_who_withdrew(study: Study, store: Callable[[Participant], object]) -> None:
    participant = enrolled(study)
    participant_withdraw(participant=participant)
    with pytest.raises(DatabaseError, match="has withdrawn"), transaction.atomic():
        store(participant)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("withdraws_first", [False, True])
def test_a_page_sent_at_the_same_moment_leaves_nothing_behind(withdraws_first: bool) -> None:
    """Two connections: the second one waits for the first, whichever that is, and nothing stays in either order."""
    participant = enrolled(make_study(protocol_text()))

    def send_answers() -> None:
        QuestionnaireAnswers.objects.create(
            participant=participant, place="after", answers={"mail": "me@example.org"}, received_at=timezone.now()
        )

    def withdraw() -> None:
        participant_withdraw(participant=participant)

    first, second = (withdraw, send_answers) if withdraws_first else (send_answers, withdraw)
    refused: list[DatabaseError] = []
    thread = threading.Thread(target=_in_a_connection_of_its_own, args=(second, refused))
    with transaction.atomic():
        first()
        thread.start()
        thread.join(timeout=0.5)
        assert thread.is_alive(), "the second one did not wait"
    thread.join(timeout=20)
    assert left_of(participant) == NOTHING
    assert len(refused) == (1 if withdraws_first else 0)


@pytest.mark.django_db(transaction=True)
def test_answers_sent_while_withdrawing_leave_nothing_behind() -> None:
    participant = enrolled(make_study(protocol_text()))
    trial = current_trial(participant)
    assert trial is not None
    start, ended = threading.Barrier(5), []

    def send() -> None:
        start.wait()
        for _ in range(5):
            try:
                respond(participant, trial, confidence=2, rt_ms=900.0)
            except ResponseRefusedError:
                ended.append("refused")

    def withdraw() -> None:
        start.wait()
        participant_withdraw(participant=participant)

    unexpected: list[DatabaseError] = []
    work = [send, send, send, send, withdraw]
    threads = [threading.Thread(target=_in_a_connection_of_its_own, args=(one, unexpected)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert unexpected == []
    assert left_of(participant) == NOTHING


def _in_a_connection_of_its_own(act: Callable[[], None], errors: list[DatabaseError]) -> None:
    try:
        act()
    except DatabaseError as error:
        errors.append(error)
    finally:
        connection.close()


# The participant's page


@pytest.mark.parametrize(
    ("text", "promise"),
    [(protocol_text(), "All your answers are deleted."), (KEEP, "Your answers to the trials are kept")],
    ids=["delete", "keep"],
)
def test_the_page_says_what_happens_and_asks(db: None, client: Client, text: str, promise: str) -> None:
    participant = enrolled(make_study(text))
    page = client.get(f"/p/{participant.token}/withdraw/").content.decode()
    assert promise in page
    assert "cannot be undone" in page
    participant.refresh_from_db()
    assert participant.ended_as == ""


def test_confirmed_it_is_done_and_the_old_link_says_so(client: Client, study: Study) -> None:
    participant = enrolled(study)
    client.get(f"/p/{participant.token}/")
    cookie = f"participant_{study.pk}"
    assert client.cookies[cookie].value
    response = client.post(f"/p/{participant.token}/withdraw/", follow=True)
    assert "You have withdrawn" in response.content.decode()
    assert response.redirect_chain == [(f"/p/{participant.token}/", 302)]
    assert client.cookies[cookie].value == ""
    assert left_of(participant) == NOTHING
    for address in (f"/p/{participant.token}/", f"/p/{participant.token}/withdraw/"):
        assert "You have withdrawn" in client.get(address, follow=True).content.decode()
    assert client.post(f"/p/{participant.token}/withdraw/", follow=True).status_code == 200


def test_another_browser_that_remembers_the_participant_shows_that_it_is_done(client: Client, study: Study) -> None:
    participant = enrolled(study)
    client.get(f"/p/{participant.token}/")
    participant_withdraw(participant=participant)
    page = client.get(f"/s/{study.slug}/", follow=True)
    assert "You have withdrawn" in page.content.decode()


def test_who_has_completed_is_shown_the_code_once_more_before(client: Client, study: Study) -> None:
    participant = enrolled(study)
    complete(participant)
    assert participant.completion_code in client.get(f"/p/{participant.token}/withdraw/").content.decode()
    page = client.post(f"/p/{participant.token}/withdraw/", follow=True).content.decode()
    assert participant.completion_code not in page


def test_it_is_asked_for_by_a_form_that_other_sites_cannot_send(study: Study) -> None:
    participant = enrolled(study)
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(f"/p/{participant.token}/withdraw/").status_code == 403
    assert strict.post(f"/p/{'x' * 32}/withdraw/").status_code in (403, 404)


def test_who_was_screened_out_and_withdraws_can_enrol_anew_as_the_documentation_says(db: None) -> None:
    study = make_study(protocol_text(tables='[recruitment]\nsource = "generic"\nparticipant_parameter = "member"'))
    arrival = Arrival("member 7", "")
    first = participant_enrol(study=study, client_id=uuid.uuid4(), arrival=arrival)
    Participant.objects.filter(pk=first.pk).update(ended_as="practice_failed", ended_at=timezone.now())
    assert participant_enrol(study=study, client_id=uuid.uuid4(), arrival=arrival) == first
    participant_withdraw(participant=first)
    assert participant_enrol(study=study, client_id=uuid.uuid4(), arrival=arrival) != first


# The command


def test_the_command_withdraws_who_wrote_a_mail(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    participant = enrolled(study)
    call_command("withdraw_participant", participant.code.lower(), "--yes")
    assert left_of(participant) == NOTHING
    assert "the answers are deleted" in capsys.readouterr().out
    assert Event.objects.get(participant=participant).by == "withdraw_participant"
    call_command("withdraw_participant", participant.code)
    assert "already" in capsys.readouterr().out


@pytest.mark.parametrize(("reply", "done"), [("yes", True), ("y", False), ("", False)])
def test_the_command_asks_first(study: Study, monkeypatch: pytest.MonkeyPatch, reply: str, done: bool) -> None:
    participant = enrolled(study)
    monkeypatch.setattr("builtins.input", lambda question: reply)
    if done:
        call_command("withdraw_participant", participant.code)
    else:
        with pytest.raises(CommandError, match="Nothing was done"):
            call_command("withdraw_participant", participant.code)
    participant.refresh_from_db()
    assert (participant.ended_as == "withdrawn") is done


def test_the_command_says_where_codes_stand(db: None) -> None:
    with pytest.raises(CommandError, match="no participant 'ABC'"):
        call_command("withdraw_participant", "ABC")
