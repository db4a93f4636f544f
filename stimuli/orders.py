"""What goes to a worker and what comes back: plain values, without Django and without torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

# An image file: where it is, or its bytes where the worker does not share the driver's file system.
ImageSource = Path | bytes


class EngineError(ValueError):
    """The network cannot do what was asked; the message says why, in one sentence."""


@dataclass(frozen=True)
class NetworkFacts:
    """A network as the records know it.

    ``regularization_layer`` is the one it takes where a protocol names none; ``device`` is in words; ``made_with``
    names the versions of the libraries and the hash of the code that make its images.
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
    """One accentuation to make: everything that decides its pixels, but for the network."""

    image: ImageSource
    feature: str
    config: dict[str, Any]
    seed: int


@dataclass(frozen=True)
class Figures:
    """What is measured on a generated image, as it is shown, and on its seed.

    Attributes:
        activation_before: of the whole seed image.
        activation_after: of the whole image.
        crop_activation_before: mean over clean crops of the seed image that no step of the optimisation has seen.
        crop_activation_after: likewise of the image.
        distance: to the seed in the regularization layer; None where none is named.
        ssim: structural similarity to the seed, 1 where they are equal.
        saturation: share of colour values that are at either end of the range and were not in the seed.
    """

    activation_before: float
    activation_after: float
    crop_activation_before: float
    crop_activation_after: float
    distance: float | None
    ssim: float
    saturation: float


@dataclass(frozen=True)
class Made:
    """A generated image as the bytes of a PNG file, and its figures."""

    png: bytes
    figures: Figures
