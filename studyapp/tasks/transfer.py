"""References of a feature: in which of two accentuations of a new seed was the same feature accentuated?

The seed itself is not shown: beside it the question would become one of finding where an image was changed, and both
choices are changed.
"""

from django.utils.translation import gettext_lazy as _

from stimuli.models import Stimulus
from studyapp.models import Side, Study, Trial
from studyapp.panels import Panel, panel_image, reference_panels
from studyapp.tasks.continuation_pairs import continued, pair_of_the_batch, with_foil
from studyapp.tasks.copies import copy_shown, copy_told
from studyapp.tasks.registry import register
from studyapp.tasks.task import Choice, Choices, FindPair, Image, Task

# In these conditions a picture that raises the detector's response is shown, as the question asks for one.
COPIED = frozenset({Stimulus.Kind.VISUALIZATION, Stimulus.Kind.ACCENTUATION})


class Transfer(Task):
    """The evidence is that of held_out. A catch trial shows a visible reference again in place of the right choice.

    Where references are accentuated the accentuated one is copied, because the question asks for an accentuation.
    """

    name = "transfer"
    question = _("Which image below was changed so that this detector responds more?")
    template = "studyapp/tasks/transfer.html"
    asks_about_queries = False

    def pairs(self, study: Study) -> FindPair:
        """The continuation whose seed the cell's batch takes."""
        return pair_of_the_batch(study)

    def panels(self, trial: Trial) -> list[Panel]:
        """The reference panels."""
        return reference_panels(trial)

    def image(self, trial: Trial, slot: str) -> Image | None:
        """The choices, and the references."""
        if slot not in Side.values:
            return panel_image(trial, slot)
        pair = continued(trial)
        if slot != trial.strong_side:
            return pair.foil
        return copy_shown(trial, COPIED) if trial.is_catch else pair.strong

    def choices(self, trial: Trial) -> Choices:
        """The strong accentuation, or of a catch trial the copy, and the foil."""
        right = copy_told(trial, COPIED) if trial.is_catch else Choice.of(continued(trial).strong)
        return with_foil(trial, right)


register(Transfer())
