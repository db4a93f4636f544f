"""Whose personal link an address holds."""

from django.shortcuts import get_object_or_404

from studyapp.models import Participant


def participant_of(token: str) -> Participant:
    """The participant with this secret.

    Raises:
        Http404: there is none.
    """
    return get_object_or_404(Participant.objects.select_related("study"), token=token)
