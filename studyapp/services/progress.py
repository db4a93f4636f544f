"""What takes a participant from one page of the session to the next, answers to trials apart.

Each page's form may come twice, late, or from a page that is over: what does not belong to the step that the
participant is at changes nothing. The participant's row is locked while a step is decided.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from studyapp.flow import QUESTIONNAIRES, Step, break_before, next_step
from studyapp.models import Ending, Participant, Phase, Place, QuestionnaireAnswers, QuizAttempt, Response, Trial
from studyapp.selectors import current_trial
from studyapp.services import events
from studyapp.services.codes import random_code
from studyapp.services.trials import store_main, store_practice


@transaction.atomic
def questionnaire_answer(*, participant: Participant, place: Place, answers: Mapping[str, Any]) -> None:
    """Store the answers to a page of questions, which are valid already."""
    locked = _locked(participant)
    if next_step(locked) is not QUESTIONNAIRES[place]:
        return
    QuestionnaireAnswers.objects.create(
        participant=locked, place=place, answers=dict(answers), received_at=timezone.now()
    )
    _complete_if_nothing_is_left(locked)


@transaction.atomic
def instructions_shown(*, participant: Participant) -> None:
    """Note when the instructions were first shown, unless the session has ended in the meantime."""
    unread = Participant.objects.filter(pk=participant.pk, instructions_shown_at=None, ended_as="")
    unread.update(instructions_shown_at=timezone.now())


@transaction.atomic
def instructions_read(*, participant: Participant) -> None:
    """Note when the participant left the instructions: for the first time, or again after an attempt at the quiz."""
    locked = _locked(participant)
    if next_step(locked) is not Step.INSTRUCTIONS:
        return
    if locked.instructions_read_at is None:
        locked.instructions_read_at = timezone.now()
        locked.save(update_fields=["instructions_read_at"])
    else:
        locked.quiz_attempts.filter(instructions_read_at=None).update(instructions_read_at=timezone.now())


@transaction.atomic
def quiz_attempt(*, participant: Participant, number: int, choices: Sequence[str]) -> None:
    """Store an attempt at the quiz, and end the session kindly if it was the last one and failed.

    Args:
        participant: who answers.
        number: of the attempt, from 1, as the page had it: a page that is over answers nothing.
        choices: the answer to each question, in the protocol's order.
    """
    locked = _locked(participant)
    quiz = locked.study.plan.quiz
    if quiz is None or next_step(locked) is not Step.QUIZ or number != locked.quiz_attempts.count() + 1:
        return
    passed = list(choices) == [question.answer for question in quiz.questions]
    QuizAttempt.objects.create(
        participant=locked, number=number, answers=list(choices), passed=passed, received_at=timezone.now()
    )
    if passed:
        events.record(study=locked.study, participant=locked, name="quiz_passed", data={"attempts": number})
    elif number >= quiz.max_attempts:
        _screen_out(locked, Ending.QUIZ_FAILED)


@transaction.atomic
def break_take(*, participant: Participant, number: int) -> None:
    """Go on after a break; ``number`` is that of the break, from 1, as the page had it."""
    locked = _locked(participant)
    trial = current_trial(locked)
    if trial is None or next_step(locked) is not Step.BREAK or number != break_before(trial):
        return
    locked.breaks_taken = number
    locked.save(update_fields=["breaks_taken"])


@transaction.atomic
def debriefing_read(*, participant: Participant) -> None:
    """Note when the participant left the debriefing."""
    locked = _locked(participant)
    if next_step(locked) is not Step.DEBRIEFING:
        return
    locked.debriefed_at = timezone.now()
    locked.save(update_fields=["debriefed_at"])
    _complete_if_nothing_is_left(locked)


@transaction.atomic
def after_response(*, participant: Participant, trial: Trial) -> None:
    """Do what is due after the answer to a trial: store the trials that come next, or complete the session.

    ``participant`` is locked by the caller. Costs nothing but for practice and the last few main trials.
    """
    # Practice comes first, so that no main trial with such a position can be the last one.
    if trial.phase == Phase.MAIN and trial.position <= participant.main_trials:
        return
    if participant.trials.filter(response=None).exists():
        return
    if trial.phase == Phase.PRACTICE:
        _after_practice(participant, trial.round)
    else:
        _complete_if_nothing_is_left(participant)


def _after_practice(participant: Participant, practice_round: int) -> None:
    """Go on to the main trials or to another round, or end the session kindly."""
    practice = participant.study.plan.practice
    answers = Response.objects.filter(
        trial__participant=participant, trial__phase=Phase.PRACTICE, trial__round=practice_round
    )
    data = {"round": practice_round, "correct": answers.filter(correct=True).count()}
    if practice.min_correct is None or data["correct"] >= practice.min_correct:
        events.record(study=participant.study, participant=participant, name="practice_passed", data=data)
        store_main(participant)
    elif practice_round < practice.max_rounds:
        store_practice(participant, number=practice_round + 1)
    else:
        events.record(study=participant.study, participant=participant, name="practice_failed", data=data)
        if practice.on_failure == "continue":
            store_main(participant)
        else:
            _screen_out(participant, Ending.PRACTICE_FAILED)


def _screen_out(participant: Participant, ending: Ending) -> None:
    participant.ended_as = ending
    participant.ended_at = timezone.now()
    participant.save(update_fields=["ended_as", "ended_at"])
    events.record(study=participant.study, participant=participant, name="screened_out", data={"reason": ending.value})


def _complete_if_nothing_is_left(participant: Participant) -> None:
    """Draw the completion code, which is nowhere before."""
    if participant.completed_at is not None or next_step(participant) is not Step.DONE:
        return
    participant.completed_at = timezone.now()
    participant.completion_code = random_code()
    participant.save(update_fields=["completed_at", "completion_code"])
    events.record(study=participant.study, participant=participant, name="completed")


def _locked(participant: Participant) -> Participant:
    """The participant's row as it stands now, for this transaction alone."""
    locked = Participant.objects.select_for_update(no_key=True).get(pk=participant.pk)
    locked.study = participant.study  # read already, and its protocol parsed
    return locked
