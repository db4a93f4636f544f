"""How an image is written as the parameters that the optimiser moves."""

import torch
from torch import Tensor, nn

from accentuation.color import correlate_colors, decorrelate_colors

# Black and white have no finite logit. Half a thousandth moves a pixel by an eighth of an 8-bit step.
DARKEST = 0.0005

# Where the gate's logit starts: high enough that the gate can hardly rise, low enough that its gradient lives.
OPEN_GATE = 5.0


class FourierPhase(nn.Module):
    """An image as the phases of its spectrum; the magnitudes stay those of the seed image.

    ``image = sigmoid(C . irfft2(magnitude * gate * exp(i * phase)))`` with the colour matrix C. A natural magnitude
    spectrum keeps the image natural (Fel et al., "Unlocking Feature Visualization for Deeper Networks with Magnitude
    Constrained Optimization", NeurIPS 2023). The gate may lower single magnitudes (Hamblin et al., arXiv 2402.10039).
    It is divided by its own start, so that the first image is the seed image; a magnitude can therefore rise, but by
    no more than ``1 / sigmoid(5) - 1``, 0.7 %.

    Args:
        seed_image: ``(..., 3, H, W)`` in [0, 1], any height and width. The first image equals it within 0.001.
    """

    magnitude: Tensor

    def __init__(self, seed_image: Tensor) -> None:
        super().__init__()
        self.height, self.width = seed_image.shape[-2:]
        logits = torch.logit(seed_image, eps=DARKEST)
        spectrum = torch.fft.rfft2(decorrelate_colors(logits))  # (..., 3, H, W // 2 + 1), complex
        self.register_buffer("magnitude", spectrum.abs() / torch.sigmoid(torch.tensor(OPEN_GATE)))
        self.phase = nn.Parameter(spectrum.angle())
        self.gate = nn.Parameter(torch.full_like(self.magnitude, OPEN_GATE))

    def forward(self) -> Tensor:
        """The image of the present parameters, ``(..., 3, H, W)`` in [0, 1]."""
        spectrum = torch.polar(self.magnitude * torch.sigmoid(self.gate), self.phase)
        return torch.sigmoid(correlate_colors(torch.fft.irfft2(spectrum, s=(self.height, self.width))))
