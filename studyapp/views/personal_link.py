"""Whose personal link an address holds."""

from functools import lru_cache

from django.db import DEFAULT_DB_ALIAS
from django.shortcuts import get_object_or_404

from studyapp.language import speak
from studyapp.models import Participant, Study


def participant_of(token: str) -> Participant:
    """The participant with this secret; from here on the request speaks the language of the study.

    Raises:
        Http404: there is none.
    """
    participant = get_object_or_404(Participant.objects.select_related("study"), token=token)
    speak(participant.study)
    return participant


def unloaded_participant_of(token: str) -> Participant:
    """The same, for who needs no more than the keys and the study's protocol: nothing is read that does not change.

    Every other field is read from the database when it is asked for.

    Raises:
        Http404: there is none.
    """
    participant, study = _keys(token)
    unloaded = Participant.from_db(DEFAULT_DB_ALIAS, ["id", "study_id"], [participant, study])
    unloaded.study = _study(study)
    return unloaded


@lru_cache(maxsize=10_000)
def _keys(token: str) -> tuple[int, int]:
    """Of participant and study. Remembered in this process: whose a token is never changes."""
    participant = get_object_or_404(Participant.objects.only("id", "study_id"), token=token)
    return participant.pk, participant.study_id


@lru_cache(maxsize=100)
def _study(key: int) -> Study:
    """The study of this key, with what of it never changes: its slug, protocol, and what it draws from."""
    return Study.objects.only("slug", "protocol", "protocol_sha256", "seed", "secret", "frozen_set_id").get(pk=key)
