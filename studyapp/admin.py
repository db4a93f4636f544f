"""The researcher's tables. What was drawn or answered can be looked at and not changed.

Staff see the rows of their own studies, superusers those of all.
"""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from studyapp.models import (
    ContinuationPair,
    Event,
    Participant,
    QueryPair,
    QuestionnaireAnswers,
    QuizAttempt,
    RecruiterIdentity,
    Reference,
    Response,
    Study,
    StudyFeature,
    Trial,
)
from studyapp.permissions import studies_of
from studyapp.services.researchers import record_researchers

if TYPE_CHECKING:
    from django.forms import ModelForm

    _Admin = admin.ModelAdmin[Any]
else:  # at run time Django's class takes no parameter
    _Admin = admin.ModelAdmin


# Offers for filtering what stands in the rows at hand, not the names of other people's studies.
RELATED = admin.RelatedOnlyFieldListFilter


class RecordAdmin(_Admin):
    """Rows that services write; changing one by hand would make the data say what did not happen."""

    of_study: ClassVar[str] = "study"  # how a row leads to its study

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows of the researcher's studies: nothing else is listed, found or shown."""
        return super().get_queryset(request).filter(**{f"{self.of_study}__in": studies_of(request.user)})

    def has_module_permission(self, request: HttpRequest) -> bool:
        """All staff see that there are such tables."""
        return request.user.is_active and request.user.is_staff

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """All staff may look; the rows that there are to look at differ."""
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only services add."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nothing changes."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nothing goes."""
        return False


@admin.register(Study)
class StudyAdmin(RecordAdmin):
    """Studies, with the protocol they were made from. Superusers say whose they are."""

    of_study = "pk"
    list_display = ("slug", "title", "created_at", "closed_at", "protocol_sha256")
    filter_horizontal = ("researchers",)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Superusers change who may see a study."""
        return request.user.is_active and request.user.is_superuser

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        """A study itself does not change once it stands."""
        return [field.name for field in Study._meta.fields if field.editable or field.name == "created_at"]

    def save_related(self, request: HttpRequest, form: "ModelForm[Study]", formsets: Any, change: bool) -> None:
        """Write down who may see the study from now on."""
        super().save_related(request, form, formsets, change)
        if "researchers" in form.changed_data:
            record_researchers(study=form.instance, by=request.user.get_username())


@admin.register(StudyFeature)
class StudyFeatureAdmin(RecordAdmin):
    """Features that studies ask about."""

    list_display = ("study", "phase", "position", "feature")
    list_filter = (("study", RELATED), "phase")
    list_select_related = ("study", "feature")


@admin.register(Reference)
class ReferenceAdmin(RecordAdmin):
    """Images shown as evidence."""

    of_study = "study_feature__study"
    list_display = ("study_feature", "batch", "role", "position", "rank", "activation")
    list_filter = (("study_feature__study", RELATED),)
    list_select_related = ("study_feature__study", "study_feature__feature")


@admin.register(QueryPair)
class QueryPairAdmin(RecordAdmin):
    """Held-out images between which participants choose."""

    of_study = "study_feature__study"
    list_display = (
        "study_feature",
        "batch",
        "difficulty",
        "strong_rank",
        "strong_activation",
        "weak_rank",
        "weak_activation",
    )
    list_filter = (("study_feature__study", RELATED),)
    list_select_related = ("study_feature__study", "study_feature__feature")


@admin.register(ContinuationPair)
class ContinuationPairAdmin(RecordAdmin):
    """Accentuations of a seed image between which participants choose."""

    of_study = "study_feature__study"
    list_display = ("study_feature", "number", "seed_image", "strong", "foil")
    list_filter = (("study_feature__study", RELATED),)
    list_select_related = ("study_feature__study", "study_feature__feature", "seed_image", "strong", "foil")


@admin.register(Participant)
class ParticipantAdmin(RecordAdmin):
    """Participants; the secret of the personal link is not shown."""

    list_display = ("code", "study", "number", "consented_at", "completed_at", "ended_as", "completion_code")
    search_fields = ("code", "completion_code")
    list_filter = (("study", RELATED),)
    list_select_related = ("study",)
    exclude = ("token", "client_id")


@admin.register(Trial)
class TrialAdmin(RecordAdmin):
    """Trials as they were drawn."""

    of_study = "participant__study"
    list_display = ("participant", "position", "phase", "task", "condition", "query_pair", "strong_side")
    list_filter = (("participant__study", RELATED), "phase", "condition")
    list_select_related = (
        "participant__study",
        "query_pair__study_feature__study",
        "query_pair__study_feature__feature",
    )


@admin.register(Response)
class ResponseAdmin(RecordAdmin):
    """Answers as they were received. Whether they are right is not in the list: see ``studyapp.monitoring``."""

    of_study = "trial__participant__study"
    list_display = ("trial", "choice", "confidence", "rt_ms", "received_at")
    list_filter = (("trial__participant__study", RELATED), "trial__condition")
    list_select_related = ("trial__participant__study",)


@admin.register(RecruiterIdentity)
class RecruiterIdentityAdmin(RecordAdmin):
    """Who a participant is to the recruiter: to find the code of a person who asks for deletion."""

    list_display = ("external_id", "participant", "session_id")
    search_fields = ("external_id", "session_id")
    list_filter = (("study", RELATED),)
    list_select_related = ("participant__study",)


@admin.register(QuestionnaireAnswers)
class QuestionnaireAnswersAdmin(RecordAdmin):
    """What participants said of themselves."""

    of_study = "participant__study"
    list_display = ("participant", "place", "received_at")
    list_filter = (("participant__study", RELATED), "place")
    list_select_related = ("participant__study",)


@admin.register(QuizAttempt)
class QuizAttemptAdmin(RecordAdmin):
    """Attempts at the questions about the instructions."""

    of_study = "participant__study"
    list_display = ("participant", "number", "passed", "received_at")
    list_filter = (("participant__study", RELATED), "passed")
    list_select_related = ("participant__study",)


@admin.register(Event)
class EventAdmin(RecordAdmin):
    """The log."""

    list_display = ("at", "study", "name", "participant", "by")
    list_filter = (("study", RELATED), "name")
    list_select_related = ("study", "participant__study")
