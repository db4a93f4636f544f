"""A researcher's judgement of a stimulus: rejecting it, and taking that back."""

from django.db import transaction

from stimuli.attempts import next_attempt
from stimuli.immutability import FrozenError, refusals
from stimuli.models import Rejection, Stimulus


class RejectionRefusedError(ValueError):
    """A stimulus cannot be rejected, or a rejection not be taken back; the message says why, in one sentence."""


@transaction.atomic
def stimulus_reject(*, stimulus: Stimulus, reason: str, by: str) -> Rejection:
    """Reject a stimulus, so that generation makes another one, with another seed, in its place.

    Args:
        stimulus: to be rejected.
        reason: in the researcher's words; not blank.
        by: login of the researcher.

    Raises:
        RejectionRefusedError: it belongs to a frozen set, or is rejected already.
    """
    _lock(stimulus)
    sentence = why_not_reject(stimulus)
    if sentence:
        raise RejectionRefusedError(sentence)
    try:
        with refusals(), transaction.atomic():
            return Rejection.objects.create(stimulus=stimulus, reason=reason, by=by)
    except FrozenError as error:  # the database has the last word
        raise RejectionRefusedError(str(error)) from error


@transaction.atomic
def rejection_take_back(*, stimulus: Stimulus) -> None:
    """Let a rejected stimulus stand again.

    Raises:
        RejectionRefusedError: it is not rejected, or another attempt was made in its place.
    """
    _lock(stimulus)
    sentence = why_not_take_back(stimulus)
    if sentence:
        raise RejectionRefusedError(sentence)
    Rejection.objects.filter(stimulus=stimulus).delete()


def why_not_reject(stimulus: Stimulus) -> str | None:
    """The sentence that says why this stimulus cannot be rejected; None where it can."""
    frozen = stimulus.frozen_sets.order_by("frozen_at").first()
    if frozen:
        return (
            f"This image belongs to the frozen set {frozen.slug} of {frozen.frozen_at:%Y-%m-%d}, which cannot change; "
            "to leave the image out, make a set from another protocol."
        )
    rejection = Rejection.objects.filter(stimulus=stimulus).first()
    return f"This image was rejected by {rejection.by} already." if rejection else None


def why_not_take_back(stimulus: Stimulus) -> str | None:
    """The sentence that says why the rejection of this stimulus stands for good; None where it can be taken back."""
    if not Rejection.objects.filter(stimulus=stimulus).exists():
        return "This image is not rejected."
    another = next_attempt(stimulus)
    if another:
        return f"Another attempt, stimulus {another.pk}, was made in its place, so the rejection stands."
    return None


def _lock(stimulus: Stimulus) -> None:
    """Until the end of the transaction nobody else judges this stimulus or adds it to a set."""
    Stimulus.objects.select_for_update().get(pk=stimulus.pk)
