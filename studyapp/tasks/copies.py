"""Of catch trials: the visible reference that is shown again as the right choice."""

from collections.abc import Collection

from stimuli.models import Stimulus
from studyapp.models import Trial
from studyapp.panels import copied_reference, explanation_of
from studyapp.tasks.task import Choice, Image


def copy_shown(trial: Trial, explained: Collection[str]) -> Image:
    """The copy: of the natural image, or in the conditions that are ``explained`` of what explains it."""
    reference = copied_reference(trial)
    return explanation_of(reference, trial.condition) if trial.condition in explained else reference.image


def copy_told(trial: Trial, explained: Collection[str]) -> Choice:
    """The copy as the export tells it."""
    copy, reference = copy_shown(trial, explained), copied_reference(trial)
    if isinstance(copy, Stimulus):
        return Choice.of(copy)
    return Choice(copy.sha256, reference.activation, reference.rank)
