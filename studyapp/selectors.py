"""Everything that only reads: where a participant stands, what a trial shows, how far a study is."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from stimuli.models import SourceImage, Stimulus
from studyapp.models import (
    ContinuationPair,
    Participant,
    Phase,
    QueryPair,
    QuestionnaireAnswers,
    RecruiterIdentity,
    Reference,
    Response,
    Study,
    StudyFeature,
    Trial,
)
from studyapp.panels import Panel
from studyapp.tasks.registry import task_named, task_of
from studyapp.tasks.task import Task

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    ExportedResponse = WithAnnotations[Response, "PracticeTaken"]

# Where a trial's feature is, and what of its references an export may need.
PAIRS = ("query_pair", "continuation_pair")
SEEN = ("image", "explanations")
# Rows that an export reads from the database at a time.
EXPORT_CHUNK = 2000


def current_trial(participant: Participant) -> Trial | None:
    """The first trial without an answer.

    None before the instructions are read and the quiz is passed, after the last answer, and where the session ended.
    """
    if participant.instructions_read_at is None or participant.ended_as:
        return None
    waiting = participant.trials.filter(response=None).order_by("position")
    trial = waiting.select_related("query_pair__study_feature", "continuation_pair__study_feature").first()
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


def reference_panels(trial: Trial) -> list[Panel]:
    """What a trial shows as evidence, from left to right."""
    return task_of(trial).panels(trial)


def slot_image(trial: Trial, slot: str) -> SourceImage | Stimulus | None:
    """What a trial shows in a slot, None for a slot that it does not have.

    Slots are ``left`` and ``right`` for the two choices, and those of :func:`reference_panels`.
    """
    return task_of(trial).image(trial, slot)


@dataclass(frozen=True)
class ShownBatch:
    """What is shown of a feature together: the references of one image batch, and its query pairs."""

    number: int
    references: list[Reference]
    pairs: list[QueryPair]


@dataclass(frozen=True)
class ShownFeature:
    """A feature of a study with everything that participants are shown of it."""

    feature: StudyFeature
    batches: list[ShownBatch]
    continuations: list[ContinuationPair]


def study_features(study: Study) -> list[ShownFeature]:
    """The features of a study, practice first, with what its task shows: all that the researcher's page has."""
    features = study.features.select_related("feature__model").prefetch_related(
        "references__image",
        "references__explanations",
        "query_pairs__strong_image",
        "query_pairs__weak_image",
        "continuation_pairs__seed_image",
        "continuation_pairs__weak",
        "continuation_pairs__strong",
        "continuation_pairs__foil__feature",
    )
    task = task_named(study.plan.trials.task)
    return [
        ShownFeature(
            feature,
            _shown_batches(feature, task),
            [] if task.asks_about_queries else list(feature.continuation_pairs.all()),
        )
        for feature in features
    ]


def _shown_batches(feature: StudyFeature, task: Task) -> list[ShownBatch]:
    references = list(feature.references.all()) if task.shows_references else []
    pairs = list(feature.query_pairs.all()) if task.asks_about_queries else []
    return [
        ShownBatch(
            number,
            [reference for reference in references if reference.batch == number],
            [pair for pair in pairs if pair.batch == number],
        )
        for number in sorted({*(one.batch for one in references), *(one.batch for one in pairs)})
    ]


def answered_main_trials(study: Study) -> "QuerySet[Trial]":
    """The main trials of a study that were answered, catch trials apart, by participant and place."""
    answered = Trial.objects.filter(participant__study=study, phase=Phase.MAIN, is_catch=False, response__isnull=False)
    related = ("participant__study", "query_pair__strong_image", "query_pair__weak_image")
    return answered.select_related(*related).order_by("participant__number", "position")


class PracticeTaken(TypedDict):
    """What the export adds to a response: how many rounds of practice its participant took."""

    rounds: int


def export_responses(study: Study) -> "QuerySet[ExportedResponse]":
    """Every response of a study with what its export row needs, by participant and trial."""
    rounds = (
        Trial.objects.filter(participant=OuterRef("trial__participant"), phase=Phase.PRACTICE, response__isnull=False)
        .order_by()
        .values("participant")
        .annotate(taken=Max("round"))
        .values("taken")
    )
    found = (
        Response.objects.filter(trial__participant__study=study)
        .select_related(
            "trial__participant__study",
            "trial__query_pair__strong_image",
            "trial__query_pair__weak_image",
            "trial__query_pair__study_feature__feature__model",
            "trial__continuation_pair__weak",
            "trial__continuation_pair__strong",
            "trial__continuation_pair__foil__feature",
            "trial__continuation_pair__study_feature__feature__model",
        )
        .annotate(rounds=Coalesce(Subquery(rounds), 1))
        .order_by("trial__participant__number", "trial__participant", "trial__position")
    )
    if not study.plan.stimuli.catch_features:
        return found
    # Which reference a catch trial copied is looked up among those of its feature, read once for many rows.
    return found.prefetch_related(
        *(f"trial__{pair}__study_feature__references__{what}" for pair in PAIRS for what in SEEN)
    )


def export_events(study: Study) -> QuerySet[Response]:
    """Every response of a study in which something happened, by participant and trial."""
    found = Response.objects.filter(trial__participant__study=study).exclude(events=[])
    return found.select_related("trial__participant").order_by(
        "trial__participant__number", "trial__participant", "trial__position"
    )


def export_questionnaires(study: Study) -> QuerySet[QuestionnaireAnswers]:
    """All answered questionnaires of a study, by participant, the one before the trials first."""
    found = QuestionnaireAnswers.objects.filter(participant__study=study).select_related("participant__study")
    return found.order_by("participant__number", "participant", "-place")


def export_identities(study: Study) -> QuerySet[RecruiterIdentity]:
    """Who the participants of a study are to their recruiter."""
    return study.identities.select_related("participant").order_by("participant__number", "participant")
