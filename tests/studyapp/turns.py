"""The trials of a session one after another, as they become due."""

from collections.abc import Iterator

from studyapp.models import Participant, Trial
from studyapp.selectors import current_trial


def trials_in_turn(participant: Participant) -> Iterator[Trial]:
    """Every trial that the participant comes to, as long as each is answered."""
    while trial := current_trial(participant):
        yield trial
