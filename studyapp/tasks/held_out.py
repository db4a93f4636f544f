"""Which of two images that were not seen before excites the feature more? The references are the evidence."""

from django.utils.translation import gettext_lazy as _

from stimuli.models import Stimulus
from studyapp.assignment import Cell
from studyapp.models import QueryPair, Side, Study, StudyFeature, Trial
from studyapp.panels import Panel, panel_image, reference_panels
from studyapp.tasks.copies import copy_shown, copy_told
from studyapp.tasks.registry import register
from studyapp.tasks.task import Choice, Choices, FindPair, Image, Task

# A picture from noise stands there without an image, and is what is seen of its reference.
COPIED = frozenset({Stimulus.Kind.VISUALIZATION})


class HeldOut(Task):
    """The main task. A catch trial shows a visible reference again in place of the strong query."""

    name = "held_out"
    question = _("Which of the two images below would make this detector respond more?")

    def pairs(self, study: Study) -> FindPair:
        """The query pair of the cell's batch and difficulty."""
        pairs = {
            (pair.study_feature_id, pair.batch, pair.difficulty): pair
            for pair in QueryPair.objects.filter(study_feature__study=study)
        }

        def find(feature: StudyFeature, cell: Cell) -> QueryPair:
            return pairs[feature.pk, cell.batch, cell.difficulty]

        return find

    def panels(self, trial: Trial) -> list[Panel]:
        """The reference panels."""
        return reference_panels(trial)

    def image(self, trial: Trial, slot: str) -> Image | None:
        """The queries, and the references."""
        if slot not in Side.values:
            return panel_image(trial, slot)
        if slot != trial.strong_side:
            return _queries(trial).weak_image
        return copy_shown(trial, COPIED) if trial.is_catch else _queries(trial).strong_image

    def choices(self, trial: Trial) -> Choices:
        """The queries with the ranks and activations of the survey."""
        pair = _queries(trial)
        right = Choice(pair.strong_image.sha256, pair.strong_activation, pair.strong_rank)
        wrong = Choice(pair.weak_image.sha256, pair.weak_activation, pair.weak_rank)
        return Choices(copy_told(trial, COPIED) if trial.is_catch else right, wrong, difficulty=pair.difficulty)


def _queries(trial: Trial) -> QueryPair:
    pair = trial.query_pair
    assert pair is not None
    return pair


register(HeldOut())
