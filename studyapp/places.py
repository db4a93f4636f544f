"""The places in a study's design: who holds one, and whose may be given to somebody else.

A place is a number, from 1, and the lowest free one is given first, so that the design fills up without gaps. A quota
of N means the places 1 to N: no two people hold one place, so there can never be more of them.
"""

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from studyapp.models import Ending, Participant, Study

# `last_seen_at` is kept to the minute, so that not every page is a write.
SEEN_AT_MOST_EVERY = timedelta(minutes=1)


def holders(study: Study) -> QuerySet[Participant]:
    """Whose place has not been given to somebody else: one participant for each number."""
    return study.participants.filter(released_at=None)


def may_be_released(study: Study, now: datetime) -> Q:
    """Of holders, whose place is free to be given away: who ended without answers that count, or abandoned it."""
    plan = study.plan
    screened_out = Q(ended_as__in=(Ending.QUIZ_FAILED, Ending.PRACTICE_FAILED))
    withdrawn = Q(ended_as=Ending.WITHDRAWN)
    if plan.consent.on_withdrawal == "keep":
        withdrawn &= Q(completed_at=None)
    abandoned = Q(ended_as="", completed_at=None, last_seen_at__lt=gone_since(study, now))
    return screened_out | withdrawn | abandoned


def gone_since(study: Study, now: datetime) -> datetime:
    """Who was noted last before this time has abandoned the session: nobody who may have been here a little later."""
    return now - timedelta(minutes=study.plan.recruitment.abandoned_after_min) - SEEN_AT_MOST_EVERY


def settled(study: Study, now: datetime) -> QuerySet[Participant]:
    """Of holders, whose place cannot be given away."""
    return holders(study).exclude(may_be_released(study, now))


def has_place(study: Study) -> bool:
    """Whether somebody who consented now would be enrolled."""
    quota = study.plan.recruitment.quota
    if study.closed_at:
        return False
    return quota is None or settled(study, timezone.now()).count() < quota
