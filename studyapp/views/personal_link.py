"""Whose personal link an address holds."""

from functools import lru_cache

from django.db import DEFAULT_DB_ALIAS
from django.shortcuts import get_object_or_404

from studyapp.models import Participant


def participant_of(token: str) -> Participant:
    """The participant with this secret.

    Raises:
        Http404: there is none.
    """
    return get_object_or_404(Participant.objects.select_related("study"), token=token)


def unloaded_participant_of(token: str) -> Participant:
    """The same, for who needs no more than the key: every other field is read from the database when it is asked for.

    Raises:
        Http404: there is none.
    """
    return Participant.from_db(DEFAULT_DB_ALIAS, ["id"], [_key(token)])


@lru_cache(maxsize=10_000)
def _key(token: str) -> int:
    """Remembered in this process: whose a token is never changes."""
    return get_object_or_404(Participant.objects.only("id"), token=token).pk
