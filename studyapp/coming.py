"""The trials that a participant's browser may have in advance: from the current one to the next stop."""

from functools import lru_cache
from uuid import UUID

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404

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


def visible_trial(participant: int, public_id: UUID) -> Trial:
    """The trial of this participant with this identifier, if a browser may ask for its images.

    These are the coming trials, and those that are answered: a page that was loaded while its answer was on the way
    shows a trial that is answered by now.

    Raises:
        Http404: there is none, it is not open yet, or the session has ended.
    """
    get_object_or_404(Participant.objects.only("pk"), pk=participant, ended_as="")
    return _opened(participant, public_id)


@lru_cache(maxsize=5_000)
def _opened(key: int, public_id: UUID) -> Trial:
    """Remembered in this process, for a trial has many images: nothing of a trial changes, and once open it stays open.

    One that is not open yet raises, which is not remembered.
    """
    participant = Participant.objects.select_related("study").get(pk=key)
    ahead = coming_trials(participant).order_by().values("pk")
    visible = participant.trials.filter(Q(pk__in=ahead) | Q(response__isnull=False)).select_related(*SHOWN)
    return get_object_or_404(visible, public_id=public_id)
