"""How far the session is, and how long the rest takes."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from studyapp.flow import OVER, Step, next_step
from studyapp.models import Participant, Place, Response
from studyapp.progress import SessionProgress, rounded_minutes, session_progress
from studyapp.services import progress
from studyapp.services.enrolment import participant_enrol
from tests.studyapp.whole_session import (
    BEFORE,
    answer,
    fresh,
    to_last_questions,
    to_practice,
    to_the_end,
    whole_study,
)


@pytest.fixture
def person(db: None) -> Participant:
    return participant_enrol(study=whole_study(), client_id=uuid.uuid4())


def now(participant: Participant) -> SessionProgress:
    found = session_progress(fresh(participant), next_step(fresh(participant)))
    assert found is not None
    return found


def test_every_part_of_the_session_counts_and_has_a_name(person: Participant) -> None:
    names = [(now(person).part, now(person).title)]
    progress.questionnaire_answer(participant=person, place=Place.BEFORE, answers=BEFORE)
    names.append((now(person).part, now(person).title))
    to_practice(person)
    names.append((now(person).part, now(person).title))
    answer(person)
    answer(person)
    names.append((now(person).part, now(person).title))
    assert names == [(1, "Questions about you"), (2, "Instructions"), (4, "Practice"), (5, "Main part")]
    assert now(person).parts == 7


def test_a_further_round_of_practice_is_named(person: Participant) -> None:
    to_practice(person)
    for _ in range(2):
        answer(person, right=False)
    assert now(person).title == "Practice, round 2"


def test_what_is_left_grows_less_with_every_trial(person: Participant) -> None:
    to_practice(person)
    done = [now(person).done]
    for _ in range(4):
        answer(person)
        done.append(now(person).done)
    progress.break_take(participant=fresh(person), number=1)
    done.append(now(person).done)
    assert done == sorted(set(done))


def test_the_estimate_follows_the_participants_own_pace(person: Participant) -> None:
    to_practice(person)
    for _ in range(3):
        answer(person)
    quick = now(person).minutes_left
    Response.objects.update(rt_ms=120_000)
    assert now(person).minutes_left > quick
    assert now(person).minutes_left >= 6  # three trials of two minutes


def test_nothing_is_said_where_nothing_is_left(person: Participant) -> None:
    to_the_end(person)
    assert session_progress(fresh(person), Step.DONE) is None
    assert all(session_progress(fresh(person), step) is None for step in OVER)


def test_it_takes_one_query(person: Participant) -> None:
    to_last_questions(person)
    known = fresh(person)
    with CaptureQueriesContext(connection) as asked:
        session_progress(known, Step.QUESTIONNAIRE_AFTER)
    assert len(asked) == 1


@given(st.floats(min_value=0, max_value=1e5))
def test_minutes_are_never_told_too_few_nor_more_exactly_than_they_are_known(seconds: float) -> None:
    minutes = rounded_minutes(seconds)
    assert minutes == 0 if seconds < 60 else 60 * minutes >= seconds
    assert 60 * minutes < seconds + 5 * 60
    assert minutes <= 10 or minutes % 5 == 0


def test_the_time_is_told_in_words() -> None:
    def told(minutes: int) -> str:
        return SessionProgress(part=1, parts=2, title="", done=0.5, minutes_left=minutes).time_left

    assert [told(minutes) for minutes in (0, 1, 7)] == [
        "Less than a minute left",
        "About 1 minute left",
        "About 7 minutes left",
    ]
