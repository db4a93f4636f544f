"""A seed and its weak accentuation: which of two stronger images continues the change?

The other one is the accentuation of another feature on the same seed, of the same strength.
"""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stimuli.models import Stimulus
from studyapp.explanations import Wording
from studyapp.models import Role, Side, Study, Trial
from studyapp.panels import Panel, ReferenceSlot
from studyapp.tasks.continuation_pairs import continued, pair_of_the_batch, with_foil
from studyapp.tasks.registry import register
from studyapp.tasks.task import Choice, Choices, FindPair, Image, Task

SEED = "r1"
WEAK = "r1x"


class Continuation(Task):
    """A catch trial shows the visible weak accentuation again in place of the strong one."""

    name = "continuation"
    question = gettext_lazy("Which of the two images below continues the change?")
    template = "studyapp/tasks/continuation.html"
    shows_references = False
    asks_about_queries = False

    def pairs(self, study: Study) -> FindPair:
        """The continuation whose seed the cell's batch takes."""
        return pair_of_the_batch(study)

    def panels(self, trial: Trial) -> list[Panel]:
        """One panel: the seed, and beside it the weak accentuation, which can be flipped with the seed in place."""
        slots = [ReferenceSlot(Role.STRONG, 1, SEED, None)]
        if trial.condition == Stimulus.Kind.ACCENTUATION:
            slots.append(ReferenceSlot(Role.STRONG, 2, SEED, WEAK))
        return [Panel(Role.STRONG, [], slots)]

    def image(self, trial: Trial, slot: str) -> Image | None:
        """The choices, the seed, and the weak accentuation where the condition shows it."""
        pair = continued(trial)
        if slot in Side.values:
            return _right(trial) if slot == trial.strong_side else pair.foil
        if slot == WEAK and trial.condition == Stimulus.Kind.ACCENTUATION:
            return pair.weak
        return pair.seed_image if slot == SEED else None

    def wording(self, trial: Trial) -> Wording:
        """Of one image and its change, instead of images of a detector."""
        if trial.condition != Stimulus.Kind.ACCENTUATION:
            return Wording(
                heading=_("This image is the start of a change that is not shown."),
                short="",
                look=_("Look here first: the change that is asked about starts from this image."),
            )
        return Wording(
            heading=_("The right one of these images was changed a little so that one detector responds more."),
            short="",
            explained=_("accentuated a little"),
            show_explained=_("Show the accentuated image"),
            keys=_("F changes between accentuated and original image; hold it for a short look."),
            flips_one=True,
            look=_("Look here first: the right image was changed a little so that one detector responds more."),
        )

    def choices(self, trial: Trial) -> Choices:
        """The strong accentuation, or of a catch trial the weak one, and the foil."""
        return with_foil(trial, Choice.of(_right(trial)))


def _right(trial: Trial) -> Stimulus:
    pair = continued(trial)
    return pair.weak if trial.is_catch else pair.strong


register(Continuation())
