"""The picture of a real trial that the instructions show: which trial, and which of its images.

It is one of the participant's own practice trials, with its references and without its two new images: nothing of the
answer is given away.
"""

from stimuli.models import SourceImage, Stimulus
from studyapp.models import Participant, Phase, Side, Trial
from studyapp.selectors import slot_image


def pictured_trial(participant: Participant) -> Trial | None:
    """The first practice trial in which there is an explanation to be flipped or seen; the first one if none has.

    None where the session has ended: with a withdrawal trials may be gone.
    """
    trials = list(
        participant.trials.filter(phase=Phase.PRACTICE, round=1, participant__ended_as="")
        .select_related("query_pair__study_feature")
        .order_by("position")
    )
    if not trials:
        return None
    chosen = next((trial for trial in trials if trial.condition in Stimulus.Kind.values), trials[0])
    chosen.participant = participant
    return chosen


def pictured_image(participant: Participant, slot: str) -> SourceImage | Stimulus | None:
    """What stands in a slot of that trial; None for a slot that it does not have, and for the two new images."""
    trial = pictured_trial(participant)
    return None if trial is None or slot in Side.values else slot_image(trial, slot)
