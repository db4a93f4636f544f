"""Which images exist, and where each came from.

Files are named by the SHA-256 of their bytes. A row is written only after its file stands complete
under its final name, so a row means: the file is there, whole.
"""

from pathlib import Path

from django.conf import settings
from django.db import models

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
    photograph_name = models.TextField(help_text="File name of the photograph. Never shown to participants.")
    left = models.PositiveIntegerField(help_text="Left edge of the crop, in pixels of the photograph.")
    top = models.PositiveIntegerField(help_text="Upper edge of the crop, in pixels of the photograph.")
    side = models.PositiveIntegerField(help_text="Side of the crop, in pixels of the photograph.")

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("pool", "sha256"), name="one_row_per_image_of_a_pool"),)

    def __str__(self) -> str:
        return f"{self.photograph_name} at {self.left},{self.top} ({self.side} px)"

    @property
    def path(self) -> Path:
        """The image file."""
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


class Stimulus(models.Model):
    """A generated image: one kind of explanation of one feature on one seed image."""

    class Kind(models.TextChoices):
        ACCENTUATION = "accentuation"

    kind = models.CharField(max_length=20, choices=Kind)
    feature = models.ForeignKey(Feature, on_delete=models.PROTECT, related_name="stimuli")
    image = models.ForeignKey(
        SourceImage, on_delete=models.PROTECT, related_name="stimuli", help_text="The seed image."
    )
    config = models.JSONField(help_text="Every parameter of the generation.")
    config_sha256 = models.CharField(max_length=SHA256_LENGTH)
    seed = models.BigIntegerField(help_text="Of the random generator.")
    activation_before = models.FloatField(help_text="Of the seed image, uncropped.")
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
    made_with = models.JSONField(default=dict, help_text="Versions of the libraries and the hash of the code.")
    sha256 = models.CharField(max_length=SHA256_LENGTH, help_text="Of the stored PNG file.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "stimuli"
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "feature", "image", "config_sha256", "seed"), name="one_stimulus_per_recipe"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} of {self.feature} on image {self.image_id}"

    def describe(self) -> str:
        """What it is and which file, for messages."""
        return f"stimulus {self.pk} ({self}, file {self.sha256[:12]})"

    @property
    def path(self) -> Path:
        """The image file."""
        return image_path(self.sha256)


def image_path(sha256: str) -> Path:
    """Where the image with this hash is kept: ``<data>/images/ab/abcd....png``."""
    return Path(settings.IMAGE_ROOT) / sha256[:2] / f"{sha256}.png"
