"""The records of images and features in Django's admin: to be read; rows are made by the commands only."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from stimuli.models import Activation, Feature, ImagePool, SourceImage, Stimulus, VisionModel

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
