"""Staying close to the seed image: the distance in a hidden layer, and its balance with the feature."""

from collections.abc import Sequence

import torch
from torch import Tensor


def latent_distance(latents: Tensor, seed_latents: Tensor) -> Tensor:
    """The L2 distance over channels at each position, averaged over positions and crops.

    Its gradient where the two are equal is zero (the least subgradient), and therefore finite.

    Args:
        latents: ``(N, C, h, w)``, ``(N, tokens, C)`` or ``(N, C)``.
        seed_latents: of the same shape.

    Returns:
        A scalar, in the layer's own units.
    """
    channels = 1 if latents.ndim == 4 else -1
    distances: Tensor = torch.linalg.vector_norm(latents - seed_latents, dim=channels)  # (N, h, w)
    return distances.mean()


def balance(feature_gradients: Sequence[Tensor], distance_gradients: Sequence[Tensor]) -> float | None:
    """The factor that gives the distance's gradient the size of the feature's: the sum of absolute values.

    Returns:
        The factor, or None while either gradient is zero and there is nothing to balance.
    """
    feature_size = sum(float(gradient.abs().sum()) for gradient in feature_gradients)
    distance_size = sum(float(gradient.abs().sum()) for gradient in distance_gradients)
    if feature_size == 0 or distance_size == 0:
        return None
    return feature_size / distance_size
