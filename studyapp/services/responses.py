"""Recording an answer: once, scored, acknowledged; the last one completes the session."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from studyapp.assignment import SideName
from studyapp.models import Participant, Phase, Response
from studyapp.selectors import current_trial
from studyapp.services.progress import after_response


class ResponseRefusedError(ValueError):
    """The answer does not belong to the trial that the participant is at; the page must be loaded again."""


@dataclass(frozen=True)
class Acknowledgement:
    """What the browser is told about an answer.

    ``stored`` is false when another answer to the same trial came first and stands. ``feedback`` is given
    in practice, and in main trials only where the protocol asks for it: else nothing about a main trial's answer ever
    leaves the server.
    """

    stored: bool
    feedback: "Feedback | None"


@dataclass(frozen=True)
class Feedback:
    """Whether the stored answer was right, and which side was."""

    correct: bool
    strong_side: str


@transaction.atomic
def response_record(
    *,
    participant: Participant,
    trial_id: UUID,
    client_id: UUID,
    choice: SideName,
    confidence: int,
    rt_ms: float,
    data: dict[str, Any] | None = None,
    events: Sequence[Any] = (),
) -> Acknowledgement:
    """Store and score the answer to the participant's current trial; complete the session with the last one.

    A replay (same ``client_id``) is acknowledged as the first time and stores nothing. Of two different
    answers to one trial the first stands, and the second is told so.

    Raises:
        ResponseRefusedError: the trial is not the participant's current one, or the ``client_id`` was used before.
    """
    # One answer of a participant at a time: doubled clicks and replays wait here and then see the first one.
    locked = Participant.objects.select_for_update(no_key=True).get(pk=participant.pk)
    locked.study = participant.study
    trial = locked.trials.select_related("response").filter(public_id=trial_id).first()
    if trial is None:
        raise ResponseRefusedError("This participant has no such trial.")
    if hasattr(trial, "response"):
        return _acknowledge(trial.response, client_id)
    if trial != current_trial(locked):
        raise ResponseRefusedError("Only the current trial can be answered.")
    if Response.objects.filter(client_id=client_id).exists():
        raise ResponseRefusedError("This answer was given to another trial.")
    response = Response.objects.create(
        trial=trial,
        client_id=client_id,
        choice=choice,
        confidence=confidence,
        correct=choice == trial.strong_side,
        rt_ms=rt_ms,
        data=data or {},
        events=list(events),
        received_at=timezone.now(),
    )
    after_response(participant=locked, trial=trial)
    return _acknowledge(response, client_id)


def _acknowledge(response: Response, client_id: UUID) -> Acknowledgement:
    """Say whether this answer is the one that stands; where feedback is given also whether it was right."""
    trial = response.trial
    told = trial.phase == Phase.PRACTICE or trial.participant.study.plan.trials.feedback
    feedback = Feedback(response.correct, trial.strong_side) if told else None
    return Acknowledgement(stored=response.client_id == client_id, feedback=feedback)
