"""The opacity mask: where in the image the feature was worked on."""

import torch
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur

# Sd of the blur as a share of the image's shorter side: it hides single pixels and keeps small objects apart.
BLUR = 0.01


def opacity_mask(importance: Tensor, percentile: float) -> Tensor:
    """From summed gradients to opacity.

    Args:
        importance: ``(3, H, W)``, |d feature / d pixel| summed over the steps.
        percentile: in (0, 100]; pixels at or above this percentile become opaque.

    Returns:
        ``(1, H, W)`` in [0, 1]; all zero where the feature never had a gradient.
    """
    opacity = importance.mean(dim=0, keepdim=True)  # (1, H, W)
    # Tensor.quantile refuses large inputs; the k-th value does not, and needs no interpolation between two pixels.
    rank = max(1, round(percentile / 100 * opacity.numel()))
    highest = opacity.flatten().kthvalue(rank).values
    lowest = opacity.min()
    if highest <= lowest:
        return torch.zeros_like(opacity)
    return _blur(((opacity - lowest) / (highest - lowest)).clamp(max=1))


def blend(image: Tensor, seed_image: Tensor, mask: Tensor) -> Tensor:
    """``image`` where the mask is 1, the seed image where it is 0. All ``(3, H, W)``, the mask ``(1, H, W)``."""
    return mask * image + (1 - mask) * seed_image


def _blur(mask: Tensor) -> Tensor:
    sd = BLUR * min(mask.shape[-2:])
    radius = min(round(3 * sd), min(mask.shape[-2:]) - 1)  # the reflected border may not be wider than the image
    if radius < 1:
        return mask
    blurred: Tensor = gaussian_blur(mask, [2 * radius + 1, 2 * radius + 1], [sd, sd])
    return blurred.clamp(0, 1)  # rounding
