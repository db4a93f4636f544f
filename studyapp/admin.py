"""The researcher's tables. What was drawn or answered can be looked at and not changed."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from studyapp.models import Participant, QueryPair, Reference, Response, Study, StudyFeature, Trial

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Any]
else:  # at run time Django's class takes no parameter
    _Admin = admin.ModelAdmin


class RecordAdmin(_Admin):
    """Rows that services write; changing one by hand would make the data say what did not happen."""

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
    """Studies, with the protocol they were made from."""

    list_display = ("slug", "title", "created_at", "protocol_sha256")


@admin.register(StudyFeature)
class StudyFeatureAdmin(RecordAdmin):
    """Features that studies ask about."""

    list_display = ("study", "phase", "position", "feature")
    list_filter = ("study", "phase")
    list_select_related = ("study", "feature")


@admin.register(Reference)
class ReferenceAdmin(RecordAdmin):
    """Images shown as evidence."""

    list_display = ("study_feature", "batch", "role", "position", "rank", "activation")
    list_filter = ("study_feature__study",)
    list_select_related = ("study_feature__study", "study_feature__feature")


@admin.register(QueryPair)
class QueryPairAdmin(RecordAdmin):
    """Held-out images between which participants choose."""

    list_display = (
        "study_feature",
        "batch",
        "difficulty",
        "strong_rank",
        "strong_activation",
        "weak_rank",
        "weak_activation",
    )
    list_filter = ("study_feature__study",)
    list_select_related = ("study_feature__study", "study_feature__feature")


@admin.register(Participant)
class ParticipantAdmin(RecordAdmin):
    """Participants; the secret of the personal link is not shown."""

    list_display = ("code", "study", "number", "consented_at", "instructions_read_at", "completed_at")
    list_filter = ("study",)
    list_select_related = ("study",)
    exclude = ("token", "client_id")


@admin.register(Trial)
class TrialAdmin(RecordAdmin):
    """Trials as they were drawn."""

    list_display = ("participant", "position", "phase", "task", "condition", "query_pair", "strong_side")
    list_filter = ("participant__study", "phase", "condition")
    list_select_related = (
        "participant__study",
        "query_pair__study_feature__study",
        "query_pair__study_feature__feature",
    )


@admin.register(Response)
class ResponseAdmin(RecordAdmin):
    """Answers as they were received."""

    list_display = ("trial", "choice", "correct", "confidence", "rt_ms", "received_at")
    list_filter = ("trial__participant__study", "correct", "trial__condition")
    list_select_related = ("trial__participant__study",)
