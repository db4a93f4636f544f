"""The opacity mask: where in the image the feature was worked on."""

import torch
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur

# Sd of the blur as a share of the image's shorter side: it hides single pixels and keeps small objects apart.
BLUR = 0.01


def opacity_masks(importance: Tensor, percentile: float) -> Tensor:
    """From summed gradients to opacity.

    Args:
        importance: ``(B, 3, H, W)``, |d feature / d pixel| summed over the steps.
        percentile: in (0, 100]; pixels at or above this percentile are fully opaque before the blur, which takes a
            little off small spots. Where the percentile is the lowest value itself (fewer pixels than that have a
            gradient), all pixels above it are.

    Returns:
        ``(B, 1, H, W)`` in [0, 1]; all zero where the feature never had a gradient.
    """
    opacity = importance.mean(dim=1, keepdim=True)  # (B, 1, H, W)
    # Tensor.quantile refuses large inputs; the k-th value does not, and needs no interpolation between two pixels.
    rank = max(1, round(percentile / 100 * opacity[0].numel()))
    highest = opacity.flatten(1).kthvalue(rank).values[:, None, None, None]
    lowest = opacity.amin(dim=(1, 2, 3), keepdim=True)
    scaled = ((opacity - lowest) / (highest - lowest)).clamp(max=1)
    return _blur(torch.where(highest > lowest, scaled, (opacity > lowest).to(opacity.dtype)))


def blend(images: Tensor, seed_images: Tensor, masks: Tensor, strength: float = 1.0) -> Tensor:
    """``images`` where the mask is 1, the seed images where it is 0, with ``strength`` times the mask as opacity.

    All ``(..., 3, H, W)``, the masks ``(..., 1, H, W)``.
    """
    opacity = strength * masks
    return opacity * images + (1 - opacity) * seed_images


def _blur(mask: Tensor) -> Tensor:
    sd = BLUR * min(mask.shape[-2:])
    radius = min(round(3 * sd), min(mask.shape[-2:]) - 1)  # the reflected border may not be wider than the image
    if radius < 1:
        return mask
    blurred: Tensor = gaussian_blur(mask, [2 * radius + 1, 2 * radius + 1], [sd, sd])
    return blurred.clamp(0, 1)  # rounding
