"""Who saw what, and what did they answer?

A study is drawn once from its protocol file; a participant's trials are drawn once, at enrolment.
Constraints stand in the database, so that no code path, the admin included, can break them.
"""

import uuid
from functools import cached_property, lru_cache

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from stimuli.models import SHA256_LENGTH, Feature, FrozenSet, SourceImage, Stimulus
from stimuli.protocol import Protocol, parse_protocol


class Phase(models.TextChoices):
    """Practice trials give feedback; main trials, catch trials among them, are analysed."""

    PRACTICE = "practice"
    MAIN = "main"


class FeatureUse(models.TextChoices):
    """In which trials a feature is asked about."""

    PRACTICE = "practice"
    MAIN = "main"
    CATCH = "catch"


class Side(models.TextChoices):
    """Where a query image stands on the screen."""

    LEFT = "left"
    RIGHT = "right"


class Study(models.Model):
    """One protocol file turned into references, queries and, as people enrol, trials."""

    slug = models.SlugField(unique=True)
    title = models.TextField()
    protocol = models.TextField(help_text="The protocol file as it was read.")
    protocol_sha256 = models.CharField(max_length=SHA256_LENGTH)
    seed = models.BigIntegerField(help_text="Of the protocol; the trials are drawn from it and the secret.")
    secret = models.CharField(
        max_length=64,
        blank=True,
        editable=False,
        help_text="Drawn with the study and told to nobody, so that the protocol gives no right answer away; empty in "
        "studies from before there were secrets.",
    )
    frozen_set = models.OneToOneField(
        FrozenSet, on_delete=models.PROTECT, related_name="study", help_text="The images of the protocol, unchangeable."
    )
    researchers = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="studies",
        help_text="Staff who may see the study and its data; superusers see every study.",
    )
    closed_at = models.DateTimeField(null=True, blank=True, help_text="From when on nobody new is enrolled.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "studies"
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.slug

    @cached_property
    def plan(self) -> Protocol:
        """The stored protocol, parsed."""
        return _parsed(self.protocol, self.slug)

    @property
    def drawn_from(self) -> str:
        """What every draw for a participant starts from. A study without a secret draws as it always has."""
        return f"{self.seed}:{self.secret}" if self.secret else str(self.seed)


@lru_cache(maxsize=64)
def _parsed(text: str, slug: str) -> Protocol:
    """Parsed once in this process, not for each request; nothing can be changed in a protocol."""
    return parse_protocol(text, name=f"the stored protocol of {slug}")


class StudyFeature(models.Model):
    """A feature that participants of a study are asked about."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="features")
    feature = models.ForeignKey(Feature, on_delete=models.PROTECT, related_name="+")
    phase = models.CharField(max_length=10, choices=FeatureUse)
    position = models.PositiveIntegerField(help_text="Place in the protocol's list, from 1.")

    class Meta:
        ordering = ("study", "-phase", "position")
        constraints = (
            models.UniqueConstraint(fields=("study", "feature"), name="a_study_asks_about_a_feature_once"),
            models.UniqueConstraint(fields=("study", "phase", "position"), name="one_study_feature_per_position"),
            models.CheckConstraint(condition=Q(phase__in=FeatureUse.values), name="study_feature_phase_is_known"),
        )

    def __str__(self) -> str:
        return f"{self.study}: {self.feature}"


class Role(models.TextChoices):
    """What a reference is evidence of: what the feature responds to, or what it does not."""

    STRONG = "strong"
    WEAK = "weak"


class Reference(models.Model):
    """An image shown as evidence in every trial on this feature and batch: it activates the feature much or hardly."""

    study_feature = models.ForeignKey(StudyFeature, on_delete=models.CASCADE, related_name="references")
    batch = models.PositiveIntegerField(default=1, help_text="Of images; a participant meets one batch of a feature.")
    role = models.CharField(max_length=6, choices=Role, default=Role.STRONG)
    position = models.PositiveIntegerField(
        help_text="From 1, the strongest, of weak ones the weakest. The screen shows a shuffled order."
    )
    image = models.ForeignKey(SourceImage, on_delete=models.PROTECT, related_name="+")
    activation = models.FloatField()
    rank = models.PositiveIntegerField(help_text="In the pool; 1 is the strongest.")
    explanations = models.ManyToManyField(Stimulus, related_name="+", blank=True)

    class Meta:
        ordering = ("study_feature", "batch", "role", "position")
        constraints = (
            models.UniqueConstraint(
                fields=("study_feature", "batch", "role", "position"), name="one_reference_per_position"
            ),
            models.UniqueConstraint(fields=("study_feature", "image"), name="a_reference_image_is_shown_once"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="reference_role_is_known"),
            models.CheckConstraint(condition=Q(batch__gte=1), name="reference_batches_start_at_1"),
        )

    def __str__(self) -> str:
        return f"{self.study_feature}, batch {self.batch}, {self.role} reference {self.position}"


class QueryPair(models.Model):
    """Two held-out images of a feature between which participants choose: one pair per batch and difficulty."""

    study_feature = models.ForeignKey(StudyFeature, on_delete=models.CASCADE, related_name="query_pairs")
    batch = models.PositiveIntegerField(default=1, help_text="The references of this batch are shown with the pair.")
    difficulty = models.CharField(
        max_length=20, default="easy", help_text="`easy`, or the percentile of the strong image, as `95`."
    )
    strong_image = models.ForeignKey(SourceImage, on_delete=models.PROTECT, related_name="+")
    strong_activation = models.FloatField()
    strong_rank = models.PositiveIntegerField()
    weak_image = models.ForeignKey(SourceImage, on_delete=models.PROTECT, related_name="+")
    weak_activation = models.FloatField()
    weak_rank = models.PositiveIntegerField()

    class Meta:
        ordering = ("study_feature", "batch", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("study_feature", "batch", "difficulty"), name="one_query_pair_per_batch_and_difficulty"
            ),
            models.CheckConstraint(condition=Q(batch__gte=1), name="query_batches_start_at_1"),
            models.CheckConstraint(condition=~Q(strong_image=F("weak_image")), name="the_two_queries_differ"),
            models.CheckConstraint(
                condition=Q(strong_rank__lt=F("weak_rank"), strong_activation__gte=F("weak_activation")),
                name="the_strong_query_is_the_stronger_one",
            ),
        )

    def __str__(self) -> str:
        which = f"batch {self.batch}, {self.difficulty}"
        return f"{self.study_feature}, {which}, ranks {self.strong_rank} and {self.weak_rank}"

    @property
    def references(self) -> "models.QuerySet[Reference]":
        """The references with which the pair is shown."""
        return Reference.objects.filter(study_feature=self.study_feature, batch=self.batch)


class ContinuationPair(models.Model):
    """Two strong accentuations of one seed image between which participants choose: of the feature, and of another."""

    study_feature = models.ForeignKey(StudyFeature, on_delete=models.CASCADE, related_name="continuation_pairs")
    number = models.PositiveIntegerField(help_text="Of the feature's seed images, from 1.")
    seed_image = models.ForeignKey(SourceImage, on_delete=models.PROTECT, related_name="+")
    weak = models.ForeignKey(Stimulus, on_delete=models.PROTECT, related_name="+")
    strong = models.ForeignKey(Stimulus, on_delete=models.PROTECT, related_name="+", help_text="The right answer.")
    foil = models.ForeignKey(
        Stimulus, on_delete=models.PROTECT, related_name="+", help_text="Another feature's, on the same seed image."
    )

    class Meta:
        ordering = ("study_feature", "number")
        constraints = (
            models.UniqueConstraint(fields=("study_feature", "number"), name="one_continuation_per_number"),
            models.CheckConstraint(condition=~Q(strong=F("foil")), name="the_foil_is_another_image"),
        )

    def __str__(self) -> str:
        return f"{self.study_feature}, continuation {self.number}"


class Ending(models.TextChoices):
    """Why a session ended before its completion code, or a completed one counts no longer."""

    QUIZ_FAILED = "quiz_failed"
    PRACTICE_FAILED = "practice_failed"
    WITHDRAWN = "withdrawn"


class Participant(models.Model):
    """A person who agreed to take part. Nothing here says who it is."""

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="participants")
    number = models.PositiveIntegerField(
        help_text="The place in the study's design, from 1, from which the trials are drawn. An abandoned place is "
        "given to somebody else."
    )
    client_id = models.UUIDField(help_text="Of the consent form, so that a doubled click enrols once.")
    token = models.CharField(max_length=64, unique=True, help_text="The secret in the personal link.")
    code = models.CharField(max_length=16, unique=True, help_text="Names the participant in the export.")
    main_trials = models.PositiveIntegerField(help_text="How many the session has, catch trials among them.")
    consent_version = models.TextField()
    consented_at = models.DateTimeField()
    last_seen_at = models.DateTimeField(help_text="To the minute; who was not seen for long has abandoned the place.")
    instructions_shown_at = models.DateTimeField(null=True, blank=True)
    instructions_read_at = models.DateTimeField(null=True, blank=True)
    breaks_taken = models.PositiveSmallIntegerField(default=0)
    debriefed_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    completion_code = models.CharField(max_length=16, blank=True)
    ended_as = models.CharField(max_length=20, choices=Ending, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(
        null=True, blank=True, help_text="When the place was given to somebody else, or became free to be."
    )

    class Meta:
        ordering = ("study", "number", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("study", "number"), condition=Q(released_at=None), name="one_participant_per_place"
            ),
            models.UniqueConstraint(fields=("study", "client_id"), name="one_participant_per_consent_form"),
            models.CheckConstraint(
                condition=Q(completed_at=None, completion_code="")
                | (Q(completed_at__isnull=False) & ~Q(completion_code="")),
                name="a_completion_code_stands_exactly_when_completed",
            ),
            models.CheckConstraint(
                condition=Q(completed_at=None) | Q(instructions_read_at__isnull=False),
                name="who_completed_has_read_the_instructions",
            ),
            models.CheckConstraint(
                condition=Q(ended_as="", ended_at=None) | (Q(ended_at__isnull=False) & ~Q(ended_as="")),
                name="who_ended_has_a_reason",
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="places_start_at_1"),
        )

    def __str__(self) -> str:
        return f"{self.study} {self.code}"


class RecruiterIdentity(models.Model):
    """Who a participant is to the recruiter. Personal data: apart from the responses, never exported by default."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="identities")
    participant = models.OneToOneField(Participant, on_delete=models.CASCADE, related_name="identity")
    external_id = models.CharField(max_length=200)
    session_id = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name_plural = "recruiter identities"
        constraints = (
            models.UniqueConstraint(fields=("study", "external_id"), name="one_participant_per_recruited_person"),
        )

    def __str__(self) -> str:
        return f"{self.participant}, recruited"


class Place(models.TextChoices):
    """Where in the session a questionnaire stands."""

    BEFORE = "before"
    AFTER = "after"


class QuestionnaireAnswers(models.Model):
    """The answers to one page of questions."""

    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="questionnaires")
    place = models.CharField(max_length=6, choices=Place)
    answers = models.JSONField(help_text="By the question's name; null for one that was left out.")
    received_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "questionnaire answers"
        constraints = (
            models.UniqueConstraint(fields=("participant", "place"), name="one_answer_per_questionnaire"),
            models.CheckConstraint(condition=Q(place__in=Place.values), name="questionnaire_place_is_known"),
        )

    def __str__(self) -> str:
        return f"{self.participant}, questionnaire {self.place}"


