"""How far the session is, and how long the rest takes."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studyapp.coming import coming_trials
from studyapp.flow import OVER, Step, next_step
from studyapp.models import Participant, Place, Response, Study
from studyapp.progress import SessionProgress, coming_progress, rounded_minutes, session_progress
from studyapp.services import progress
from studyapp.services.enrolment import participant_enrol
from tests.studyapp.whole_session import (
    AFTER,
    BEFORE,
    RIGHT,
    WRONG,
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


@given(st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_participant_does_and_however_fast_the_bar_never_goes_back_and_keeps_what_it_promised(
    long_session: Study, data: st.DataObject
) -> None:
    person = participant_enrol(study=long_session, client_id=uuid.uuid4())
    shown, promised = [], {}
    while (step := next_step(fresh(person))) not in OVER:
        shown.append(now(person).permille)
        coming = list(coming_trials(fresh(person)))
        for trial, there in zip(coming, coming_progress(fresh(person), len(coming)), strict=True):
            # As a page says that was delivered ahead, so says it when it is loaded.
            assert promised.setdefault(trial.pk, there.permille) == there.permille
        act(person, step, data)
    assert shown == sorted(shown)
    assert shown[0] == 0
    assert shown[-1] < 1000


@pytest.fixture
def long_session(db: None) -> Study:
    """Four main trials with three breaks, and whoever fails the practice goes on."""
    return whole_study(on_failure="continue", block_size=1)


def act(person: Participant, step: Step, data: st.DataObject) -> None:
    """Do what the step asks for, rightly or not, in some time or other."""
    match step:
        case Step.QUESTIONNAIRE_BEFORE:
            progress.questionnaire_answer(participant=person, place=Place.BEFORE, answers=BEFORE)
        case Step.INSTRUCTIONS:
            progress.instructions_read(participant=person)
        case Step.QUIZ:
            number = person.quiz_attempts.count() + 1
            choices = RIGHT if data.draw(st.booleans(), "passes the quiz") else WRONG
            progress.quiz_attempt(participant=fresh(person), number=number, choices=choices)
        case Step.TRIAL:
            right, rt_ms = data.draw(st.tuples(st.booleans(), st.floats(200, 600_000)), "right, and after")
            answer(person, right=right, rt_ms=rt_ms)
        case Step.BREAK:
            progress.break_take(participant=fresh(person), number=fresh(person).breaks_taken + 1)
        case Step.QUESTIONNAIRE_AFTER:
            progress.questionnaire_answer(participant=fresh(person), place=Place.AFTER, answers=AFTER)
        case Step.DEBRIEFING:
            progress.debriefing_read(participant=fresh(person))


def test_the_bar_stands_while_something_is_repeated_and_goes_on_after_it(person: Participant) -> None:
    progress.questionnaire_answer(participant=person, place=Place.BEFORE, answers=BEFORE)
    progress.instructions_read(participant=person)
    at_the_quiz = now(person).done
    progress.quiz_attempt(participant=fresh(person), number=1, choices=WRONG)
    assert next_step(fresh(person)) is Step.INSTRUCTIONS
    assert now(person).done == at_the_quiz
    progress.instructions_read(participant=person)
    assert now(person).done == at_the_quiz
    progress.quiz_attempt(participant=fresh(person), number=2, choices=RIGHT)
    practice = [now(person).done]
    for right in (True, False, True, True):  # the first round is not passed
        answer(person, right=right)
        practice.append(now(person).done)
    first, second, *repeated, main = practice
    assert at_the_quiz < first < second < main
    assert repeated == [main, main]
    answer(person)
    assert now(person).done > main


def test_the_bar_is_the_same_for_a_slow_and_a_quick_participant_and_the_time_left_is_not(person: Participant) -> None:
    to_practice(person)
    for _ in range(3):
        answer(person)
    quick = now(person)
    Response.objects.update(rt_ms=120_000)
    slow = now(person)
    assert slow.done == quick.done
    assert slow.minutes_left > quick.minutes_left


@given(st.floats(min_value=0, max_value=1e5))
def test_minutes_are_never_told_too_few_nor_more_exactly_than_they_are_known(seconds: float) -> None:
    minutes = rounded_minutes(seconds)
    assert minutes == 0 if seconds < 60 else 60 * minutes >= seconds
    assert 60 * minutes < seconds + 5 * 60
    assert minutes <= 10 or minutes % 5 == 0


def test_the_time_is_told_in_words() -> None:
    def told(minutes: int) -> str:
        return SessionProgress(
            part=1, parts=2, title="", done=0.5, trials_left=0, other_s=60 * minutes, pace=1.0
        ).time_left

    assert [told(minutes) for minutes in (0, 1, 7)] == [
        "Less than a minute left",
        "About 1 minute left",
        "About 7 minutes left",
    ]
