"""What takes a participant from one page of the session to the next, answers to trials apart."""

from django.db import transaction
from django.utils import timezone

from studyapp.models import Participant


@transaction.atomic
def instructions_read(*, participant: Participant) -> None:
    """Note when the participant left the instructions for the first time; a second call changes nothing."""
    Participant.objects.filter(pk=participant.pk, instructions_read_at=None).update(instructions_read_at=timezone.now())
