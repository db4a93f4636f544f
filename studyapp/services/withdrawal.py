"""Withdrawing: what a participant takes back is gone, at any time, also after the completion code."""

from django.db import transaction
from django.utils import timezone

from studyapp.models import (
    Ending,
    Participant,
    QuestionnaireAnswers,
    QuizAttempt,
    RecruiterIdentity,
    Response,
    Trial,
)
from studyapp.services.codes import random_code
from studyapp.services.events import EventName, forget, record


@transaction.atomic
def participant_withdraw(*, participant: Participant, by: str = "") -> Participant:
    """Forget who a participant is, and delete or keep the answers as the protocol's consent says.

    What stays in either case is the row with its codes, its place and the times of consent and withdrawal, so that the
    withdrawal itself can be counted and the personal link still leads to the page that says it is done. A second call
    changes nothing.

    Args:
        participant: who withdraws.
        by: login of the researcher who does it for the participant; empty where the participant did it.
    """
    # Whatever is being stored for this participant is waited for, and deleted below; what comes later is refused.
    locked = Participant.objects.select_for_update(of=("self",)).select_related("study").get(pk=participant.pk)
    if locked.ended_as == Ending.WITHDRAWN:
        return locked
    keep = locked.study.plan.consent.on_withdrawal == "keep"
    _end(locked, counts_on=keep and locked.completed_at is not None)
    _forget_person(locked)
    if keep:
        _cut_from_recruiter(locked)
    else:
        _delete_answers(locked)
    record(
        study=locked.study,
        name=EventName.WITHDRAWN,
        participant=locked,
        data={"answers": "kept" if keep else "deleted"},
        by=by,
    )
    return locked


def _end(participant: Participant, *, counts_on: bool) -> None:
    """Mark the row, and free the place for somebody else unless its answers are whole and kept."""
    participant.ended_as, participant.ended_at = Ending.WITHDRAWN, timezone.now()
    if not counts_on and participant.released_at is None:
        participant.released_at = participant.ended_at
    participant.save(update_fields=["ended_as", "ended_at", "released_at"])


def _forget_person(participant: Participant) -> None:
    RecruiterIdentity.objects.filter(participant=participant).delete()
    QuestionnaireAnswers.objects.filter(participant=participant).delete()


def _cut_from_recruiter(participant: Participant) -> None:
    """The recruiter's list has the completion code beside the name; it must not lead to the answers that are kept."""
    if participant.completion_code:
        participant.completion_code = random_code()
        participant.save(update_fields=["completion_code"])


def _delete_answers(participant: Participant) -> None:
    """Everything that the participant did."""
    Response.objects.filter(trial__participant=participant).delete()
    Trial.objects.filter(participant=participant).delete()
    QuizAttempt.objects.filter(participant=participant).delete()
    forget(participant=participant)
    _clear_row(participant)


def _clear_row(participant: Participant) -> None:
    """How far the session came and when, and the completion code, which the recruiter's list has beside the name."""
    participant.instructions_shown_at = participant.instructions_read_at = None
    participant.debriefed_at = participant.completed_at = None
    participant.completion_code = ""
    participant.breaks_taken = 0
    assert participant.ended_at is not None
    participant.last_seen_at = participant.ended_at
    participant.save()
