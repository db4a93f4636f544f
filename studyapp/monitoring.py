"""A study while it runs: who is where, and what has come in.

How often participants were right is left out on purpose. Who sees accuracy by condition while people still take
part is tempted to stop when it looks good, which makes the test of the hypotheses wrong.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypedDict

from django.db.models import (
    Aggregate,
    Case,
    CharField,
    Count,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextChoices,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils import timezone

from studyapp.models import Ending, Participant, Phase, Place, QuestionnaireAnswers, QuizAttempt, Response, Study, Trial
from studyapp.places import gone_since

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

    PlacedParticipant = WithAnnotations[Participant, "Placed"]
    ListedParticipant = WithAnnotations[Participant, "Listed"]


class State(TextChoices):
    """Where a participant is; everyone is in exactly one state. Of two that hold, the first one counts."""

    WITHDRAWN = "withdrawn", "withdrawn"
    QUIZ_FAILED = "quiz_failed", "ended: quiz not passed"
    PRACTICE_FAILED = "practice_failed", "ended: practice not passed"
    COMPLETED = "completed", "completed"
    RELEASED = "released", "place given to somebody else"
    ABANDONED = "abandoned", "abandoned"
    QUESTIONNAIRE_BEFORE = "questionnaire_before", "at the first questions"
    INSTRUCTIONS = "instructions", "at the instructions"
    QUIZ = "quiz", "at the quiz"
    PRACTICE = "practice", "in practice"
    MAIN = "main", "in the main trials"
    AFTER = "after", "after the last trial"


# Who holds a place that nobody else can have.
TAKING_PART = (
    State.QUESTIONNAIRE_BEFORE,
    State.INSTRUCTIONS,
    State.QUIZ,
    State.PRACTICE,
    State.MAIN,
    State.AFTER,
)


class Placed(TypedDict):
    """What is known of where a participant is."""

    state: str


class Listed(Placed):
    """What the list of participants adds to each."""

    answered: int


@dataclass(frozen=True)
class Running:
    """How far a study is.

    ``responses`` counts the answered main trials of each condition, without catch trials, which ``catch_responses``
    counts; neither has those of withdrawn participants, which no analysis has.
    """

    enrolled: int
    states: dict[State, int]
    places_free: int | None
    median_time: timedelta | None
    responses: dict[str, int]
    catch_responses: int

    @property
    def completed(self) -> int:
        """How many have their completion code, less those who withdrew."""
        return self.states[State.COMPLETED]

    @property
    def taking_part(self) -> int:
        """How many are at it."""
        return sum(self.states[state] for state in TAKING_PART)

    @property
    def steps(self) -> Iterator[tuple[str, int]]:
        """Where those are who take part."""
        return ((str(state.label), self.states[state]) for state in TAKING_PART)

    @property
    def endings(self) -> Iterator[tuple[str, int]]:
        """How many have gone without completing, by reason."""
        return (
            (str(state.label), self.states[state])
            for state in State
            if state not in TAKING_PART and state != State.COMPLETED
        )


def running(study: Study) -> Running:
    """Count everything that the page of a study shows; conditions and states without anybody are there with 0."""
    found = dict(participants_in_state(study).values_list("state").annotate(count=Count("pk")).order_by())
    states = {state: found.get(state.value, 0) for state in State}
    quota = study.plan.recruitment.quota
    responses, catch_responses = _main_responses(study)
    held = states[State.COMPLETED] + sum(states[state] for state in TAKING_PART) + _kept(study)
    return Running(
        enrolled=sum(states.values()),
        states=states,
        places_free=None if quota is None else max(0, quota - held),
        median_time=_median_time(study),
        responses=responses,
        catch_responses=catch_responses,
    )


def participants_in_state(study: Study) -> "QuerySet[PlacedParticipant]":
    """The participants of a study, each with the ``state`` it is in."""
    gone = gone_since(study, timezone.now())
    whens = [
        *(When(ended_as=ending, then=Value(State(ending.value).value)) for ending in Ending),
        When(completed_at__isnull=False, then=Value(State.COMPLETED.value)),
        When(released_at__isnull=False, then=Value(State.RELEASED.value)),
        When(last_seen_at__lt=gone, then=Value(State.ABANDONED.value)),
        *_steps(study),
    ]
    return study.participants.annotate(state=Case(*whens, default=Value(State.AFTER.value), output_field=CharField()))


def listed_participants(study: Study) -> "QuerySet[ListedParticipant]":
    """The same with how many trials each has answered, the latest first."""
    answered = (
        Response.objects.filter(trial__participant=OuterRef("pk"), trial__phase=Phase.MAIN)
        .order_by()
        .values("trial__participant")
        .annotate(count=Count("pk"))
        .values("count")
    )
    rows = participants_in_state(study).annotate(answered=Coalesce(Subquery(answered), 0))
    return rows.order_by("-consented_at", "-pk")


def state_label(participant: "ListedParticipant") -> str:
    """The state in words."""
    return str(State(participant.state).label)


def _steps(study: Study) -> Iterator[When]:
    """Each step of this study's session as what a participant who is at it lacks."""
    plan, mine = study.plan, {"participant": OuterRef("pk")}
    if plan.questionnaire_before:
        answered = Exists(QuestionnaireAnswers.objects.filter(**mine, place=Place.BEFORE))
        yield When(~answered, then=Value(State.QUESTIONNAIRE_BEFORE.value))
    yield When(instructions_read_at=None, then=Value(State.INSTRUCTIONS.value))
    if plan.quiz:
        yield When(~Exists(QuizAttempt.objects.filter(**mine, passed=True)), then=Value(State.QUIZ.value))
    waiting = Trial.objects.filter(**mine, response=None)
    yield When(Exists(waiting.filter(phase=Phase.PRACTICE)), then=Value(State.PRACTICE.value))
    # The main trials are stored when practice is passed: without any the participant is between two rounds.
    yield When(~Exists(Trial.objects.filter(**mine, phase=Phase.MAIN)), then=Value(State.PRACTICE.value))
    yield When(Exists(waiting.filter(phase=Phase.MAIN)), then=Value(State.MAIN.value))


def _kept(study: Study) -> int:
    """Who withdrew and keeps the place all the same, because whole answers are kept."""
    return study.participants.filter(ended_as=Ending.WITHDRAWN, released_at=None).count()


class _Median(Aggregate):
    """The middle value, as PostgreSQL computes it."""

    template = "percentile_cont(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


def _median_time(study: Study) -> timedelta | None:
    """From consent to completion code, of those who completed and did not withdraw."""
    completed = study.participants.filter(Q(completed_at__isnull=False) & ~Q(ended_as=Ending.WITHDRAWN))
    took = ExpressionWrapper(F("completed_at") - F("consented_at"), output_field=DurationField())
    median: timedelta | None = completed.aggregate(median=_Median(took))["median"]
    return median


def _main_responses(study: Study) -> tuple[dict[str, int], int]:
    """How many there are by condition, and how many to catch trials."""
    rows = (
        Response.objects.filter(trial__participant__study=study, trial__phase=Phase.MAIN)
        .exclude(trial__participant__ended_as=Ending.WITHDRAWN)
        .values_list("trial__condition", "trial__is_catch")
        .annotate(count=Count("pk"))
        .order_by()
    )
    counted = {(condition, is_catch): count for condition, is_catch, count in rows}
    caught = sum(count for (_, is_catch), count in counted.items() if is_catch)
    return {name: counted.get((name, False), 0) for name in study.plan.trials.conditions}, caught
