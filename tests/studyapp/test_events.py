"""The log of events: what was written stays as it was written."""

import uuid

import pytest
from django.db import DatabaseError, connection, transaction

from studyapp.models import Ending, Event, Participant, Study
from studyapp.services.enrolment import participant_enrol
from studyapp.services.events import EventName, forget, record
from studyapp.services.withdrawal import participant_withdraw
from tests.studyapp.world import make_study, protocol_text

REFUSAL = "written once"


@pytest.fixture
def event(participant: Participant) -> Event:
    return record(study=participant.study, name="resumed", participant=participant, data={"after_min": 12}, by="")


def run(sql: str, event: Event) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, [event.pk] if "%s" in sql else None)


def test_it_says_what_happened_to_whom_when_and_who_did_it(participant: Participant) -> None:
    event = record(study=participant.study, name=EventName.WITHDRAWN, participant=participant, by="anna")
    event.refresh_from_db()
    assert (event.study, event.participant, event.name) == (participant.study, participant, "withdrawn")
    assert (event.data, event.by) == ({}, "anna")
    assert event.at >= participant.consented_at


def test_a_name_that_is_not_in_the_list_is_refused(study: Study) -> None:
    with pytest.raises(ValueError, match="vanished"):
        record(study=study, name="vanished")
    assert not Event.objects.exists()


def test_no_name_is_longer_than_its_column() -> None:
    assert max(len(name) for name in EventName) <= Event._meta.get_field("name").max_length


def test_it_cannot_be_changed_by_the_orm(event: Event) -> None:
    event.name = "completed"
    with pytest.raises(DatabaseError, match=REFUSAL), transaction.atomic():
        event.save()
    with pytest.raises(DatabaseError, match=REFUSAL), transaction.atomic():
        Event.objects.filter(pk=event.pk).update(by="nobody")


def test_it_cannot_be_deleted_by_the_orm(event: Event) -> None:
    with pytest.raises(DatabaseError, match=REFUSAL), transaction.atomic():
        event.delete()
    with pytest.raises(DatabaseError, match=REFUSAL), transaction.atomic():
        Event.objects.all().delete()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE studyapp_event SET at = now() - interval '1 day' WHERE id = %s",
        "DELETE FROM studyapp_event WHERE id = %s",
        "DELETE FROM studyapp_event",
    ],
)
def test_it_cannot_be_changed_or_deleted_in_sql(event: Event, sql: str) -> None:
    with pytest.raises(DatabaseError, match=REFUSAL):
        run(sql, event)


@pytest.mark.parametrize("sql", ["TRUNCATE studyapp_event", "TRUNCATE studyapp_participant CASCADE"])
def test_the_log_cannot_be_emptied(event: Event, sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(DatabaseError, match=REFUSAL):
        run(sql, event)


def test_events_of_who_withdrew_can_go_and_still_not_change(event: Event, participant: Participant) -> None:
    Participant.objects.filter(pk=participant.pk).update(ended_as=Ending.WITHDRAWN, ended_at=event.at)
    with pytest.raises(DatabaseError, match=REFUSAL):
        run("UPDATE studyapp_event SET by = 'nobody' WHERE id = %s", event)
    with pytest.raises(DatabaseError, match=REFUSAL):
        run("DELETE FROM studyapp_event WHERE id = %s", event)
    forget(participant=participant)
    assert not Event.objects.filter(pk=event.pk).exists()


def test_events_of_who_goes_on_cannot_be_forgotten(event: Event, participant: Participant) -> None:
    with pytest.raises(DatabaseError, match=REFUSAL):
        forget(participant=participant)


def test_that_somebody_withdrew_is_never_forgotten(participant: Participant) -> None:
    participant_withdraw(participant=participant)
    assert participant.events.get().name == "withdrawn"
    with pytest.raises(DatabaseError, match=REFUSAL), transaction.atomic():
        forget(participant=participant)
    with pytest.raises(DatabaseError, match=REFUSAL), transaction.atomic():
        participant.events.all().delete()


def test_where_the_answers_are_kept_the_events_stay(db: None) -> None:
    study = make_study(protocol_text().replace("[consent]", '[consent]\non_withdrawal = "keep"'))
    participant = participant_enrol(study=study, client_id=uuid.uuid4())
    participant_withdraw(participant=participant)
    with pytest.raises(DatabaseError, match=REFUSAL), transaction.atomic():
        participant.events.all().delete()
    assert [event.name for event in participant.events.all()] == ["enrolled", "withdrawn"]