class QuizAttempt(models.Model):
    """One attempt at the questions about the instructions."""

    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="quiz_attempts")
    number = models.PositiveSmallIntegerField(help_text="From 1.")
    answers = models.JSONField(help_text="The choices made, in the order of the questions.")
    passed = models.BooleanField()
    received_at = models.DateTimeField()
    instructions_read_at = models.DateTimeField(
        null=True, blank=True, help_text="When the instructions were left again, which follow an attempt that failed."
    )

    class Meta:
        ordering = ("participant", "number")
        constraints = (models.UniqueConstraint(fields=("participant", "number"), name="one_quiz_attempt_per_number"),)

    def __str__(self) -> str:
        return f"{self.participant}, quiz attempt {self.number}"


class Trial(models.Model):
    """One question put to one participant, with everything that was drawn for it."""

    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="trials")
    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    position = models.PositiveIntegerField(help_text="In the participant's session, from 1.")
    phase = models.CharField(max_length=10, choices=Phase)
    task = models.CharField(max_length=20)
    condition = models.CharField(max_length=20)
    round = models.PositiveSmallIntegerField(default=1, help_text="Of practice, from 1; 1 for main trials.")
    is_catch = models.BooleanField(default=False, help_text="One choice is a copy of what is shown as evidence.")
    copied_reference = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="Of a catch trial: the position of the reference that is also the strong query.",
    )
    query_pair = models.ForeignKey(QueryPair, on_delete=models.PROTECT, null=True, blank=True, related_name="trials")
    continuation_pair = models.ForeignKey(
        ContinuationPair, on_delete=models.PROTECT, null=True, blank=True, related_name="trials"
    )
    batch = models.PositiveIntegerField(default=1, help_text="Of the references shown; in a continuation, of the seed.")
    strong_side = models.CharField(max_length=5, choices=Side, help_text="The side of the right answer.")
    reference_order = models.JSONField(help_text="Positions of the references in the order shown.")
    weak_reference_order = models.JSONField(
        default=list, help_text="Positions of the weakly activating references in the order shown."
    )
    strong_panel_side = models.CharField(
        max_length=5,
        choices=Side,
        blank=True,
        help_text="Where the strongly activating references stand; empty where no weak ones are shown.",
    )

    class Meta:
        ordering = ("participant", "position")
        constraints = (
            models.UniqueConstraint(fields=("participant", "position"), name="one_trial_per_position"),
            models.UniqueConstraint(
                fields=("participant", "query_pair", "round"), name="a_participant_sees_a_query_once"
            ),
            models.UniqueConstraint(
                fields=("participant", "continuation_pair", "round"), name="a_participant_sees_a_continuation_once"
            ),
            models.CheckConstraint(
                condition=Q(query_pair__isnull=False, continuation_pair=None)
                | Q(query_pair=None, continuation_pair__isnull=False),
                name="a_trial_asks_about_one_pair",
            ),
            models.CheckConstraint(condition=Q(phase__in=Phase.values), name="trial_phase_is_known"),
            models.CheckConstraint(condition=Q(strong_side__in=Side.values), name="strong_side_is_left_or_right"),
            models.CheckConstraint(
                condition=Q(strong_panel_side__in=["", *Side.values]), name="strong_panel_side_is_left_or_right"
            ),
            models.CheckConstraint(condition=Q(position__gte=1), name="trial_positions_start_at_1"),
        )

    def __str__(self) -> str:
        return f"{self.participant}, trial {self.position}"

    @property
    def pair(self) -> QueryPair | ContinuationPair:
        """What it asks about."""
        pair = self.query_pair or self.continuation_pair
        assert pair is not None, "the database demands one"
        return pair


