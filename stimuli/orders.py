"""What goes to a worker and what comes back: plain values, without Django and without torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

# An image file: where it is, or its bytes where the worker does not share the driver's file system.
ImageSource = Path | bytes

# As Stimulus.Kind names them.
KindName = Literal["attribution", "visualization", "accentuation", "suppression", "continuation"]
FormatName = Literal["png", "webp"]


class EngineError(ValueError):
    """The network cannot do what was asked; the message says why, in one sentence."""


@dataclass(frozen=True)
class NetworkFacts:
    """A network as the records know it.

    ``regularization_layer`` is the one it takes where a protocol names none; ``device`` is in words; ``made_with``
    names the kind of machine and the versions of the libraries and of the code that make its images.
    """

    name: str
    weights_sha256: str
    weights_source: str
    input_size: int
    mean: list[float]
    std: list[float]
    regularization_layer: str | None
    device: str
    made_with: dict[str, str]


@dataclass(frozen=True)
class Order:
    """One run of the network to make: everything that decides its pixels, but for the network.

    Attributes:
        image: the seed image; None for a visualization, which has none.
        feature: as a protocol names it.
        config: the settings of the kind: of an accentuation with its levels for ``accentuation``, ``suppression`` and
            ``continuation``, without what concerns the seed for ``visualization``, of map and overlay for
            ``attribution``.
        seed: of all randomness.
        kind: of the image.
        natural: the images whose mean spectrum a visualization takes.
        format: of the file to be made.
    """

    image: ImageSource | None
    feature: str
    config: dict[str, Any]
    seed: int
    kind: KindName = "accentuation"
    natural: tuple[ImageSource, ...] = ()
    format: FormatName = "png"


@dataclass(frozen=True)
class Figures:
    """What is measured on a generated image, as it is shown, and on its seed. None: it has no meaning for the kind.

    Attributes:
        activation_before: of the whole seed image.
        activation_after: of the whole image.
        crop_activation_before: mean over clean crops of the seed image that no step of the optimisation has seen.
        crop_activation_after: likewise of the image.
        distance: to the seed in the regularization layer; None also where none is named.
        ssim: structural similarity to the seed, 1 where they are equal.
        saturation: share of colour values that are at either end of the range and were not in the seed.
    """

    activation_before: float | None
    activation_after: float
    crop_activation_before: float | None
    crop_activation_after: float | None
    distance: float | None
    ssim: float | None
    saturation: float | None


@dataclass(frozen=True)
class Picture:
    """A generated image.

    Attributes:
        image: the bytes of its file.
        format: of these bytes.
        mask: the bytes of a grey PNG file of its opacity mask; None where the kind has none.
        curve: the activation at each step, mean over its crops, up to the image; empty where no step led there.
        figures: measured on it.
    """

    image: bytes
    format: FormatName
    mask: bytes | None
    curve: tuple[float, ...]
    figures: Figures


@dataclass(frozen=True)
class Made:
    """What came of an order: one picture, or of a continuation one for each level, in the order of the levels.

    For a level that was never reached there is the picture at the end of the run; its activation tells.
    """

    pictures: tuple[Picture, ...]
