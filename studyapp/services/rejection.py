"""A researcher's judgement of a stimulus: rejecting or approving it, and taking that back."""

from django.db import transaction

from stimuli.attempts import comes_out_the_same, next_attempt
from stimuli.immutability import FrozenError, refusals
from stimuli.models import Approval, Rejection, Stimulus


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
        RejectionRefusedError: it belongs to a frozen set, is rejected already, or would come out the same.
    """
    _lock(stimulus)
    sentence = why_not_reject(stimulus)
    if sentence:
        raise RejectionRefusedError(sentence)
    try:
        with refusals(), transaction.atomic():
            Approval.objects.filter(stimulus=stimulus).delete()
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


@transaction.atomic
def stimulus_approve(*, stimulus: Stimulus, by: str) -> Approval:
    """Mark a stimulus as seen and good; one that is approved already stays with who approved it.

    Raises:
        RejectionRefusedError: it is rejected.
    """
    _lock(stimulus)
    if Rejection.objects.filter(stimulus=stimulus).exists():
        raise RejectionRefusedError("This image is rejected; take the rejection back before approving the image.")
    return Approval.objects.get_or_create(stimulus=stimulus, defaults={"by": by})[0]


@transaction.atomic
def approval_take_back(*, stimulus: Stimulus) -> None:
    """Let a stimulus count as not yet reviewed again; one that is not approved stays as it is."""
    _lock(stimulus)
    Approval.objects.filter(stimulus=stimulus).delete()


def why_not_reject(stimulus: Stimulus) -> str | None:
    """The sentence that says why this stimulus cannot be rejected; None where it can."""
    frozen = stimulus.frozen_sets.order_by("frozen_at").first()
    if frozen:
        return (
            f"This image belongs to the frozen set {frozen.slug} of {frozen.frozen_at:%Y-%m-%d}, which cannot change; "
            "to leave the image out, make a set from another protocol."
        )
    rejection = Rejection.objects.filter(stimulus=stimulus).first()
    if rejection:
        return f"This image was rejected by {rejection.by} already."
    if comes_out_the_same(stimulus):
        return (
            f"A map by {stimulus.config['method']} has nothing random in it, so the same image would come again: "
            "change [stimuli.attribution] in the protocol instead, or leave the feature out."
        )
    return None


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
