"""Staying close to the seed image: the distance in a hidden layer, and its balance with the feature."""

from collections.abc import Sequence

import torch
from torch import Tensor


def latent_distances(latents: Tensor, seed_latents: Tensor) -> Tensor:
    """The L2 distance over channels at each position, averaged over positions.

    Its gradient where the two are equal is zero (the least subgradient), and therefore finite.

    Args:
        latents: ``(N, C, h, w)``, ``(N, C, tokens)`` or ``(N, C)``.
        seed_latents: of the same shape.

    Returns:
        ``(N,)``, in the layer's own units.
    """
    distances: Tensor = torch.linalg.vector_norm(latents - seed_latents, dim=1)  # (N, h, w)
    return distances.reshape(len(distances), -1).mean(dim=1)


def balance(feature_gradients: Sequence[Tensor], distance_gradients: Sequence[Tensor]) -> Tensor:
    """The factor that gives the distance's gradient the size of the feature's: the sum of absolute values.

    Args:
        feature_gradients: one tensor for each parameter, all with the batch first.
        distance_gradients: likewise.

    Returns:
        ``(B,)``; 0 where either gradient is zero and there is nothing to balance.
    """
    feature_size, distance_size = _size(feature_gradients), _size(distance_gradients)
    return torch.where(distance_size > 0, feature_size / distance_size, 0.0)


def _size(gradients: Sequence[Tensor]) -> Tensor:
    return torch.stack([gradient.abs().flatten(1).sum(dim=1) for gradient in gradients]).sum(dim=0)
