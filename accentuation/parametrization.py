"""How an image is written as the parameters that the optimiser moves.

All three start at the seed image within 0.001, and every member of a batch has parameters of its own.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from typing_extensions import override

from accentuation.color import correlate_colors, decorrelate_colors
from accentuation.config import ParametrizationName

# Black and white have no finite logit. Half a thousandth moves a pixel by an eighth of an 8-bit step.
DARKEST = 0.0005

# Where the gate's logit starts: high enough that the gate can hardly rise, low enough that its gradient lives.
OPEN_GATE = 5.0


class Parametrization(nn.Module, ABC):
    """Images as parameters; the first dimension of every parameter and buffer is the batch."""

    @abstractmethod
    def forward(self) -> Tensor:
        """The images of the present parameters, ``(..., 3, H, W)`` in [0, 1]."""

    def keep(self, rows: Tensor) -> None:
        """Keep these members of the batch only."""
        for parameter in self.parameters():
            parameter.grad = None
            parameter.data = parameter.data[rows]
        for name, buffer in self.named_buffers():
            setattr(self, name, buffer[rows] if buffer.ndim > 2 else buffer)


class FourierPhase(Parametrization):
    """An image as the phases of its spectrum; the magnitudes stay those of the seed image.

    ``image = sigmoid(C . irfft2(magnitude * gate * exp(i * phase)))`` with the colour matrix C. A natural magnitude
    spectrum keeps the image natural (Fel et al., "Unlocking Feature Visualization for Deeper Networks with Magnitude
    Constrained Optimization", NeurIPS 2023). The gate may lower single magnitudes (Hamblin et al., arXiv 2402.10039).
    It is divided by its own start, so that the first image is the seed image; a magnitude can therefore rise, but by
    no more than ``1 / sigmoid(5) - 1``, 0.7 %.

    The mean and the highest frequencies of an even size have a sign and no phase. It stays: a phase of pi there lies on
    a saddle that rounding leaves, and a step of Adam is as large for the smallest gradient, so that a dark image could
    turn into a bright one.

    Args:
        seed_image: ``(..., 3, H, W)`` in [0, 1], any height and width. The first image equals it within 0.001.
    """

    magnitude: Tensor  # with the sign of coefficients that have no phase

    def __init__(self, seed_image: Tensor) -> None:
        super().__init__()
        spectrum = _spectrum(seed_image)
        self._begin(spectrum.abs(), spectrum.angle(), *seed_image.shape[-2:])

    @classmethod
    def of_spectrum(cls, magnitude: Tensor, phase: Tensor, height: int, width: int) -> "FourierPhase":
        """From magnitudes and phases ``(..., 3, H, W // 2 + 1)`` of the decorrelated logits of an image.

        Of coefficients without a phase (:func:`_is_real`) the cosine of the phase gives the sign.
        """
        made = cls.__new__(cls)
        nn.Module.__init__(made)
        made._begin(magnitude, phase, height, width)
        return made

    def _begin(self, magnitude: Tensor, phase: Tensor, height: int, width: int) -> None:
        self.height, self.width = height, width
        real = _is_real(height, width).to(magnitude.device)
        signed = torch.where(real, magnitude * phase.cos(), magnitude)
        self.register_buffer("magnitude", signed / torch.sigmoid(torch.tensor(OPEN_GATE)))
        # At a phase of exactly 0 the gradient is exactly 0.
        self.phase = nn.Parameter(phase.masked_fill(real, 0.0))
        self.gate = nn.Parameter(torch.full_like(self.magnitude, OPEN_GATE))

    @override
    def forward(self) -> Tensor:
        # Not torch.polar, whose gradient is wrong where a magnitude has a negative sign.
        strength = self.magnitude * torch.sigmoid(self.gate)
        spectrum = torch.complex(strength * self.phase.cos(), strength * self.phase.sin())
        return _image(spectrum, self.height, self.width)


class Fourier(Parametrization):
    """An image as its complex spectrum, each frequency scaled by its inverse.

    ``image = sigmoid(C . irfft2(scale * spectrum))`` with ``scale = 1 / max(frequency, 1 / longer side)``, frequency in
    cycles per pixel, as in Olah, Mordvintsev and Schubert, "Feature Visualization", Distill 2017: an optimiser that
    moves all parameters alike then moves low frequencies more, as nature does.

    Args:
        seed_image: ``(..., 3, H, W)`` in [0, 1], any height and width. The first image equals it within 0.001.
    """

    scale: Tensor

    def __init__(self, seed_image: Tensor) -> None:
        super().__init__()
        self.height, self.width = seed_image.shape[-2:]
        self.register_buffer("scale", _inverse_frequency(self.height, self.width).to(seed_image))
        # Real and imaginary parts apart: Adam then treats each as a parameter of its own.
        self.parts = nn.Parameter(torch.view_as_real(_spectrum(seed_image) / self.scale))

    @override
    def forward(self) -> Tensor:
        return _image(torch.view_as_complex(self.parts) * self.scale, self.height, self.width)


class Pixel(Parametrization):
    """An image as the logits of its pixels, in decorrelated colours.

    Args:
        seed_image: ``(..., 3, H, W)`` in [0, 1], any height and width. The first image equals it within 0.001.
    """

    def __init__(self, seed_image: Tensor) -> None:
        super().__init__()
        self.logits = nn.Parameter(decorrelate_colors(torch.logit(seed_image, eps=DARKEST)))

    @override
    def forward(self) -> Tensor:
        return torch.sigmoid(correlate_colors(self.logits))


_BY_NAME: dict[ParametrizationName, type[FourierPhase] | type[Fourier] | type[Pixel]] = {
    "fourier_phase": FourierPhase,
    "fourier": Fourier,
    "pixel": Pixel,
}


def parametrize(name: ParametrizationName, seed_images: Tensor) -> Parametrization:
    """Seed images ``(B, 3, H, W)`` in [0, 1] as the parameters of this name."""
    made: Parametrization = _BY_NAME[name](seed_images)
    return made


def _spectrum(images: Tensor) -> Tensor:
    """``(..., 3, H, W // 2 + 1)``, complex, of the decorrelated logits."""
    spectrum: Tensor = torch.fft.rfft2(decorrelate_colors(torch.logit(images, eps=DARKEST)))
    return spectrum


def _is_real(height: int, width: int) -> Tensor:
    """Which coefficients of an image's spectrum, ``(H, W // 2 + 1)``, are real: of waves that are their own mirror."""
    rows, columns = torch.arange(height), torch.arange(width // 2 + 1)
    return (2 * rows % height == 0)[:, None] & (2 * columns % width == 0)


def _image(spectrum: Tensor, height: int, width: int) -> Tensor:
    logits: Tensor = torch.fft.irfft2(spectrum, s=(height, width))
    return torch.sigmoid(correlate_colors(logits))


def _inverse_frequency(height: int, width: int) -> Tensor:
    """``(H, W // 2 + 1)``."""
    frequency: Tensor = torch.hypot(torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width))
    inverse: Tensor = torch.reciprocal(frequency.clamp(min=1 / max(height, width)))
    return inverse
