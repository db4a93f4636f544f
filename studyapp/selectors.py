"""Everything that only reads: where a participant stands, what a trial shows, how far a study is."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from django.db.models import Count, F, Q, QuerySet

from stimuli.models import SourceImage, Stimulus
from studyapp.models import Participant, Phase, QueryPair, Reference, Response, Role, Side, Study, StudyFeature, Trial

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    ExportedResponse = WithAnnotations[Response, "SessionLength"]


def current_trial(participant: Participant) -> Trial | None:
    """The first trial without an answer.

    None before the instructions are read and the quiz is passed, after the last answer, and where the session ended.
    """
    if participant.instructions_read_at is None or participant.ended_as:
        return None
    waiting = participant.trials.filter(response=None).order_by("position")
    trial = waiting.select_related("query_pair__study_feature").first()
    if trial is None:
        return None
    trial.participant = participant  # the same row, whose study is known already
    # Whoever answered a trial has passed the quiz: it is not asked for again.
    return None if trial.position == 1 and not quiz_is_passed(participant) else trial


def quiz_is_passed(participant: Participant) -> bool:
    """Whether the participant answered all questions about the instructions rightly, or there are none."""
    return participant.study.plan.quiz is None or participant.quiz_attempts.filter(passed=True).exists()


@dataclass(frozen=True)
class Progress:
    """How far a participant is within a phase: the trial at hand, from 1, and how many there are in the round."""

    phase: Phase
    trial: int
    trials: int


def phase_progress(trial: Trial) -> Progress:
    """Where a trial stands among the participant's trials of its phase, of practice those of its round."""
    positions = trial.participant.trials.filter(phase=trial.phase, round=trial.round).aggregate(
        trials=Count("pk"), trial=Count("pk", filter=Q(position__lte=trial.position))
    )
    return Progress(Phase(trial.phase), positions["trial"], positions["trials"])


@dataclass(frozen=True)
class ReferenceSlot:
    """One place of a reference panel: the slots of its image and of its explanation, where the condition shows them.

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
            return f"Computed picture {self.number}"
        return f"Reference image {self.number}" if self.role == Role.STRONG else f"Image {self.number} without response"


@dataclass(frozen=True)
class Panel:
    """References of one kind as they stand on the screen, and in the order in which the trial shows them."""

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


def slot_image(trial: Trial, slot: str) -> SourceImage | Stimulus | None:
    """What a trial shows in a slot, None for a slot that it does not have.

    Slots are ``left`` and ``right`` for the queries, and those of :func:`reference_panels`.
    """
    pair = trial.query_pair
    assert pair is not None
    if slot in Side.values:
        return pair.strong_image if slot == trial.strong_side else pair.weak_image
    for panel in reference_panels(trial):
        for place in panel.slots:
            if slot in (place.image, place.explanation):
                shown = pair.references.get(role=panel.role, position=panel.order[place.number - 1])
                return shown.image if slot == place.image else shown.explanations.get(kind=trial.condition)
    return None


@dataclass(frozen=True)
class StudyCounts:
    """How far a study is. ``responses`` counts the answered main trials of each condition."""

    enrolled: int
    instructions_read: int
    completed: int
    responses: dict[str, int]


def study_counts(study: Study) -> StudyCounts:
    """Count participants and main responses; conditions without a response yet are there with 0."""
    people = study.participants.aggregate(
        enrolled=Count("pk"),
        instructions_read=Count("instructions_read_at"),
        completed=Count("completed_at"),
    )
    rows = (
        Response.objects.filter(trial__participant__study=study, trial__phase=Phase.MAIN)
        .values_list("trial__condition")
        .annotate(count=Count("pk"))
        .order_by()
    )
    counted = dict(rows)
    return StudyCounts(**people, responses={name: counted.get(name, 0) for name in study.plan.trials.conditions})


@dataclass(frozen=True)
class ShownBatch:
    """What is shown of a feature together: the references of one image batch, and its query pairs."""

    number: int
    references: list[Reference]
    pairs: list[QueryPair]


def study_features(study: Study) -> list[tuple[StudyFeature, list[ShownBatch]]]:
    """The features of a study, practice first, each with its batches: everything the researcher's page shows."""
    features = study.features.select_related("feature__model").prefetch_related(
        "references__image", "references__explanations", "query_pairs__strong_image", "query_pairs__weak_image"
    )
    return [(feature, _shown_batches(feature)) for feature in features]


def _shown_batches(feature: StudyFeature) -> list[ShownBatch]:
    references, pairs = list(feature.references.all()), list(feature.query_pairs.all())
    return [
        ShownBatch(
            number,
            [reference for reference in references if reference.batch == number],
            [pair for pair in pairs if pair.batch == number],
        )
        for number in sorted({pair.batch for pair in pairs})
    ]


class SessionLength(TypedDict):
    """What the export adds to a response: how many main trials its participant's session has."""

    main_trials: int


def export_responses(study: Study) -> "QuerySet[ExportedResponse]":
    """Every response of a study with what its export row needs, by participant and trial."""
    return (
        Response.objects.filter(trial__participant__study=study)
        .select_related(
            "trial__participant__study",
            "trial__query_pair__strong_image",
            "trial__query_pair__weak_image",
            "trial__query_pair__study_feature__feature__model",
        )
        .annotate(main_trials=F("trial__participant__main_trials"))
        .order_by("trial__participant__number", "trial__position")
    )
