"""The trials that a participant's browser may have in advance: from the current one to the next stop."""

from django.db.models import Q, QuerySet

from studyapp.flow import break_before
from studyapp.models import Participant, Phase, Trial
from studyapp.selectors import current_trial, phase_progress

# What a trial's page is made of.
SHOWN = (
    "query_pair__study_feature",
    "query_pair__strong_image__pool",
    "query_pair__weak_image__pool",
    "continuation_pair__study_feature",
    "continuation_pair__seed_image__pool",
)


def coming_trials(participant: Participant) -> "QuerySet[Trial]":
    """The trials without an answer up to the end of the practice round, the next break or the end.

    None before the first of them, and none in a break.
    """
    current = current_trial(participant)
    if current is None or break_before(current) > participant.breaks_taken:
        return Trial.objects.none()
    waiting = participant.trials.filter(response=None, phase=current.phase, round=current.round)
    block_size = participant.study.plan.trials.block_size
    if current.phase == Phase.MAIN and block_size:
        done_of_block = (phase_progress(current).trial - 1) % block_size
        waiting = waiting.filter(position__lt=current.position + block_size - done_of_block)
    return waiting.order_by("position").select_related(*SHOWN)


def visible_trials(participant: Participant) -> "QuerySet[Trial]":
    """The trials whose images a browser may ask for: the coming ones, and those that are answered.

    A page that was loaded while its answer was on the way shows a trial that is answered by now.
    """
    if participant.ended_as:
        return Trial.objects.none()
    ahead = coming_trials(participant).order_by().values("pk")
    return participant.trials.filter(Q(pk__in=ahead) | Q(response__isnull=False)).select_related(*SHOWN)
