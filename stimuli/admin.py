"""The records of images and features in Django's admin: to be read; rows are made by the commands only."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from stimuli.models import (
    Activation,
    Approval,
    Feature,
    FeatureSurvey,
    FrozenSet,
    ImagePool,
    Rejection,
    Rendition,
    SourceImage,
    Stimulus,
    UnitSample,
    VisionModel,
    WorkingPlan,
)

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Model]
else:  # at run time Django's class takes no parameter
    _Admin = admin.ModelAdmin


class RecordAdmin(_Admin):
    """A table to look at: a row that was changed by hand would no longer say what its file is."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Rows come from commands."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows stay as they were written."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows stay."""
        return False


@admin.register(ImagePool)
class ImagePoolAdmin(RecordAdmin):
    """Image pools."""

    list_display = ("name", "origin", "image_size", "created_at")
    search_fields = ("name", "origin")


@admin.register(SourceImage)
class SourceImageAdmin(RecordAdmin):
    """Natural images."""

    list_display = ("id", "pool", "photograph_name", "left", "top", "side", "sha256")
    list_filter = ("pool",)
    search_fields = ("photograph_name", "sha256", "photograph_sha256")
    list_select_related = ("pool",)


@admin.register(VisionModel)
class VisionModelAdmin(RecordAdmin):
    """Networks."""

    list_display = ("name", "weights_source", "weights_given", "input_size", "weights_sha256")
    search_fields = ("name", "weights_sha256")


@admin.register(Feature)
class FeatureAdmin(RecordAdmin):
    """Features."""

    list_display = ("name", "model")
    list_filter = ("model",)
    search_fields = ("name",)
    list_select_related = ("model",)


@admin.register(FeatureSurvey)
class FeatureSurveyAdmin(RecordAdmin):
    """Which feature was measured over which pool."""

    list_display = ("feature", "pool", "images", "ends", "sampled", "created_at")
    list_filter = ("pool",)
    search_fields = ("feature__name",)
    list_select_related = ("feature", "pool")


@admin.register(UnitSample)
class UnitSampleAdmin(RecordAdmin):
    """Which units of a layer were drawn."""

    list_display = ("layer", "model", "pool", "seed", "units", "dead", "created_at")
    list_filter = ("model", "pool")
    search_fields = ("layer",)
    list_select_related = ("model", "pool")


@admin.register(Activation)
class ActivationAdmin(RecordAdmin):
    """Activations and ranks."""

    list_display = ("feature", "rank", "value", "image")
    search_fields = ("feature__name", "image__sha256")
    list_select_related = ("feature", "image")
    ordering = ("feature", "rank")


@admin.register(Stimulus)
class StimulusAdmin(RecordAdmin):
    """Generated images."""

    list_display = (
        "id",
        "kind",
        "feature",
        "image",
        "activation_before",
        "activation_after",
        "rank_after",
        "ssim",
        "saturation",
        "device",
        "created_at",
    )
    list_filter = ("kind", "device")
    search_fields = ("feature__name", "sha256", "image__sha256", "image__photograph_name")
    list_select_related = ("feature", "image")


@admin.register(Rejection)
class RejectionAdmin(RecordAdmin):
    """Stimuli that a researcher does not want shown."""

    list_display = ("stimulus", "reason", "by", "at")
    list_filter = ("by",)
    search_fields = ("reason", "stimulus__feature__name", "stimulus__sha256")
    list_select_related = ("stimulus__feature",)


@admin.register(Approval)
class ApprovalAdmin(RecordAdmin):
    """Stimuli that a researcher found good."""

    list_display = ("stimulus", "by", "at")
    list_filter = ("by",)
    search_fields = ("stimulus__feature__name", "stimulus__sha256")
    list_select_related = ("stimulus__feature",)


@admin.register(WorkingPlan)
class WorkingPlanAdmin(RecordAdmin):
    """Protocols that are worked on; one that was given up may be deleted, which deletes no image."""

    list_display = ("slug", "path", "updated_at", "protocol_sha256")
    search_fields = ("slug", "path")
    exclude = ("stimuli", "superseded")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who has Django's permission to."""
        return request.user.has_perm("stimuli.delete_workingplan")


@admin.register(FrozenSet)
class FrozenSetAdmin(RecordAdmin):
    """Frozen sets; their images and stimuli, which may be thousands, are counted."""

    list_display = ("slug", "frozen_at", "protocol_sha256", "plan_sha256")
    search_fields = ("slug", "protocol_sha256")
    exclude = ("images", "stimuli", "features")
    readonly_fields = ("counts",)

    @admin.display(description="members")
    def counts(self, frozen: FrozenSet) -> str:
        """How much belongs to the set."""
        return (
            f"{frozen.images.count()} natural images, {frozen.stimuli.count()} stimuli, "
            f"{frozen.features.count()} features"
        )


@admin.register(Rendition)
class RenditionAdmin(RecordAdmin):
    """Scaled copies."""

    list_display = ("original_sha256", "width", "format", "sha256")
    list_filter = ("width", "format")
    search_fields = ("original_sha256", "sha256")
