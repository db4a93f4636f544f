"""Which images exist, and where each came from.

Files are named by the SHA-256 of their bytes. A row is written only after its file stands complete
under its final name, so a row means: the file is there, whole.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models

from stimuli.record_hash import record_sha256

SHA256_LENGTH = 64


class ImagePool(models.Model):
    """A set of natural images from which references and queries are chosen."""

    name = models.SlugField(unique=True)
    origin = models.TextField(help_text="Where the images came from, for the researcher.")
    image_size = models.PositiveIntegerField(help_text="Side of every image in pixels.")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class SourceImage(models.Model):
    """A square natural image, cut from a photograph and stored as PNG without metadata."""

    pool = models.ForeignKey(ImagePool, on_delete=models.PROTECT, related_name="images")
    sha256 = models.CharField(max_length=SHA256_LENGTH, help_text="Of the stored PNG file.")
    photograph_sha256 = models.CharField(
        max_length=SHA256_LENGTH, help_text="Of the file it was cut from. Crops of one photograph share it."
    )
    photograph_name = models.TextField(
        help_text="File name of the photograph. Never shown to participants; empty if the image came in a set that "
        "does not name it."
    )
    left = models.PositiveIntegerField(help_text="Left edge of the crop, in pixels of the photograph.")
    top = models.PositiveIntegerField(help_text="Upper edge of the crop, in pixels of the photograph.")
    side = models.PositiveIntegerField(help_text="Side of the crop, in pixels of the photograph.")
    perceptual_hash = models.BigIntegerField(
        null=True, help_text="64-bit pHash of the stored image, as a signed number: near-duplicates differ in few bits."
    )

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("pool", "sha256"), name="one_row_per_image_of_a_pool"),)
        indexes = (models.Index(fields=("sha256",), name="image_by_its_file"),)

    def __str__(self) -> str:
        photograph = self.photograph_name or f"photograph {self.photograph_sha256[:12]}"
        return f"{photograph} at {self.left},{self.top} ({self.side} px)"

    @property
    def path(self) -> Path:
        """The image file, if the storage is the data folder."""
        return image_path(self.sha256)


class VisionModel(models.Model):
    """A network with fixed weights."""

    name = models.CharField(max_length=100)
    weights_sha256 = models.CharField(max_length=SHA256_LENGTH)
    weights_source = models.TextField(help_text="Where the weights came from.")
    weights_given = models.BooleanField(
        default=False,
        help_text="Whether a weights file was given; otherwise the weights are those that come with the name.",
    )
    input_size = models.PositiveIntegerField(help_text="Side of the network's input in pixels.")
    mean = models.JSONField(help_text="Per channel, in image range 0 to 1.")
    std = models.JSONField(help_text="Per channel, in image range 0 to 1.")
    regularization_layer = models.CharField(
        max_length=200,
        blank=True,
        help_text="Where an accentuation stays close to its seed if the protocol names none.",
    )

    class Meta:
        constraints = (models.UniqueConstraint(fields=("name", "weights_sha256"), name="one_row_per_weights"),)

    def __str__(self) -> str:
        return f"{self.name} ({self.weights_sha256[:8]})"


class Feature(models.Model):
    """A scalar read from a network, named as the protocol names it: ``blocks.4.2:channel=17``, ``logit=285``."""

    model = models.ForeignKey(VisionModel, on_delete=models.PROTECT, related_name="features")
    name = models.CharField(max_length=200)

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("model", "name"), name="one_row_per_feature"),)

    def __str__(self) -> str:
        return self.name


class FeatureSurvey(models.Model):
    """A feature was measured on every image of a pool.

    Of a pool that is larger than the sample only some activations are kept: those of the strongest and of the weakest
    images, whose ranks are exact, and those of a random sample, whose ranks are estimated from the sample.
    """

    feature = models.ForeignKey(Feature, on_delete=models.CASCADE, related_name="surveys")
    pool = models.ForeignKey(ImagePool, on_delete=models.CASCADE, related_name="surveys")
    images = models.PositiveIntegerField(help_text="How many images the pool has, all of them measured.")
    ends = models.PositiveIntegerField(help_text="How many images of either end are kept, with exact ranks.")
    sampled = models.PositiveIntegerField(help_text="How many images the random sample holds; all of them if `images`.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("feature", "pool"), name="one_survey_per_feature_and_pool"),)

    def __str__(self) -> str:
        return f"{self.feature} over {self.pool}"


class UnitSample(models.Model):
    """Which units of a layer were drawn to be studied, so that anyone can draw them again."""

    model = models.ForeignKey(VisionModel, on_delete=models.CASCADE, related_name="unit_samples")
    pool = models.ForeignKey(ImagePool, on_delete=models.CASCADE, related_name="unit_samples")
    layer = models.CharField(max_length=200)
    seed = models.BigIntegerField()
    units = models.PositiveIntegerField(help_text="How many the layer has.")
    dead = models.PositiveIntegerField(help_text="How many of them do not vary over the pool and were left out.")
    drawn = models.JSONField(help_text="The units, in ascending order.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{len(self.drawn)} units of {self.layer} over {self.pool}"


class Activation(models.Model):
    """How strongly an image of a pool activates a feature, and the rank this gives it in its pool."""

    feature = models.ForeignKey(Feature, on_delete=models.CASCADE, related_name="activations")
    image = models.ForeignKey(SourceImage, on_delete=models.CASCADE, related_name="activations")
    value = models.FloatField()
    rank = models.PositiveIntegerField(help_text="1 is the strongest image of the pool.")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("feature", "image"), name="one_activation_per_feature_and_image"),
        )

    def __str__(self) -> str:
        return f"{self.feature}: {self.value:.3f} (rank {self.rank})"


class StimulusRows(models.QuerySet["Stimulus"]):
    """Rows of stimuli, which get the hash of their record as they are written."""

    def bulk_create(self, objs: Iterable["Stimulus"], *args: Any, **options: Any) -> list["Stimulus"]:
        """As every table has it."""
        rows = list(objs)
        for row in rows:
            row.record_sha256 = row.record_sha256 or row.hash_of_record()
        return super().bulk_create(rows, *args, **options)


class Stimulus(models.Model):
    """A generated image: one kind of explanation of one feature, on one seed image where the kind has one."""

    class Kind(models.TextChoices):
        ATTRIBUTION = "attribution"
        VISUALIZATION = "visualization"
        ACCENTUATION = "accentuation"
        SUPPRESSION = "suppression"
        # One of a graded series: an accentuation that was stopped at a percentile of the natural images.
        CONTINUATION = "continuation"

    kind = models.CharField(max_length=20, choices=Kind)
    feature = models.ForeignKey(Feature, on_delete=models.PROTECT, related_name="stimuli")
    pool = models.ForeignKey(ImagePool, on_delete=models.PROTECT, related_name="stimuli")
    image = models.ForeignKey(
        SourceImage, on_delete=models.PROTECT, null=True, related_name="stimuli", help_text="The seed image, if any."
    )
    config = models.JSONField(help_text="Every parameter of the generation.")
    config_sha256 = models.CharField(max_length=SHA256_LENGTH)
    seed = models.BigIntegerField(help_text="Of the random generator.")
    activation_before = models.FloatField(
        null=True, help_text="Of the seed image, uncropped; none for a kind without one."
    )
    activation_after = models.FloatField(help_text="Of the image shown, uncropped.")
    rank_after = models.PositiveIntegerField(
        null=True, help_text="The rank that activation_after would have among the images of the pool; 1 is above all."
    )
    crop_activation_before = models.FloatField(null=True, help_text="Of the seed image, mean over clean crops.")
    crop_activation_after = models.FloatField(null=True, help_text="Of the image shown, mean over the same crops.")
    distance = models.FloatField(null=True, help_text="To the seed image, in the regularization layer.")
    ssim = models.FloatField(null=True, help_text="Structural similarity to the seed image; 1 is equal.")
    saturation = models.FloatField(
        null=True, help_text="Share of colour values at an end of the range that were not there in the seed image."
    )
    device = models.CharField(max_length=100)
    made_with = models.JSONField(default=dict, help_text="Versions of the libraries and of the code.")
    sha256 = models.CharField(max_length=SHA256_LENGTH, help_text="Of the stored file.")
    format = models.CharField(max_length=4, choices=(("png", "PNG"), ("webp", "WebP")), default="png")
    mask_sha256 = models.CharField(
        max_length=SHA256_LENGTH,
        blank=True,
        help_text="Of the opacity mask, a grey PNG file; empty where there is none.",
    )
    curve = models.JSONField(
        default=list,
        help_text="Activation at each step of the optimisation, mean over its crops; empty where none ran.",
    )
    record_sha256 = models.CharField(
        max_length=SHA256_LENGTH,
        help_text="Of all of this as it was when the image was made, but for the time: a change of the record shows.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = StimulusRows.as_manager()

    class Meta:
        verbose_name_plural = "stimuli"
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "feature", "pool", "image", "config_sha256", "seed"),
                name="one_stimulus_per_recipe",
                nulls_distinct=False,
            ),
        )
        indexes = (
            models.Index(fields=("sha256",), name="stimulus_by_its_file"),
            models.Index(fields=("mask_sha256",), name="stimulus_by_its_mask"),
        )

    def __str__(self) -> str:
        return f"{self.kind} of {self.feature} on image {self.image_id}"

    def save(self, *args: Any, **options: Any) -> None:
        """Write the row; a new one gets the hash of its record, which later changes leave as it was."""
        if self._state.adding and not self.record_sha256:
            self.record_sha256 = self.hash_of_record()
        super().save(*args, **options)

    def hash_of_record(self) -> str:
        """The hash of what the record says now."""
        model = self.feature.model
        return record_sha256(self, feature=self.feature.name, network=model, pool=self.pool.name, image=self.image)

    def describe(self) -> str:
        """What it is and which file, for messages."""
        return f"stimulus {self.pk} ({self}, file {self.sha256[:12]})"

    @property
    def path(self) -> Path:
        """The image file, if the storage is the data folder."""
        return image_path(self.sha256, self.format)


class Rejection(models.Model):
    """A researcher looked at a stimulus and does not want it shown. Generation makes another one in its place."""

    stimulus = models.OneToOneField(Stimulus, on_delete=models.CASCADE, related_name="rejection")
    reason = models.TextField()
    by = models.CharField(max_length=150, help_text="Login of the researcher.")
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.stimulus}: {self.reason}"


class Approval(models.Model):
    """A researcher looked at a stimulus and found it good."""

    stimulus = models.OneToOneField(Stimulus, on_delete=models.CASCADE, related_name="approval")
    by = models.CharField(max_length=150, help_text="Login of the researcher.")
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.stimulus}, approved by {self.by}"


class WorkingPlan(models.Model):
    """A protocol that is being worked on: what plan_stimuli or generate_stimuli was last asked for under its slug.

    Unlike a frozen set it promises nothing. The next run replaces it, and freezing removes it.
    """

    slug = models.SlugField(unique=True, help_text="Of the protocol.")
    path = models.TextField(help_text="The protocol file as the command was given it.")
    protocol = models.TextField(help_text="The protocol file as it was read.")
    protocol_sha256 = models.CharField(max_length=SHA256_LENGTH)
    plan = models.TextField(help_text="The plan of the protocol's images, as plan_stimuli writes it.")
    stimuli = models.ManyToManyField(Stimulus, related_name="planned_in", help_text="What has been made of the plan.")
    superseded = models.ManyToManyField(
        Stimulus, related_name="superseded_in", help_text="What was made for an earlier plan of this slug only."
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.slug


class FrozenSet(models.Model):
    """All images of one protocol, verified, from then on unchangeable. A study opens on nothing else.

    Triggers in the database keep the set, its members and their networks and pools as they are.
    """

    slug = models.SlugField(unique=True, help_text="Of the protocol.")
    protocol = models.TextField(help_text="The protocol file as it was read.")
    protocol_sha256 = models.CharField(max_length=SHA256_LENGTH, unique=True)
    plan = models.TextField(help_text="The plan of the protocol's images, as plan_stimuli writes it.")
    plan_sha256 = models.CharField(max_length=SHA256_LENGTH)
    verification = models.JSONField(help_text="What was verified before: sample, seed, tolerance, device, versions.")
    images = models.ManyToManyField(SourceImage, related_name="frozen_sets")
    stimuli = models.ManyToManyField(Stimulus, related_name="frozen_sets")
    features = models.ManyToManyField(Feature, related_name="frozen_sets")
    frozen_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.slug}, frozen {self.frozen_at:%Y-%m-%d}"


class Rendition(models.Model):
    """An image scaled for a screen, made once: the file that browsers are sent."""

    original_sha256 = models.CharField(max_length=SHA256_LENGTH, help_text="Of the natural or generated image.")
    width = models.PositiveIntegerField(help_text="In pixels; the height is the same.")
    format = models.CharField(max_length=4, choices=(("png", "PNG"), ("webp", "WebP")))
    sha256 = models.CharField(max_length=SHA256_LENGTH, help_text="Of the stored file.")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("original_sha256", "width", "format"), name="one_rendition_per_width"),
        )

    def __str__(self) -> str:
        return f"{self.original_sha256[:12]} at {self.width} px"


def image_name(sha256: str, image_format: str = "png") -> str:
    """The name under which the storage keeps the image with this hash: ``ab/abcd....png``."""
    return f"{sha256[:2]}/{sha256}.{image_format}"


def image_path(sha256: str, image_format: str = "png") -> Path:
    """Where that is if the storage is the data folder: ``<data>/images/ab/abcd....png``."""
    return Path(settings.IMAGE_ROOT) / image_name(sha256, image_format)
