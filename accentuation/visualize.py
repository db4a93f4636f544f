"""Noise-seeded feature visualisation: one global picture of what a feature responds to, from no photograph at all.

The baseline that an accentuation must beat. The same optimiser and crops, from random phases with the magnitude
spectrum of natural images (Fel et al., "Unlocking Feature Visualization for Deeper Networks with Magnitude Constrained
Optimization", NeurIPS 2023), and without a seed to stay close to.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from accentuation.color import decorrelate_colors
from accentuation.config import AccentuationConfig
from accentuation.errors import AccentuationError
from accentuation.features import Feature
from accentuation.folding import folded_copy
from accentuation.images import check_image
from accentuation.loop import optimize
from accentuation.measuring import check_feature, read_values
from accentuation.models import VisionModel
from accentuation.modes import own_modes
from accentuation.parametrization import DARKEST, FourierPhase
from accentuation.reading import frozen
from accentuation.streams import stream


@dataclass(frozen=True)
class Visualization:
    """What :func:`visualize` made.

    Attributes:
        image: ``(3, H, W)`` in [0, 1].
        activation: of the whole image, in the network's units.
        activations: ``(steps,)``, mean over the crops of each step, before that step moved the image.
    """

    image: Tensor
    activation: float
    activations: Tensor


@dataclass(frozen=True)
class MagnitudeSpectrum:
    """Mean magnitudes of the decorrelated logits of images, ``(3, H, W // 2 + 1)``, and the images' size.

    The first coefficient of each channel, the mean, has its sign: that of dark images is negative.
    """

    magnitude: Tensor
    height: int
    width: int


def mean_magnitude(images: Iterable[Tensor]) -> MagnitudeSpectrum:
    """The mean magnitude spectrum of natural images, in a space in which sums make images.

    Args:
        images: each ``(3, H, W)`` in [0, 1], all of one size; taken one after the other.

    Raises:
        AccentuationError: there are none, or of several sizes, or one is not an image.
    """
    if isinstance(images, Tensor) and images.ndim == 3:
        raise AccentuationError("A spectrum is that of several images, `[image, ...]`, not of one.")
    total, count, shape = torch.zeros(()), 0, torch.Size()
    for image in images:
        check_image(image)
        if count and image.shape != shape:
            raise AccentuationError("The images of a spectrum must all have one size; resize them first.")
        shape, count = image.shape, count + 1
        with own_modes(image.device):
            spectrum = torch.fft.rfft2(decorrelate_colors(torch.logit(image.detach(), eps=DARKEST)))
            magnitude = spectrum.abs()
            magnitude[:, 0, 0] = spectrum[:, 0, 0].real
            total = total.to(image.device) + magnitude
    if not count:
        raise AccentuationError("A magnitude spectrum needs at least one image.")
    return MagnitudeSpectrum(total / count, shape[-2], shape[-1])


def visualize(
    model: VisionModel,
    feature: Feature,
    spectrum: MagnitudeSpectrum,
    config: AccentuationConfig = AccentuationConfig(),  # noqa: B008 - frozen
    *,
    seed: int,
    on_step: Callable[[int], None] | None = None,
) -> Visualization:
    """Make an image that activates a feature, from random phases.

    Of the config, regularisation, mask, levels and parametrisation play no part. The same seed gives the same image
    on the same device; the model comes back as it was.

    Args:
        model: the network.
        feature: what to raise.
        spectrum: of natural images; the image has their size.
        config: how.
        seed: of the phases, crops and noise.
        on_step: called after each step with the number of steps done.

    Raises:
        FeatureError: the network has no such feature.
        AccentuationError: the spectrum or the seed is none, or an activation or a gradient is not finite.
    """
    check_feature(model, feature)
    if not isinstance(spectrum, MagnitudeSpectrum):
        raise AccentuationError(
            f"The spectrum must be a MagnitudeSpectrum, not a {type(spectrum).__qualname__}; "
            "`mean_magnitude(images)` makes one of photographs."
        )
    config = replace(config, regularization=0.0, levels=(), snapshot_steps=(), mask_percentile=100.0)
    with frozen(model.module):
        parametrization = FourierPhase.of_spectrum(*_random_phases(spectrum, seed, model.device))
        with torch.no_grad():
            start = parametrization()
        fast = folded_copy(model, feature.layers)
        (track,) = optimize(fast, parametrization, start, [feature], None, config, seeds=[seed], on_step=on_step)
        assert track.end is not None
        image = track.end.image
        return Visualization(image, float(read_values(model, image[None], feature)), torch.stack(track.activations))


def _random_phases(spectrum: MagnitudeSpectrum, seed: int, device: torch.device) -> tuple[Tensor, Tensor, int, int]:
    """Magnitudes and phases ``(1, 3, H, W // 2 + 1)``; those of a random real image, so that they fit together."""
    shape = (1, 3, spectrum.height, spectrum.width)
    noise = torch.randn(shape, generator=stream(seed, "phases"), dtype=torch.float32)
    phase = torch.fft.rfft2(noise).angle()
    # The mean colour is that of the images, whose sign is in the magnitude: a random one would turn day into night.
    phase[..., 0, 0] = 0.0
    return spectrum.magnitude[None].to(device, torch.float32), phase.to(device), spectrum.height, spectrum.width
