"""What takes a participant from one page of the session to the next, answers to trials apart."""

from django.db import transaction
from django.utils import timezone

from studyapp.models import Participant, Trial
from studyapp.selectors import current_trial
from studyapp.services.codes import random_code


@transaction.atomic
def instructions_read(*, participant: Participant) -> None:
    """Note when the participant left the instructions for the first time; a second call changes nothing."""
    Participant.objects.filter(pk=participant.pk, instructions_read_at=None).update(instructions_read_at=timezone.now())


@transaction.atomic
def after_response(*, participant: Participant, trial: Trial) -> None:
    """Complete the session with its last answer. ``participant`` is locked by the caller."""
    if current_trial(participant) is None:
        participant.completed_at = timezone.now()
        participant.completion_code = random_code()
        participant.save(update_fields=["completed_at", "completion_code"])
