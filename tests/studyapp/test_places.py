"""Places in the design: the lowest free one is given, and whose it may be."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from analysis.reading import read_export
from analysis.selection import INCOMPLETE, PLACE_LOST, select_trials
from studyapp.export import write_export
from studyapp.models import Participant, Study
from studyapp.places import has_place
from studyapp.recruitment.arrival import Arrival
from studyapp.selectors import export_responses
from studyapp.services.enrolment import (
    RESUMED_AT_MOST_EVERY,
    NoPlaceError,
    TookPartError,
    consent_decline,
    participant_enrol,
    participant_return,
)
from studyapp.services.places import place_keep
from studyapp.services.progress import instructions_read
from tests.studyapp.turns import respond, trials_in_turn
from tests.studyapp.world import make_study, protocol_text

MINUTES = 30


def study_with(*lines: str, on_withdrawal: str = "delete") -> Study:
    tables = "\n".join(["[recruitment]", f"abandoned_after_min = {MINUTES}", *lines])
    text = protocol_text(features=2, tables=tables)
    return make_study(text.replace("[consent]", f'[consent]\non_withdrawal = "{on_withdrawal}"'))


def enrol(study: Study, arrival: Arrival | None = None) -> Participant:
    return participant_enrol(study=study, client_id=uuid.uuid4(), arrival=arrival)


def change(participant: Participant, **values: object) -> None:
    Participant.objects.filter(pk=participant.pk).update(**values)
    participant.refresh_from_db()


def end(participant: Participant, reason: str) -> None:
    change(participant, ended_as=reason, ended_at=timezone.now())


def complete(participant: Participant) -> None:
    now = timezone.now()
    change(participant, instructions_read_at=now, completed_at=now, completion_code=f"C{participant.pk:07}")


def leave(participant: Participant, minutes: int = MINUTES + 1) -> None:
    change(participant, last_seen_at=timezone.now() - timedelta(minutes=minutes))


@pytest.mark.parametrize("reason", ["quiz_failed", "practice_failed", "withdrawn"])
def test_the_place_of_one_who_ended_before_the_end_is_given_to_the_next(db: None, reason: str) -> None:
    study = study_with("quota = 2")
    first, second = enrol(study), enrol(study)
    assert not has_place(study)
    end(first, reason)
    assert has_place(study)
    third = enrol(study)
    first.refresh_from_db()
    assert (third.number, first.released_at is None, second.number) == (1, False, 2)
    assert not has_place(study)
    drawn = [
        list(one.trials.values_list("query_pair", "condition", "strong_side", "reference_order"))
        for one in (first, third)
    ]
    assert drawn[0] == drawn[1]


def test_a_place_is_not_abandoned_before_its_time(db: None) -> None:
    study = study_with("quota = 1")
    leave(enrol(study), MINUTES - 1)
    assert not has_place(study)
    with pytest.raises(NoPlaceError):
        enrol(study)


def test_who_was_here_a_moment_ago_has_not_abandoned_the_place(db: None) -> None:
    """Being seen is stored to the minute: what is stored may be older than the last page."""
    study = study_with("quota = 1")
    participant = enrol(study)
    seen = timezone.now() - timedelta(seconds=58)
    change(participant, last_seen_at=seen)
    place_keep(participant=participant)
    participant.refresh_from_db()
    assert participant.last_seen_at == seen
    change(participant, last_seen_at=seen - timedelta(minutes=MINUTES))
    assert not has_place(study)


def test_who_comes_back_before_somebody_took_the_place_keeps_it(db: None) -> None:
    study = study_with("quota = 1")
    participant = enrol(study)
    leave(participant)
    assert has_place(study)
    assert place_keep(participant=participant)
    assert not has_place(study)
    with pytest.raises(NoPlaceError):
        enrol(study)


def test_who_comes_back_afterwards_has_lost_it(db: None) -> None:
    study = study_with("quota = 1")
    participant = enrol(study)
    leave(participant)
    enrol(study)
    assert not place_keep(participant=participant)
    participant_return(participant=participant)
    assert not study.events.filter(name="resumed").exists()


@pytest.mark.parametrize("reason", ["withdrawn", "practice_failed"])
def test_nothing_is_noted_of_who_comes_back_after_the_session_ended(db: None, reason: str) -> None:
    study = study_with(on_withdrawal="keep")
    participant = enrol(study)
    complete(participant)
    leave(participant)
    end(participant, reason)
    before = participant.last_seen_at
    participant_return(participant=participant)
    assert not place_keep(participant=participant)
    participant.refresh_from_db()
    assert participant.last_seen_at == before
    assert not study.events.filter(name="resumed").exists()


def test_coming_back_is_noted_once_in_half_an_hour(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    study = study_with()
    participant = enrol(study)
    for _ in range(3):
        participant_return(participant=participant)
    assert study.events.filter(name="resumed").count() == 1
    participant_return(participant=enrol(study))
    assert study.events.filter(name="resumed").count() == 2
    assert timedelta(minutes=30) == RESUMED_AT_MOST_EVERY
    monkeypatch.setattr("studyapp.services.enrolment.RESUMED_AT_MOST_EVERY", timedelta(0))
    participant_return(participant=participant)
    assert study.events.filter(name="resumed").count() == 3


def test_who_goes_on_after_losing_the_place_is_told_and_does_not_count_beyond_the_quota(
    db: None, tmp_path: Path
) -> None:
    study = study_with("quota = 2")
    gone = [enrol(study) for _ in range(2)]
    for participant in gone:
        instructions_read(participant=participant)
        leave(participant)
    stayed = [enrol(study) for _ in range(2)]
    for participant in stayed:
        instructions_read(participant=participant)
    for participant in (*gone, *stayed):
        participant.refresh_from_db()
        told = {respond(participant, trial).over for trial in trials_in_turn(participant)}
        assert told == {participant in gone}
        participant.refresh_from_db()
    assert [one.completed_at is None for one in (*gone, *stayed)] == [True, True, False, False]
    path = tmp_path / "birds.csv"
    write_export(export_responses(study), path)
    selection = select_trials(read_export(path))
    lost = {rule.key: set(rule.participants) for rule in selection.exclusions}
    assert lost == {INCOMPLETE: set(), PLACE_LOST: {one.code for one in gone}}
    assert set(selection.analysed["participant"]) == {one.code for one in stayed}


def test_without_a_quota_an_abandoned_place_is_given_away_before_a_new_one(db: None) -> None:
    study = study_with()
    first, _ = enrol(study), enrol(study)
    leave(first)
    assert [enrol(study).number for _ in range(2)] == [1, 3]


def test_the_place_of_one_who_completed_is_not_given_away(db: None) -> None:
    study = study_with("quota = 1")
    participant = enrol(study)
    complete(participant)
    leave(participant, 10_000)
    assert not has_place(study)


@pytest.mark.parametrize(("on_withdrawal", "free"), [("delete", True), ("keep", False)])
def test_who_completed_and_withdraws_frees_the_place_if_the_answers_are_deleted(
    db: None, on_withdrawal: str, free: bool
) -> None:
    study = study_with("quota = 1", on_withdrawal=on_withdrawal)
    participant = enrol(study)
    complete(participant)
    end(participant, "withdrawn")
    assert has_place(study) is free


def test_a_place_that_was_released_by_withdrawal_is_given_away(db: None) -> None:
    study = study_with("quota = 1")
    change(enrol(study), released_at=timezone.now())
    assert enrol(study).number == 1


def test_a_closed_study_enrols_nobody(db: None) -> None:
    study = study_with()
    participant = enrol(study)
    Study.objects.filter(pk=study.pk).update(closed_at=timezone.now())
    study.refresh_from_db()
    assert not has_place(study)
    with pytest.raises(NoPlaceError):
        enrol(study)
    assert participant_enrol(study=study, client_id=participant.client_id) == participant


def test_being_seen_is_stored_to_the_minute_only(db: None, django_assert_num_queries: Callable[..., object]) -> None:
    participant = enrol(study_with())
    with django_assert_num_queries(1):
        place_keep(participant=participant)
    before = participant.last_seen_at
    change(participant, last_seen_at=before - timedelta(minutes=2))
    place_keep(participant=participant)
    participant.refresh_from_db()
    assert participant.last_seen_at >= before


def test_the_recruiters_ids_stand_apart_from_participant_and_log(db: None) -> None:
    study = study_with('source = "prolific"')
    participant = enrol(study, Arrival("5f3a77", "sub-9"))
    assert (participant.identity.external_id, participant.identity.session_id) == ("5f3a77", "sub-9")
    rows = [*Participant.objects.values(), *study.events.values(), *participant.trials.values()]
    assert "5f3a77" not in repr(rows)
    assert "sub-9" not in repr(rows)


def test_a_person_who_is_known_comes_back_to_the_same_participant(db: None) -> None:
    study = study_with('source = "prolific"', "quota = 1")
    assert enrol(study, Arrival("a")) == enrol(study, Arrival("a", "another submission"))


def test_a_person_who_is_known_is_refused_where_the_protocol_says_so(db: None) -> None:
    study = study_with('source = "prolific"', 'returning = "refuse"')
    participant = enrol(study, Arrival("a"))
    with pytest.raises(TookPartError):
        enrol(study, Arrival("a"))
    # The same form once more is a doubled click, not a person who returns.
    same = participant_enrol(study=study, client_id=participant.client_id, arrival=Arrival("a"))
    assert same == participant


def test_two_studies_know_the_same_person_apart(db: None) -> None:
    studies = [study_with('source = "sona"'), make_study(protocol_text(slug="twin", features=2))]
    assert len({enrol(study, Arrival("7")).pk for study in studies}) == 2


def test_declining_is_counted_once_for_a_form_and_nobody_is_named(db: None) -> None:
    study = study_with()
    form = uuid.uuid4()
    for client_id in (form, form, uuid.uuid4()):
        consent_decline(study=study, client_id=client_id)
    events = list(study.events.filter(name="declined"))
    assert [event.participant for event in events] == [None, None]
    assert events[0].data == {"form": str(form), "consent_version": "2024-1"}


def test_enrolling_is_written_in_the_log(db: None) -> None:
    study = study_with()
    participant = enrol(study)
    assert [(event.name, event.participant) for event in study.events.all()] == [("enrolled", participant)]
