"""Giving a place in a study's design to a new participant, and keeping it for one who comes back."""

from datetime import datetime

from django.utils import timezone

from studyapp.models import Participant, Study
from studyapp.places import SEEN_AT_MOST_EVERY, holders, may_be_released, settled
from studyapp.services import events


def place_take(*, study: Study, now: datetime) -> int | None:
    """The lowest free place, taken from whoever abandoned it; None when the quota leaves none.

    Called with the study's row locked, and in the transaction that stores the new holder.
    """
    held = set(settled(study, now).values_list("number", flat=True))
    quota = study.plan.recruitment.quota
    number = 1
    while quota is None or number <= quota:
        if number not in held and _vacate(study, number, now):
            return number
        number += 1
    return None


def place_keep(*, participant: Participant) -> bool:
    """Note that a participant was seen; False when the place has been given to somebody else, or the session ended."""
    now = timezone.now()
    holding = holders(participant.study).filter(pk=participant.pk, ended_as="")
    seen_lately = holding.filter(last_seen_at__gte=now - SEEN_AT_MOST_EVERY)
    return seen_lately.exists() or bool(holding.update(last_seen_at=now))


def _vacate(study: Study, number: int, now: datetime) -> bool:
    """Release the place from its holder, if it has one; False if the holder came back or finished in this moment."""
    holder = holders(study).filter(number=number).first()
    if holder is None:
        return True
    # The database asks again after waiting for what is just being stored of this participant.
    if not holders(study).filter(may_be_released(study, now), pk=holder.pk).update(released_at=now):
        return False
    events.record(study=study, name="released", participant=holder)
    return True
