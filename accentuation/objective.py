"""What one step sees: the feature and the distance to the seed over the same crops, and their gradients."""

from dataclasses import dataclass

import torch
from torch import Tensor

from accentuation.crops import Crops
from accentuation.features import Feature, feature_values
from accentuation.models import VisionModel
from accentuation.reading import read_layers
from accentuation.regularization import latent_distance


@dataclass(frozen=True)
class Look:
    """An image seen through the crops of one step."""

    activation: Tensor  # scalar, mean over crops
    distance: Tensor  # scalar, mean over crops
    feature_gradient: Tensor  # (3, H, W), d activation / d image
    distance_gradient: Tensor  # (3, H, W), d distance / d image


def look(
    model: VisionModel, image: Tensor, start: Tensor, crops: Crops, feature: Feature, regularization_layer: str
) -> Look:
    """Measure feature and distance over the same crops of an image and of its start.

    The two gradients are kept apart, because the mask needs the feature's alone and the balance needs both sizes.

    Args:
        image: ``(3, H, W)`` in [0, 1].
        start: ``(3, H, W)`` in [0, 1], the image that the distance is taken from; no gradient is computed for it.
        crops: of this step.
        feature: what is raised.
        regularization_layer: where the distance is taken.
    """
    with torch.no_grad():
        seed_latents = read_layers(model, crops.take(start), [regularization_layer])[regularization_layer]
    image = image.detach().requires_grad_()
    outputs = read_layers(model, crops.take(image), [feature.read_at, regularization_layer])
    activation = feature_values(outputs, feature).mean()
    distance = latent_distance(outputs[regularization_layer], seed_latents)
    (feature_gradient,) = torch.autograd.grad(activation, image, retain_graph=True)
    (distance_gradient,) = torch.autograd.grad(distance, image)
    return Look(activation.detach(), distance.detach(), feature_gradient, distance_gradient)
