"""What each step stores, once, and only from where the participant is."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from studyapp.flow import Step, next_step
from studyapp.models import Participant, Phase, Place, QuestionnaireAnswers, Study
from studyapp.services import progress
from studyapp.services.enrolment import participant_enrol
from studyapp.services.trials import store_main
from tests.studyapp.whole_session import (
    AFTER,
    BEFORE,
    RIGHT,
    WRONG,
    answer,
    fresh,
    to_last_questions,
    to_practice,
    whole_study,
)


def happened(participant: Participant) -> list[str]:
    return list(participant.events.exclude(name="enrolled").values_list("name", flat=True))


def test_the_answers_to_questions_are_stored_once(person: Participant) -> None:
    for age in (30, 31):
        progress.questionnaire_answer(participant=person, place=Place.BEFORE, answers=BEFORE | {"age": age})
    stored = QuestionnaireAnswers.objects.get()
    assert stored.answers == BEFORE
    assert stored.place == "before"


def test_what_does_not_belong_to_the_step_at_hand_changes_nothing(person: Participant) -> None:
    progress.questionnaire_answer(participant=person, place=Place.AFTER, answers=AFTER)
    progress.instructions_read(participant=person)
    progress.quiz_attempt(participant=person, number=1, choices=RIGHT)
    progress.break_take(participant=person, number=1)
    progress.debriefing_read(participant=person)
    assert next_step(fresh(person)) is Step.QUESTIONNAIRE_BEFORE
    assert person.questionnaires.count() == person.quiz_attempts.count() == 0
    assert fresh(person).breaks_taken == 0
    assert fresh(person).debriefed_at is None


def test_the_last_failed_attempt_at_the_quiz_ends_the_session(person: Participant) -> None:
    progress.questionnaire_answer(participant=person, place=Place.BEFORE, answers=BEFORE)
    for number in (1, 2):
        progress.instructions_read(participant=fresh(person))
        progress.quiz_attempt(participant=fresh(person), number=number, choices=WRONG)
    ended = fresh(person)
    assert ended.ended_as == "quiz_failed"
    assert ended.ended_at is not None
    assert [attempt.answers for attempt in person.quiz_attempts.all()] == [list(WRONG)] * 2
    assert happened(person) == ["screened_out"]


def test_a_page_of_an_attempt_that_is_over_is_no_further_attempt(person: Participant) -> None:
    progress.questionnaire_answer(participant=person, place=Place.BEFORE, answers=BEFORE)
    progress.instructions_read(participant=person)
    progress.quiz_attempt(participant=person, number=1, choices=WRONG)
    progress.instructions_read(participant=fresh(person))
    progress.quiz_attempt(participant=fresh(person), number=1, choices=WRONG)
    assert next_step(fresh(person)) is Step.QUIZ
    assert person.quiz_attempts.count() == 1


def test_no_trial_is_answered_before_the_quiz_is_passed(person: Participant) -> None:
    progress.questionnaire_answer(participant=person, place=Place.BEFORE, answers=BEFORE)
    progress.instructions_read(participant=person)
    with pytest.raises(AssertionError):
        answer(person)
    progress.quiz_attempt(participant=fresh(person), number=1, choices=RIGHT)
    answer(person)


def test_main_trials_are_stored_when_practice_is_passed_and_are_those_of_the_seed(
    person: Participant, whole: Study
) -> None:
    to_practice(person)
    answer(person)
    assert not person.trials.filter(phase=Phase.MAIN).exists()
    answer(person)
    drawn = list(person.trials.filter(phase=Phase.MAIN).values_list("position", "query_pair", "strong_side"))
    assert [position for position, *_ in drawn] == [3, 4, 5, 6]
    assert len(drawn) == person.main_trials
    person.trials.filter(phase=Phase.MAIN).delete()
    store_main(person)
    assert list(person.trials.filter(phase=Phase.MAIN).values_list("position", "query_pair", "strong_side")) == drawn
    assert happened(person) == ["quiz_passed", "practice_passed"]


def test_a_further_round_shows_the_same_pairs_in_another_order(person: Participant) -> None:
    to_practice(person)
    for _ in range(2):
        answer(person, right=False)
    first, second = ([*person.trials.filter(round=number)] for number in (1, 2))
    assert [trial.position for trial in second] == [3, 4]
    assert [trial.query_pair for trial in second] == [trial.query_pair for trial in reversed(first)]
    for _ in range(2):
        answer(person)
    assert [trial.position for trial in person.trials.filter(phase=Phase.MAIN)] == [5, 6, 7, 8]
    for _ in range(2):
        answer(person)
    assert next_step(fresh(person)) is Step.BREAK


def test_practice_that_is_never_passed_ends_the_session(person: Participant) -> None:
    to_practice(person)
    for _ in range(4):
        answer(person, right=False)
    assert fresh(person).ended_as == "practice_failed"
    assert not person.trials.filter(phase=Phase.MAIN).exists()
    assert happened(person) == ["quiz_passed", "practice_failed", "screened_out"]


def test_or_goes_on_where_the_protocol_says_so(db: None) -> None:
    person = participant_enrol(study=whole_study(on_failure="continue"), client_id=uuid.uuid4())
    to_practice(person)
    for _ in range(4):
        answer(person, right=False)
    assert person.trials.filter(phase=Phase.MAIN).count() == 4
    assert next_step(fresh(person)) is Step.TRIAL
    assert happened(person) == ["quiz_passed", "practice_failed"]


def test_whose_place_was_given_away_is_not_completed_by_a_late_answer(newcomer: Participant) -> None:
    progress.instructions_read(participant=newcomer)
    for _ in range(5):
        answer(newcomer)
    Participant.objects.filter(pk=newcomer.pk).update(released_at=timezone.now())
    answer(newcomer)
    assert fresh(newcomer).completed_at is None


def test_a_break_is_taken_once(person: Participant) -> None:
    to_practice(person)
    for _ in range(4):
        answer(person)
    for number in (2, 0, 1, 1):
        progress.break_take(participant=fresh(person), number=number)
    assert fresh(person).breaks_taken == 1
    assert next_step(fresh(person)) is Step.TRIAL


def test_the_completion_code_waits_for_the_questions_and_the_debriefing(person: Participant) -> None:
    to_last_questions(person)
    progress.debriefing_read(participant=fresh(person))
    assert fresh(person).completion_code == ""
    progress.questionnaire_answer(participant=fresh(person), place=Place.AFTER, answers=AFTER)
    assert fresh(person).completion_code == ""
    progress.debriefing_read(participant=fresh(person))
    code = fresh(person).completion_code
    assert len(code) == 8
    progress.debriefing_read(participant=fresh(person))
    assert fresh(person).completion_code == code
    assert happened(person) == ["quiz_passed", "practice_passed", "completed"]


def test_an_ordinary_main_trial_costs_no_query_afterwards(person: Participant) -> None:
    to_practice(person)
    for _ in range(2):
        answer(person)
    trial = answer(person)
    with CaptureQueriesContext(connection) as asked:
        progress.after_response(participant=fresh(person), trial=trial)
    assert [query for query in asked if "SAVEPOINT" not in query["sql"]][1:] == []  # the first one is the test's own
