"""The reference panels: which references a trial shows as evidence, in which places of the screen."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from stimuli.models import SourceImage, Stimulus
from studyapp.models import Reference, Role, Side, Trial


@dataclass(frozen=True)
class ReferenceSlot:
    """One place of a panel: the slots of its image and of its explanation, where the condition shows them.

    With both, the one can be flipped to the other; a picture from noise stands there without an image.
    """

    role: Role
    number: int
    image: str | None
    explanation: str | None

    @property
    def only(self) -> str | None:
        """The slot of a place that has but one."""
        return self.image or self.explanation

    @property
    def alt(self) -> str:
        """What the place holds, for those who do not see it."""
        if self.image is None:
            return _("Computed picture %(number)d") % {"number": self.number}
        if self.role == Role.STRONG:
            return _("Reference image %(number)d") % {"number": self.number}
        return _("Image %(number)d without response") % {"number": self.number}


@dataclass(frozen=True)
class Panel:
    """Images of one kind as they stand on the screen, and in the order in which the trial shows them."""

    role: Role
    order: list[int]
    slots: list[ReferenceSlot]


def reference_panels(trial: Trial) -> list[Panel]:
    """The reference panels from left to right: one, two where weakly activating references are shown too, or none.

    Slots are named by place on the screen: ``r1`` .. ``r9`` in the panel of the strongly activating references, whose
    explanations, where the condition explains, are ``r1x`` .. ``r9x``; ``w1`` .. ``w9`` in the other one, whose images
    are shown as they are in every condition. A picture from noise has no ``r1`` beside its ``r1x``.
    """
    if not trial.reference_order:
        return []
    strong = Panel(Role.STRONG, trial.reference_order, _strong_slots(trial))
    if not trial.weak_reference_order:
        return [strong]
    weak = Panel(Role.WEAK, trial.weak_reference_order, _weak_slots(trial))
    return [strong, weak] if trial.strong_panel_side == Side.LEFT else [weak, strong]


def panel_image(trial: Trial, slot: str) -> SourceImage | Stimulus | None:
    """What stands in a slot of the trial's reference panels; None for a slot that they do not have."""
    for panel in reference_panels(trial):
        for place in panel.slots:
            if slot in (place.image, place.explanation):
                return _at(trial, panel.role, panel.order[place.number - 1], explained=slot == place.explanation)
    return None


def copied_reference(trial: Trial) -> Reference:
    """Of a catch trial: the reference that is shown again."""
    wanted = (trial.batch, Role.STRONG, trial.copied_reference)
    # Among all of the feature, which an export has read already.
    references = trial.pair.study_feature.references.all()
    return next(one for one in references if (one.batch, one.role, one.position) == wanted)


def explanation_of(reference: Reference, condition: str) -> Stimulus:
    """The explanation that a condition shows of a reference."""
    return next(one for one in reference.explanations.all() if one.kind == condition)


def _at(trial: Trial, role: Role, position: int, *, explained: bool) -> SourceImage | Stimulus:
    """A reference of the trial or its explanation, in one query: a browser asks for each image on its own."""
    found = Reference.objects.filter(
        study_feature=trial.pair.study_feature_id, batch=trial.batch, role=role, position=position
    )
    if explained:
        explanations = Reference.explanations.through.objects.filter(reference__in=found)
        return Stimulus.objects.select_related("pool").get(kind=trial.condition, pk__in=explanations.values("stimulus"))
    return found.select_related("image__pool").get().image


def _strong_slots(trial: Trial) -> list[ReferenceSlot]:
    explained = trial.condition in Stimulus.Kind.values
    with_image = trial.condition != Stimulus.Kind.VISUALIZATION
    return [
        ReferenceSlot(Role.STRONG, number, f"r{number}" if with_image else None, f"r{number}x" if explained else None)
        for number in range(1, len(trial.reference_order) + 1)
    ]


def _weak_slots(trial: Trial) -> list[ReferenceSlot]:
    return [
        ReferenceSlot(Role.WEAK, number, f"w{number}", None) for number in range(1, len(trial.weak_reference_order) + 1)
    ]
