"""Which stimuli nobody rejected and no protocol uses any more, because others were made in their place."""

from django.db.models import Q

from stimuli.attempts import left_behind
from stimuli.models import FrozenSet, WorkingPlan
from studyapp.gallery.purposes import Purpose


def superseded(purpose: Purpose | None) -> Q:
    """The condition for it, for the chosen protocol, or without one for all protocols together. Takes one query.

    An image of an optimisation of which another one was rejected is superseded at once: all of them are made anew.
    """
    siblings = Q(pk__in=left_behind())
    if purpose:
        former = purpose.superseded
    else:
        once, now = WorkingPlan.superseded.through, WorkingPlan.stimuli.through
        frozen = FrozenSet.stimuli.through
        former = Q(pk__in=once.objects.values("stimulus")) & ~Q(
            pk__in=now.objects.values("stimulus").union(frozen.objects.values("stimulus"))
        )
    return Q(rejection=None) & (siblings | former)
