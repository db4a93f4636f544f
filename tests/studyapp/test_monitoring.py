"""What the page of a running study counts: everyone once, in the state in which they are."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from studyapp.models import Participant, QuestionnaireAnswers, QuizAttempt, Response, Study
from studyapp.monitoring import State, listed_participants, participants_in_state, running
from studyapp.selectors import current_trial
from studyapp.services.enrolment import participant_enrol
from studyapp.services.progress import instructions_read
from studyapp.services.withdrawal import participant_withdraw
from tests.studyapp.turns import respond
from tests.studyapp.world import make_study, protocol_text

WHOLE = """
[questionnaire_before]
title = "About you"
[[questionnaire_before.questions]]
name = "age"
label = "How old are you?"
kind = "number"

[quiz]
[[quiz.questions]]
question = "Which?"
choices = ["this", "that"]
answer = "this"

[recruitment]
quota = 10
abandoned_after_min = 30
"""


@pytest.fixture
def whole(db: None) -> Study:
    """With questions before, a quiz and a quota."""
    return make_study(protocol_text(tables=WHOLE))


def enrol(study: Study, **changes: object) -> Participant:
    participant = participant_enrol(study=study, client_id=uuid.uuid4())
    Participant.objects.filter(pk=participant.pk).update(**changes)
    participant.refresh_from_db()
    return participant


def answer_questions(participant: Participant) -> None:
    now = timezone.now()
    QuestionnaireAnswers.objects.create(participant=participant, place="before", answers={}, received_at=now)


def read(participant: Participant) -> None:
    answer_questions(participant)
    instructions_read(participant=participant)
    participant.refresh_from_db()


def pass_quiz(participant: Participant) -> None:
    read(participant)
    for number, passed in ((1, False), (2, True)):
        QuizAttempt.objects.create(
            participant=participant, number=number, answers=[], passed=passed, received_at=timezone.now()
        )


def answer(participant: Participant, trials: int) -> None:
    pass_quiz(participant)
    for _ in range(trials):
        trial = current_trial(participant)
        assert trial is not None
        respond(participant, trial)


def state_of(participant: Participant) -> str:
    return participants_in_state(participant.study).get(pk=participant.pk).state


def test_each_step_of_the_session_is_a_state(whole: Study) -> None:
    steps: tuple[tuple[Callable[[Participant], object], State], ...] = (
        (lambda who: None, State.QUESTIONNAIRE_BEFORE),
        (answer_questions, State.INSTRUCTIONS),
        (read, State.QUIZ),
        (pass_quiz, State.PRACTICE),
        (lambda who: answer(who, 1), State.PRACTICE),
        (lambda who: answer(who, 2), State.MAIN),
        (lambda who: answer(who, 5), State.MAIN),
        (lambda who: answer(who, 6), State.COMPLETED),
        (lambda who: participant_withdraw(participant=who), State.WITHDRAWN),
    )
    for act, state in steps:
        participant = enrol(whole)
        act(participant)
        assert state_of(participant) == state


def test_without_questions_and_quiz_the_session_starts_at_the_instructions(study: Study) -> None:
    participant = enrol(study)
    assert state_of(participant) == State.INSTRUCTIONS
    instructions_read(participant=participant)
    assert state_of(participant) == State.PRACTICE


def test_endings_come_before_everything_else(whole: Study) -> None:
    now, long_ago = timezone.now(), timezone.now() - timedelta(hours=1)
    assert state_of(enrol(whole, last_seen_at=long_ago)) == State.ABANDONED
    assert state_of(enrol(whole, last_seen_at=long_ago, released_at=now)) == State.RELEASED
    assert state_of(enrol(whole, ended_as="quiz_failed", ended_at=now, released_at=now)) == State.QUIZ_FAILED
    assert state_of(enrol(whole, ended_as="practice_failed", ended_at=now)) == State.PRACTICE_FAILED


def test_who_completed_and_withdrew_counts_as_withdrawn(whole: Study) -> None:
    participant = enrol(whole)
    answer(participant, 6)
    participant_withdraw(participant=participant)
    counts = running(whole)
    assert (counts.completed, counts.states[State.WITHDRAWN]) == (0, 1)


def test_everyone_is_counted_once_and_takes_a_place_while_at_it(whole: Study) -> None:
    enrol(whole)
    answer(enrol(whole), 4)
    answer(enrol(whole), 6)
    participant_withdraw(participant=enrol(whole))
    # The last one: the next person would be given this place.
    enrol(whole, last_seen_at=timezone.now() - timedelta(minutes=31))
    counts = running(whole)
    assert counts.enrolled == sum(counts.states.values()) == 5
    assert (counts.taking_part, counts.completed) == (2, 1)
    assert counts.places_free == 10 - 3
    main = [response.trial.condition for response in Response.objects.filter(trial__phase="main")]
    assert counts.responses == {name: main.count(name) for name in ("exemplars", "accentuation")}
    assert sum(counts.responses.values()) == 2 + 4
    assert dict(counts.steps)["in the main trials"] == 1
    assert dict(counts.endings)["abandoned"] == 1


def test_catch_trials_and_withdrawn_participants_are_in_no_conditions_count(db: None) -> None:
    text = protocol_text(tables=WHOLE, catch=True).replace("[consent]\n", '[consent]\non_withdrawal = "keep"\n')
    study = make_study(text)
    gone, stays = enrol(study), enrol(study)
    for participant in (gone, stays):
        answer(participant, 8)
    participant_withdraw(participant=gone)
    counts = running(study)
    assert counts.responses == {"exemplars": 2, "accentuation": 2}
    assert counts.catch_responses == 2


def test_whole_answers_that_are_kept_after_a_withdrawal_keep_their_place(db: None) -> None:
    text = protocol_text(tables=WHOLE).replace("[consent]\n", '[consent]\non_withdrawal = "keep"\n')
    study = make_study(text)
    whole, part = enrol(study), enrol(study)
    answer(whole, 6)
    for participant in (whole, part):
        participant_withdraw(participant=participant)
    assert running(study).places_free == 9


def test_a_study_without_quota_has_no_number_of_free_places(study: Study) -> None:
    assert running(study).places_free is None


def test_the_median_time_is_that_of_who_completed(study: Study) -> None:
    assert running(study).median_time is None
    now = timezone.now()
    for number, took in enumerate((10, 20, 90)):
        enrol(
            study,
            consented_at=now - timedelta(minutes=took),
            instructions_read_at=now,
            completed_at=now,
            completion_code=f"CODE{number}",
        )
    enrol(study, consented_at=now - timedelta(minutes=500))
    assert running(study).median_time == timedelta(minutes=20)


def test_the_list_says_how_many_main_trials_each_has_answered(whole: Study) -> None:
    first, second = enrol(whole), enrol(whole)
    answer(first, 4)
    rows = list(listed_participants(whole))
    assert [(row.code, row.answered) for row in rows] == [(second.code, 0), (first.code, 2)]


def test_the_number_of_queries_does_not_grow_with_the_participants(
    study: Study, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(5):
        enrol(study)
    with django_assert_num_queries(4):
        running(study)
    with django_assert_num_queries(1):
        list(listed_participants(study))
