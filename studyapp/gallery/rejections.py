"""What became of rejections: the image that was made in the place of each, or how it is made."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from stimuli.attempts import comes_out_the_same, next_attempts
from stimuli.models import Rejection, Stimulus, WorkingPlan


@dataclass(frozen=True)
class Outcome:
    """A rejection, and how it stands.

    Attributes:
        rejection: with its stimulus.
        replacement: what was made in its place; None while nothing was.
        is_fixed: whether another attempt would bring the same bytes, so that the protocol has to change.
        plans: the protocols that are worked on and use or used the stimulus.
    """

    rejection: Rejection
    replacement: Stimulus | None
    is_fixed: bool
    plans: tuple[WorkingPlan, ...]


def outcomes(rejections: Sequence[Rejection]) -> list[Outcome]:
    """How each of these stands. Takes four queries, however many there are."""
    stimuli = [one.stimulus for one in rejections]
    made, plans = next_attempts(stimuli), plans_of(stimuli)
    return [
        Outcome(one, made.get(one.stimulus_id), comes_out_the_same(one.stimulus), plans[one.stimulus_id])
        for one in rejections
    ]


def plans_of(stimuli: Sequence[Stimulus]) -> dict[int, tuple[WorkingPlan, ...]]:
    """By stimulus: the working plans that use it or used it once. Takes three queries."""
    numbers = [stimulus.pk for stimulus in stimuli]
    uses = [
        use
        for through in (WorkingPlan.stimuli.through, WorkingPlan.superseded.through)
        for use in through.objects.filter(stimulus_id__in=numbers).values_list("stimulus_id", "workingplan_id")
    ]
    plans = WorkingPlan.objects.only("slug", "path").in_bulk({plan for _, plan in uses})
    found: dict[int, list[WorkingPlan]] = defaultdict(list)
    for stimulus, plan in uses:
        found[stimulus].append(plans[plan])
    return {pk: tuple(sorted(found[pk], key=lambda plan: plan.slug)) for pk in numbers}
