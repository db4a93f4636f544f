"""What a participant can do: enrol, read the instructions, answer. Each is one atomic function."""

import secrets
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from studyapp.assignment import PlannedTrial, SideName, design_of, plan_main, plan_practice
from studyapp.models import Participant, Phase, QueryPair, Response, Study, StudyFeature, Trial
from studyapp.selectors import current_trial

# No 0/O and 1/I/L: the codes are copied by hand.
CODE_ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
CODE_LENGTH = 8


class ResponseRefusedError(ValueError):
    """The answer does not belong to the trial that the participant is at; the page must be loaded again."""


@dataclass(frozen=True)
class Acknowledgement:
    """What the browser is told about an answer.

    ``stored`` is false when another answer to the same trial came first and stands. ``feedback`` is given
    in practice only: nothing about a main trial's answer ever leaves the server.
    """

    stored: bool
    feedback: "Feedback | None"


@dataclass(frozen=True)
class Feedback:
    """Whether the stored practice answer was right, and which side was."""

    correct: bool
    strong_side: str


@transaction.atomic
def participant_enrol(*, study: Study, client_id: UUID) -> Participant:
    """Store a person's consent and draw the trials; the same ``client_id`` again gives the same participant."""
    # The lock lets one enrolment at a time take the next number, on which the counterbalancing rests.
    Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    enrolled = study.participants.filter(client_id=client_id).first()
    if enrolled:
        return enrolled
    last: int | None = study.participants.aggregate(last=Max("number"))["last"]
    participant = Participant.objects.create(
        study=study,
        number=(last or 0) + 1,
        client_id=client_id,
        token=secrets.token_urlsafe(24),
        code=_random_code(),
        consent_version=study.plan.consent.version,
        consented_at=timezone.now(),
    )
    _store_trials(participant)
    return participant


def _as_shown(trial: PlannedTrial) -> PlannedTrial:
    """Without any explanation there are no reference panels either."""
    if trial.cell.condition != "none":
        return trial
    return replace(trial, reference_order=(), weak_reference_order=(), strong_panel_side=None)


def _store_trials(participant: Participant) -> None:
    """Draw practice and main trials and store them in the order in which they will be asked."""
    study, plan = participant.study, participant.study.plan
    pairs = {
        (pair.study_feature_id, pair.batch, pair.difficulty): pair
        for pair in QueryPair.objects.filter(study_feature__study=study)
    }
    trials: list[Trial] = []
    for phase, draw in ((Phase.PRACTICE, plan_practice), (Phase.MAIN, plan_main)):
        features = list(StudyFeature.objects.filter(study=study, phase=phase).order_by("position"))
        planned: list[PlannedTrial] = draw(
            seed=study.seed, number=participant.number, features=len(features), design=design_of(plan)
        )
        for trial in map(_as_shown, planned):
            trials.append(
                Trial(
                    participant=participant,
                    position=len(trials) + 1,
                    phase=phase,
                    task=plan.trials.task,
                    condition=trial.cell.condition,
                    query_pair=pairs[features[trial.feature].pk, trial.cell.batch, trial.cell.difficulty],
                    strong_side=trial.strong_side,
                    reference_order=list(trial.reference_order),
                    weak_reference_order=list(trial.weak_reference_order),
                    strong_panel_side=trial.strong_panel_side or "",
                )
            )
    Trial.objects.bulk_create(trials)


@transaction.atomic
def instructions_read(*, participant: Participant) -> None:
    """Note when the participant left the instructions for the first time; a second call changes nothing."""
    Participant.objects.filter(pk=participant.pk, instructions_read_at=None).update(instructions_read_at=timezone.now())


@transaction.atomic
def response_record(
    *,
    participant: Participant,
    trial_id: UUID,
    client_id: UUID,
    choice: SideName,
    confidence: int,
    rt_ms: float,
) -> Acknowledgement:
    """Store and score the answer to the participant's current trial; complete the session with the last one.

    A replay (same ``client_id``) is acknowledged as the first time and stores nothing. Of two different
    answers to one trial the first stands, and the second is told so.

    Raises:
        ResponseRefusedError: the trial is not the participant's current one, or the ``client_id`` was used before.
    """
    # One answer of a participant at a time: doubled clicks and replays wait here and then see the first one.
    locked = Participant.objects.select_for_update(no_key=True).get(pk=participant.pk)
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
        received_at=timezone.now(),
    )
    if current_trial(locked) is None:
        locked.completed_at = timezone.now()
        locked.completion_code = _random_code()
        locked.save(update_fields=["completed_at", "completion_code"])
    return _acknowledge(response, client_id)


def _acknowledge(response: Response, client_id: UUID) -> Acknowledgement:
    """Say whether this answer is the one that stands; in practice also whether it was right."""
    trial = response.trial
    feedback = Feedback(response.correct, trial.strong_side) if trial.phase == Phase.PRACTICE else None
    return Acknowledgement(stored=response.client_id == client_id, feedback=feedback)


def _random_code() -> str:
    """A code that cannot be guessed and can be copied by hand."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
