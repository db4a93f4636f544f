"""Which step comes next, on every way through a session."""

import uuid
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studyapp.flow import Step, next_step
from studyapp.models import Ending, Participant, Place, Study
from studyapp.services import progress
from studyapp.services.enrolment import participant_enrol
from tests.studyapp.turns import trials_in_turn
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


def step(participant: Participant) -> Step:
    return next_step(fresh(participant))


def test_the_steps_follow_each_other_in_their_order(person: Participant) -> None:
    met = [step(person)]
    acts: list[Callable[[], object]] = [
        lambda: progress.questionnaire_answer(participant=fresh(person), place=Place.BEFORE, answers=BEFORE),
        lambda: progress.instructions_read(participant=fresh(person)),
        lambda: progress.quiz_attempt(participant=fresh(person), number=1, choices=RIGHT),
        *[lambda: answer(person)] * 4,
        lambda: progress.break_take(participant=fresh(person), number=1),
        *[lambda: answer(person)] * 2,
        lambda: progress.questionnaire_answer(participant=fresh(person), place=Place.AFTER, answers=AFTER),
        lambda: progress.debriefing_read(participant=fresh(person)),
    ]
    for act in acts:
        assert fresh(person).completion_code == ""
        act()
        met.append(step(person))
    assert met == [
        Step.QUESTIONNAIRE_BEFORE,
        Step.INSTRUCTIONS,
        Step.QUIZ,
        *[Step.TRIAL] * 4,
        Step.BREAK,
        *[Step.TRIAL] * 2,
        Step.QUESTIONNAIRE_AFTER,
        Step.DEBRIEFING,
        Step.DONE,
    ]
    assert len(fresh(person).completion_code) == 8


def test_a_study_without_these_tables_goes_from_instructions_to_trials_to_the_end(newcomer: Participant) -> None:
    assert step(newcomer) is Step.INSTRUCTIONS
    progress.instructions_read(participant=newcomer)
    for _ in trials_in_turn(fresh(newcomer)):
        assert step(newcomer) is Step.TRIAL
        answer(newcomer)
    assert step(newcomer) is Step.DONE
    assert fresh(newcomer).completion_code


def test_a_wrong_attempt_leads_through_the_instructions_to_the_quiz_again(person: Participant) -> None:
    progress.questionnaire_answer(participant=person, place=Place.BEFORE, answers=BEFORE)
    progress.instructions_read(participant=person)
    first_read = fresh(person).instructions_read_at
    progress.quiz_attempt(participant=person, number=1, choices=WRONG)
    assert step(person) is Step.INSTRUCTIONS
    progress.instructions_read(participant=fresh(person))
    assert step(person) is Step.QUIZ
    assert fresh(person).instructions_read_at == first_read
    progress.quiz_attempt(participant=fresh(person), number=2, choices=RIGHT)
    assert step(person) is Step.TRIAL


def test_a_break_stands_between_blocks_and_not_after_the_last_one(db: None) -> None:
    person = participant_enrol(study=whole_study(block_size=4), client_id=uuid.uuid4())
    to_practice(person)
    for _ in range(6):
        assert step(person) is Step.TRIAL
        answer(person)
    assert step(person) is Step.QUESTIONNAIRE_AFTER


@pytest.mark.parametrize("ending", Ending.values)
@pytest.mark.parametrize("how_far", [lambda _: None, to_practice, to_last_questions, to_the_end])
def test_who_has_ended_is_at_the_end_however_far_they_came(
    person: Participant, ending: str, how_far: Callable[[Participant], None]
) -> None:
    how_far(person)
    Participant.objects.filter(pk=person.pk).update(ended_as=ending, ended_at=timezone.now())
    assert step(person) is Step.ENDED


def test_whose_place_was_given_away_is_told_so_unless_they_had_finished(person: Participant) -> None:
    to_practice(person)
    Participant.objects.filter(pk=person.pk).update(released_at=timezone.now())
    assert step(person) is Step.RELEASED
    Participant.objects.filter(pk=person.pk).update(released_at=None)
    for _ in range(4):
        answer(person)
    progress.break_take(participant=fresh(person), number=1)
    for _ in range(2):
        answer(person)
    progress.questionnaire_answer(participant=fresh(person), place=Place.AFTER, answers=AFTER)
    progress.debriefing_read(participant=fresh(person))
    Participant.objects.filter(pk=person.pk).update(released_at=timezone.now())
    assert step(person) is Step.DONE


def test_no_step_takes_more_than_a_few_queries(person: Participant) -> None:
    to_last_questions(person)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        step(person)
    assert len(asked) <= 4  # the participant, the quiz, the trial at hand, the questionnaire


FORMS = {
    "questions-before/": {"answer-age": "30"},
    "instructions/": {},
    "quiz/": {"question_1": "Blue", "question_2": "Two"},
    "break/": {"break": "1"},
    "questions-after/": {"answer-clarity": "4"},
    "debriefing/": {},
}
# Trials and breaks take turns, and a failed quiz leads back to the instructions.
RANKS = {step: rank for rank, step in enumerate(Step)} | {Step.BREAK: 3, Step.QUIZ: 1}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_order_of_forms_and_answers_leads_backwards_or_to_a_code_too_early(
    client: Client, whole: Study, data: st.DataObject
) -> None:
    person = participant_enrol(study=whole, client_id=uuid.uuid4())
    for _ in range(30):
        before = step(person)
        # Mostly what leads on, so that the walk comes far.
        wanted = [address for address in FORMS if address.startswith(before.value.replace("naire_", "s-"))]
        act = data.draw(st.sampled_from([*FORMS, "answer", *[*wanted, "answer"] * 4]))
        if act != "answer":
            attempt = {"attempt": str(data.draw(st.integers(0, 2)))}
            wrong = data.draw(
                st.sampled_from([{}, {}, {"question_1": "Red"}, {"answer-age": "x", "answer-clarity": "9"}])
            )
            assert client.post(f"/p/{person.token}/{act}", FORMS[act] | attempt | wrong).status_code in (200, 302)
        elif before is Step.TRIAL:
            answer(person, right=data.draw(st.sampled_from([True, True, True, False])))
        assert client.get(f"/p/{person.token}/").status_code == 200
        after = step(person)
        assert RANKS[after] >= RANKS[before]
        assert (fresh(person).completion_code != "") == (after is Step.DONE)
