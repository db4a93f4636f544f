"""The settings of an accentuation."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Literal, get_args

from accentuation.errors import AccentuationError

ParametrizationName = Literal["fourier_phase", "fourier", "pixel"]
Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class AccentuationConfig:
    """How an accentuation is made. The defaults are those of Hamblin et al. (arXiv 2402.10039) for 512 x 512 images.

    Attributes:
        steps: of the optimiser, at most.
        crops: per step.
        crop_min: side of the smallest crop, as a share of the image's shorter side.
        crop_max: side of the largest crop, likewise.
        learning_rate: of Adam, on the parameters: radians, logits, or Fourier coefficients.
        regularization: lambda; 0 lets the image go, 1 gives the distance to the seed the feature's gradient size.
        regularization_layer: where that distance is taken; None for the model's default layer, or, where lambda is 0,
            for none: naming one then only measures the distance.
        mask_percentile: pixels whose importance reaches this percentile are fully opaque before the mask is blurred.
        gaussian_noise: sd of the Gaussian noise on each crop, in image range [0, 1].
        uniform_noise: width of the uniform noise on each crop, in image range [0, 1].
        parametrization: what the optimiser moves: the phases of the spectrum with a gate on its magnitudes
            (``fourier_phase``), the complex spectrum (``fourier``), or the pixels (``pixel``).
        suppress: lower the feature instead of raising it.
        strength: opacity of the blend where the mask is 1, 0 to 1; the blur leaves the mask's largest value near 0.9.
        snapshot_steps: numbers of steps after which the image is kept as well.
        levels: activations of the whole blended image, in the network's units; the image is kept when it first
            reaches each, and the run ends when it has reached all. A level that the seed already has is reached at
            step 0, by the seed itself: nothing is taken back. To suppress, reaching means to be as low.
        patience: end after so many steps without a new best activation over the crops; None never ends early.
        precision: of the network's passes. ``bfloat16`` uses autocast.

    Raises:
        AccentuationError: a value is of another kind or out of its range.
    """

    steps: int = 100
    crops: int = 16
    crop_min: float = 0.05
    crop_max: float = 0.99
    learning_rate: float = 0.05
    regularization: float = 1.0
    regularization_layer: str | None = None
    mask_percentile: float = 99.0
    gaussian_noise: float = 0.02
    uniform_noise: float = 0.02
    parametrization: ParametrizationName = "fourier_phase"
    suppress: bool = False
    strength: float = 1.0
    snapshot_steps: tuple[int, ...] = ()
    levels: tuple[float, ...] = ()
    patience: int | None = None
    precision: Precision = "float32"

    def __post_init__(self) -> None:
        self._require_kind(Integral, "a whole number", "steps", "crops")
        self._require_kind(Real, "a number", "crop_min", "crop_max", "learning_rate", "regularization")
        self._require_kind(Real, "a number", "mask_percentile", "gaussian_noise", "uniform_noise", "strength")
        self._require("suppress", isinstance(self.suppress, bool), "True or False")
        self._require_entries("snapshot_steps", Integral, "whole numbers")
        self._require_entries("levels", Real, "numbers")
        self._require("steps", self.steps >= 1, "at least 1")
        self._require("crops", self.crops >= 1, "at least 1")
        self._require("crop_min", 0 < self.crop_min <= 1, "more than 0 and at most 1")
        self._require("crop_max", self.crop_min <= self.crop_max <= 1, "from crop_min to 1")
        self._require("learning_rate", 0 < self.learning_rate < float("inf"), "more than 0")
        self._require("regularization", 0 <= self.regularization < float("inf"), "0 or more")
        self._require("mask_percentile", 0 < self.mask_percentile <= 100, "more than 0 and at most 100")
        self._require("gaussian_noise", 0 <= self.gaussian_noise <= 1, "from 0 to 1")
        self._require("uniform_noise", 0 <= self.uniform_noise <= 1, "from 0 to 1")
        self._require_choice("parametrization", get_args(ParametrizationName))
        self._require("strength", 0 <= self.strength <= 1, "from 0 to 1")
        self._require("snapshot_steps", all(1 <= step <= self.steps for step in self.snapshot_steps), "from 1 to steps")
        self._require("levels", all(abs(level) < float("inf") for level in self.levels), "finite")
        if self.patience is not None:
            self._require("patience", isinstance(self.patience, Integral) and self.patience >= 1, "at least 1, or None")
        self._require_choice("precision", get_args(Precision))

    @property
    def sign(self) -> float:
        """1 to raise the feature, -1 to lower it."""
        return -1.0 if self.suppress else 1.0

    def _require(self, name: str, holds: bool, valid: str) -> None:
        if not holds:
            raise AccentuationError(f"{name} must be {valid}, not {getattr(self, name)!r}.")

    def _require_kind(self, kind: type, words: str, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            self._require(name, isinstance(value, kind) and not isinstance(value, bool), words)

    def _require_entries(self, name: str, kind: type, words: str) -> None:
        entries = getattr(self, name)
        holds = isinstance(entries, Sequence) and all(isinstance(entry, kind) for entry in entries)
        self._require(name, holds, f"a tuple of {words}")

    def _require_choice(self, name: str, choices: tuple[str, ...]) -> None:
        self._require(name, getattr(self, name) in choices, f"one of {', '.join(choices)}")
