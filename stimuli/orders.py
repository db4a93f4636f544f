"""What goes to a worker and what comes back: plain values, without Django and without torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any


class EngineError(ValueError):
    """The network cannot do what was asked; the message says why, in one sentence."""


@dataclass(frozen=True)
class NetworkFacts:
    """A network as the records know it.

    ``regularization_layer`` is the one it takes where a protocol names none; ``device`` is in words.
    """

    name: str
    weights_sha256: str
    weights_source: str
    input_size: int
    mean: list[float]
    std: list[float]
    regularization_layer: str | None
    device: str


@dataclass(frozen=True)
class Order:
    """One accentuation to make: everything that decides its pixels, but for the network."""

    path: Path
    feature: str
    config: dict[str, Any]
    seed: int


@dataclass(frozen=True)
class Made:
    """A generated image as the bytes of a PNG file, and the feature's activation on the whole seed image and on it."""

    png: bytes
    activation_before: float
    activation_after: float
