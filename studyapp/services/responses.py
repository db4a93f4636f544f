"""Recording an answer: once, scored, acknowledged.

Every answer of every participant passes here, so it is one statement where nothing else is due: it locks the
participant, looks where the trial stands, and stores the answer if that is right. The unique constraints of the table
decide between answers that arrive at the same moment; this module only tells each of them what was decided.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from studyapp.assignment import SideName
from studyapp.models import Ending, Participant, Phase, Trial
from studyapp.places import SEEN_AT_MOST_EVERY
from studyapp.services.progress import after_response


class ResponseRefusedError(ValueError):
    """The answer does not belong to the trial that the participant is at; the page must be loaded again."""


@dataclass(frozen=True)
class Acknowledgement:
    """What the browser is told about an answer.

    ``stored`` is false when another answer to the same trial came first and stands. ``feedback`` is given
    in practice, and in main trials only where the protocol asks for it: else nothing about a main trial's answer ever
    leaves the server. ``over`` says that the place was given to somebody else: the answer is kept, but the page should
    lead to the one that tells the person so.
    """

    stored: bool
    feedback: "Feedback | None"
    over: bool


@dataclass(frozen=True)
class Feedback:
    """Whether the stored answer was right, and which side was.

    ``then`` is said of the last answer of a practice round: ``main`` where the main trials follow, ``again`` where
    another round does.
    """

    correct: bool
    strong_side: str
    then: Literal["", "main", "again"] = ""


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
    """Store and score the answer to the participant's current trial, and do what is due after it.

    A replay (same ``client_id``) is acknowledged as the first time and stores nothing; only the place may be lost
    since. Of two different answers to one trial the first stands, and the second is told so. Who lost the place to
    somebody else is told so, and what was answered is kept; who withdrew may not answer.

    Raises:
        ResponseRefusedError: the trial is not the participant's current one, or the ``client_id`` was used before.
    """
    now = timezone.now()
    answer = {
        "participant": participant.pk,
        "trial": trial_id,
        "client_id": client_id,
        "choice": choice,
        "confidence": confidence,
        "rt_ms": rt_ms,
        "data": json.dumps(data or {}),
        "events": json.dumps(list(events)),
        "now": now,
        "has_quiz": participant.study.plan.quiz is not None,
    }
    found = _store(answer)
    if found is None or not found.stored:
        # The statement may have waited for another answer of this participant, which it does not see: ask again. The
        # participant is locked now, so that this is the last word.
        found = _store(answer)
    if found is None:
        raise ResponseRefusedError("This participant has no such trial.")
    if found.stored:
        _go_on(participant, found, now)
    return _acknowledge(participant, found, client_id)


@dataclass(frozen=True)
class _Found:
    """How a trial stood when an answer to it came.

    ``answered_by`` is the ``client_id`` of the answer that stood then; ``stored`` says that this one was stored now.
    """

    last_seen_at: datetime
    lost_place: bool
    pk: int
    position: int
    phase: str
    strong_side: str
    is_current: bool
    is_last: bool
    answered_by: UUID | None
    correct: bool | None
    stored: bool


# `waiting` are the participant's trials without an answer; the current trial is the first of them. Before the first
# trial of all stands the quiz, where the study has one.
_STORE = f"""
WITH found AS (
    SELECT participant.last_seen_at, participant.released_at IS NOT NULL AS lost_place,
        trial.id, trial.position, trial.phase, trial.strong_side,
        participant.instructions_read_at IS NOT NULL AND participant.ended_as = ''
            AND trial.position = waiting.first
            AND (trial.position > 1 OR NOT %(has_quiz)s OR EXISTS (
                SELECT 1 FROM studyapp_quizattempt quiz WHERE quiz.participant_id = participant.id AND quiz.passed
            )) AS is_current,
        waiting.trials = 1 AS is_last,
        response.client_id, response.correct
    FROM studyapp_participant participant
    JOIN studyapp_trial trial ON trial.participant_id = participant.id
    LEFT JOIN studyapp_response response ON response.trial_id = trial.id
    CROSS JOIN LATERAL (
        SELECT min(every.position) AS first, count(*) AS trials
        FROM studyapp_trial every LEFT JOIN studyapp_response given ON given.trial_id = every.id
        WHERE every.participant_id = participant.id AND given.id IS NULL
    ) waiting
    WHERE participant.id = %(participant)s AND trial.public_id = %(trial)s
        AND participant.ended_as <> '{Ending.WITHDRAWN}'
    FOR NO KEY UPDATE OF participant
), stored AS (
    INSERT INTO studyapp_response
        (trial_id, client_id, choice, confidence, correct, rt_ms, data, events, received_at)
    SELECT id, %(client_id)s, %(choice)s, %(confidence)s, strong_side = %(choice)s, %(rt_ms)s,
        %(data)s::jsonb, %(events)s::jsonb, %(now)s
    FROM found WHERE is_current
    ON CONFLICT DO NOTHING
    RETURNING correct
)
SELECT found.last_seen_at, found.lost_place, found.id, found.position, found.phase, found.strong_side,
    found.is_current, found.is_last, found.client_id, coalesce(stored.correct, found.correct),
    stored.correct IS NOT NULL
FROM found LEFT JOIN stored ON true
"""


def _store(answer: dict[str, Any]) -> _Found | None:
    """Lock the participant, and store the answer if it is to the current trial; None where there is no such trial."""
    with connection.cursor() as cursor:
        cursor.execute(_STORE, answer)
        row = cursor.fetchone()
    return _Found(*row) if row else None


def _go_on(participant: Participant, found: _Found, now: datetime) -> None:
    """What follows from an answer that was stored: most often nothing."""
    if now - found.last_seen_at > SEEN_AT_MOST_EVERY:
        Participant.objects.filter(pk=participant.pk).update(last_seen_at=now)
    if found.is_last or found.phase == Phase.PRACTICE:
        locked = Participant.objects.get(pk=participant.pk)
        locked.study = participant.study  # its protocol is parsed already
        after_response(participant=locked, trial=Trial.objects.get(pk=found.pk))


def _acknowledge(participant: Participant, found: _Found, client_id: UUID) -> Acknowledgement:
    """Say whether this answer is the one that stands; where feedback is given also whether it was right."""
    if found.correct is None:
        raise ResponseRefusedError(
            "This answer was given to another trial." if found.is_current else "Only the current trial can be answered."
        )
    told = found.phase == Phase.PRACTICE or participant.study.plan.trials.feedback
    feedback = Feedback(found.correct, found.strong_side, _then(participant, found)) if told else None
    stored = found.stored or found.answered_by == client_id
    return Acknowledgement(stored=stored, feedback=feedback, over=found.lost_place)


def _then(participant: Participant, found: _Found) -> Literal["", "main", "again"]:
    """What follows on a trial of practice; the same for a replay, because trials are only ever added at the end."""
    if found.phase != Phase.PRACTICE:
        return ""
    # This trial and the next one; none is next where the session ended.
    here, *rest = participant.trials.filter(position__gte=found.position).order_by("position")[:2]
    if not rest or (rest[0].phase, rest[0].round) == (here.phase, here.round):
        return ""
    return "main" if rest[0].phase == Phase.MAIN else "again"
