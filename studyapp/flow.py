"""Which step of the session comes next: read from the records each time, so that no page and no device can be wrong.

The steps follow each other in the order of :class:`Step`. A participant who leaves and comes back, on this device or on
another, is where the records say.
"""

from enum import Enum

from stimuli.protocol import QuestionnaireTable
from studyapp.models import Participant, Phase, Place, Study, Trial
from studyapp.selectors import current_trial, phase_progress, quiz_is_passed


class Step(Enum):
    """A page of the session, in the order in which participants meet them."""

    QUESTIONNAIRE_BEFORE = "questionnaire_before"
    INSTRUCTIONS = "instructions"
    QUIZ = "quiz"
    TRIAL = "trial"
    BREAK = "break"
    QUESTIONNAIRE_AFTER = "questionnaire_after"
    DEBRIEFING = "debriefing"
    DONE = "done"
    ENDED = "ended"
    RELEASED = "released"


# Where nothing is left to be done.
OVER = frozenset({Step.DONE, Step.ENDED, Step.RELEASED})
# Where each questionnaire is answered.
QUESTIONNAIRES = {Place.BEFORE: Step.QUESTIONNAIRE_BEFORE, Place.AFTER: Step.QUESTIONNAIRE_AFTER}


def next_step(participant: Participant) -> Step:
    """The step that the participant is at.

    ``DONE`` also where nothing is left to be done and the completion code is not drawn yet: services draw it in the
    transaction that stores the last thing asked.
    """
    if participant.ended_as:
        return Step.ENDED
    if participant.completed_at is not None:
        return Step.DONE
    if participant.released_at is not None:
        return Step.RELEASED
    return _before_the_trials(participant) or _among_the_trials(participant) or _after_the_trials(participant)


def _before_the_trials(participant: Participant) -> Step | None:
    if participant.instructions_read_at is None:
        # Who has read the instructions has answered the questions before them: they are not asked for again.
        return Step.QUESTIONNAIRE_BEFORE if is_unanswered(participant, Place.BEFORE) else Step.INSTRUCTIONS
    if quiz_is_passed(participant):
        return None
    last = participant.quiz_attempts.order_by("number").last()
    return Step.QUIZ if last is None or last.instructions_read_at is not None else Step.INSTRUCTIONS


def _among_the_trials(participant: Participant) -> Step | None:
    trial = current_trial(participant)
    if trial is None:
        return None
    return Step.BREAK if break_before(trial) > participant.breaks_taken else Step.TRIAL


def _after_the_trials(participant: Participant) -> Step:
    if is_unanswered(participant, Place.AFTER):
        return Step.QUESTIONNAIRE_AFTER
    if participant.study.plan.debriefing is not None and participant.debriefed_at is None:
        return Step.DEBRIEFING
    return Step.DONE


def break_before(trial: Trial) -> int:
    """The number of the break, from 1, that stands just before a trial; 0 where none does."""
    size = trial.participant.study.plan.trials.block_size
    if size is None or trial.phase != Phase.MAIN:
        return 0
    answered = phase_progress(trial).trial - 1
    return answered // size if answered % size == 0 else 0


def questionnaire_of(study: Study, place: Place) -> QuestionnaireTable | None:
    """The study's questionnaire in this place; None where it has none there."""
    return study.plan.questionnaire_before if place == Place.BEFORE else study.plan.questionnaire_after


def is_unanswered(participant: Participant, place: Place) -> bool:
    """Whether the study has a questionnaire in this place, and the participant has not sent it."""
    has_one = questionnaire_of(participant.study, place) is not None
    return has_one and not participant.questionnaires.filter(place=place).exists()
