"""The trials of a session one after another, as they become due."""

import uuid
from collections.abc import Iterator
from typing import Any

from studyapp.models import Participant, Trial
from studyapp.selectors import current_trial
from studyapp.services.responses import Acknowledgement, response_record


def respond(
    participant: Participant, trial: Trial, *, choice: Any = "left", confidence: int = 1, rt_ms: float = 1.0
) -> Acknowledgement:
    """Send an answer to a trial, as a browser does for the first time."""
    return response_record(
        participant=participant,
        trial_id=trial.public_id,
        client_id=uuid.uuid4(),
        choice=choice,
        confidence=confidence,
        rt_ms=rt_ms,
    )


def trials_in_turn(participant: Participant) -> Iterator[Trial]:
    """Every trial that the participant comes to, as long as each is answered."""
    while trial := current_trial(participant):
        yield trial


def answer_practice(participant: Participant) -> None:
    """Answer the trials of practice, after which the main trials are stored."""
    for trial in trials_in_turn(participant):
        if trial.phase == "main":
            return
        respond(participant, trial, choice=trial.strong_side)