class Response(models.Model):
    """The one answer to a trial, scored by the server."""

    trial = models.OneToOneField(Trial, on_delete=models.PROTECT, related_name="response")
    client_id = models.UUIDField(unique=True, help_text="Drawn by the browser; a replay carries the same one.")
    choice = models.CharField(max_length=5, choices=Side)
    confidence = models.PositiveSmallIntegerField(help_text="1 guessing, 2 fairly sure, 3 sure.")
    correct = models.BooleanField()
    rt_ms = models.FloatField(help_text="From the first painted frame to the answer, on the browser's clock.")
    data = models.JSONField(
        default=dict, help_text="The data fields that the task declares, by the name of the export's column."
    )
    events = models.JSONField(
        default=list,
        help_text="What happened during the trial: [ms since the first painted frame, name, detail] each.",
    )
    received_at = models.DateTimeField()

    class Meta:
        ordering = ("trial",)
        constraints = (
            models.CheckConstraint(condition=Q(choice__in=Side.values), name="choice_is_left_or_right"),
            models.CheckConstraint(condition=Q(confidence__range=(1, 3)), name="confidence_is_1_to_3"),
            models.CheckConstraint(condition=Q(rt_ms__gte=0), name="rt_is_not_negative"),
        )

    def __str__(self) -> str:
        return f"{self.trial}: {self.choice}"


class Event(models.Model):
    """Something that happened in a study, written once: a trigger in the database lets nothing of it change.

    An event holds no personal data. Those of a participant go with the participant's data on withdrawal, and only then.
    """

    study = models.ForeignKey(Study, on_delete=models.PROTECT, related_name="events")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, null=True, blank=True, related_name="events")
    name = models.CharField(max_length=40)
    data = models.JSONField(default=dict)
    by = models.CharField(max_length=150, blank=True, help_text="Login of the researcher, where one did it.")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.study}: {self.name}"


class AttemptCount(models.Model):
    """How often something was tried in a span of time by one address, which is kept as a keyed hash only."""

    key = models.CharField(max_length=SHA256_LENGTH, primary_key=True, help_text="Of what, by whom and in which span.")
    count = models.PositiveIntegerField()
    expires_at = models.DateTimeField(
        db_index=True, help_text="When the span after its own is over and the row can go."
    )

    def __str__(self) -> str:
        return f"{self.key[:12]}: {self.count}"
