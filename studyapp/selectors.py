"""Everything that only reads: where a participant stands, what a trial shows, how far a study is."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from stimuli.models import SourceImage, Stimulus
from studyapp.models import Participant, Phase, Reference, Response, Side, Study, StudyFeature, Trial

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    ExportedResponse = WithAnnotations[Response, "SessionLength"]


def current_trial(participant: Participant) -> Trial | None:
    """The first trial without an answer; None before the instructions are read and after the last answer."""
    if participant.instructions_read_at is None:
        return None
    waiting = participant.trials.filter(response=None).order_by("position")
    return waiting.select_related("query_pair__study_feature").first()


@dataclass(frozen=True)
class Progress:
    """How far a participant is within a phase: the trial at hand, from 1, and how many there are."""

    phase: Phase
    trial: int
    trials: int


def phase_progress(trial: Trial) -> Progress:
    """Where a trial stands among the participant's trials of its phase."""
    positions = trial.participant.trials.filter(phase=trial.phase).aggregate(
        trials=Count("pk"), trial=Count("pk", filter=Q(position__lte=trial.position))
    )
    return Progress(Phase(trial.phase), positions["trial"], positions["trials"])


@dataclass(frozen=True)
class ReferenceSlot:
    """One place of the reference panel: the slots of its image and of its explanation, where the condition shows them.

    With both, the one can be flipped to the other; a picture from noise stands there without an image.
    """

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
        return f"Reference image {self.number}" if self.image else f"Computed picture {self.number}"


def reference_slots(trial: Trial) -> list[ReferenceSlot]:
    """The places of the reference panel, in the order of the screen."""
    explained = trial.condition in Stimulus.Kind.values
    with_image = trial.condition != Stimulus.Kind.VISUALIZATION
    return [
        ReferenceSlot(number, f"r{number}" if with_image else None, f"r{number}x" if explained else None)
        for number in range(1, len(trial.reference_order) + 1)
    ]


def slot_image(trial: Trial, slot: str) -> SourceImage | Stimulus | None:
    """What a trial shows in a slot, None for a slot that it does not have.

    Slots are named by place on the screen only: ``left``, ``right``, ``r1`` .. ``r9`` and, where the condition
    explains, ``r1x`` .. ``r9x``. A picture from noise has no ``r1`` beside its ``r1x``.
    """
    pair = trial.query_pair
    if slot in Side.values:
        return pair.strong_image if slot == trial.strong_side else pair.weak_image
    place = next((place for place in reference_slots(trial) if slot in (place.image, place.explanation)), None)
    if place is None:
        return None
    shown: Reference = pair.study_feature.references.get(position=trial.reference_order[place.number - 1])
    return shown.image if slot == place.image else shown.explanations.get(kind=trial.condition)


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


def study_features(study: Study) -> QuerySet[StudyFeature]:
    """The features of a study, practice first, with everything the researcher's page shows of them."""
    return study.features.select_related(
        "feature__model", "query_pair__strong_image", "query_pair__weak_image"
    ).prefetch_related("references__image", "references__explanations")


class SessionLength(TypedDict):
    """What the export adds to a response: how many main trials its participant's session has."""

    main_trials: int


def export_responses(study: Study) -> "QuerySet[ExportedResponse]":
    """Every response of a study with what its export row needs, by participant and trial."""
    main_trials = (
        Trial.objects.filter(participant=OuterRef("trial__participant"), phase=Phase.MAIN)
        .order_by()
        .values("participant")
        .annotate(count=Count("pk"))
        .values("count")
    )
    return (
        Response.objects.filter(trial__participant__study=study)
        .select_related(
            "trial__participant__study",
            "trial__query_pair__strong_image",
            "trial__query_pair__weak_image",
            "trial__query_pair__study_feature__feature__model",
        )
        .annotate(main_trials=Subquery(main_trials))
        .order_by("trial__participant__number", "trial__position")
    )
