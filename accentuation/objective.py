"""What one step sees: the feature and the distance to the seed over the same crops, and their gradients."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from accentuation.config import Precision
from accentuation.crops import Crops
from accentuation.errors import AccentuationError
from accentuation.features import Feature, feature_values
from accentuation.models import VisionModel
from accentuation.reading import read_layers
from accentuation.regularization import latent_distances


@dataclass(frozen=True)
class Look:
    """Images seen through the crops of one step."""

    activations: Tensor  # (B,), mean over crops
    distances: Tensor  # (B,), mean over crops
    feature_gradient: Tensor  # (B, 3, H, W), d activation / d image
    distance_gradient: Tensor  # (B, 3, H, W), d distance / d image


def look(
    model: VisionModel,
    images: Tensor,
    start: Tensor,
    crops: Crops,
    features: Sequence[Feature],
    regularization_layer: str | None,
    precision: Precision = "float32",
    *,
    pull: bool = True,
) -> Look:
    """Measure feature and distance over the same crops of images and of their starts.

    The two gradients are kept apart, because the mask needs the feature's alone and the balance needs both sizes. No
    single backward pass gives both: they are two vectors through one Jacobian. What lies deeper than both layers is
    never run, and what lies deeper than the regularization layer is passed backwards once.

    Args:
        model: the network.
        images: ``(B, 3, H, W)`` in [0, 1].
        start: ``(B, 3, H, W)`` in [0, 1], where the distance is taken from; no gradient is computed for it.
        crops: of this step, for each image its own.
        features: what is raised, one for each image.
        regularization_layer: where the distance is taken; None for no distance.
        precision: of the network's passes.
        pull: whether the distance's gradient is asked for; zeros otherwise.
    """
    seed_latents = _seed_latents(model, start, crops, regularization_layer, precision)
    images = images.detach().requires_grad_()
    outputs = _read(model, crops.take(images), _layers(features, regularization_layer), precision)
    activations = _means(outputs, features)
    if not activations.requires_grad:
        raise AccentuationError(
            f"{model.name} passes no gradient from this feature on to its input: it does not depend on the image, or "
            "the forward pass has `no_grad`, `detach` or a reentrant checkpoint in it; take that out."
        )
    pulled = pull and regularization_layer is not None
    if pulled and regularization_layer is not None and not outputs[regularization_layer].requires_grad:
        raise AccentuationError(
            f"`{regularization_layer}` of {model.name} does not depend on the image; name another regularization_layer."
        )
    (feature_gradient,) = torch.autograd.grad(activations.sum(), images, retain_graph=pulled)
    distances, distance_gradient = torch.zeros_like(activations), torch.zeros_like(images)
    if regularization_layer is not None and seed_latents is not None:
        distances = latent_distances(outputs[regularization_layer], seed_latents).reshape(len(features), -1).mean(dim=1)
    if pulled:
        (distance_gradient,) = torch.autograd.grad(distances.sum(), images)
    return Look(activations.detach(), distances.detach(), feature_gradient, distance_gradient)


def _seed_latents(
    model: VisionModel, start: Tensor, crops: Crops, layer: str | None, precision: Precision
) -> Tensor | None:
    if layer is None:
        return None
    with torch.no_grad():
        return _read(model, crops.take(start), [layer], precision)[layer]


def _layers(features: Sequence[Feature], regularization_layer: str | None) -> list[str]:
    layers = [layer for feature in features for layer in feature.layers]
    return list(dict.fromkeys([*layers, *([regularization_layer] if regularization_layer else [])]))


def _read(model: VisionModel, crops: Tensor, layers: Sequence[str], precision: Precision) -> dict[str, Tensor]:
    if precision == "float32":
        return read_layers(model, crops, layers)
    with torch.autocast(crops.device.type, dtype=torch.bfloat16):
        outputs = read_layers(model, crops, layers)
    return {layer: output.float() for layer, output in outputs.items()}


def _means(outputs: dict[str, Tensor], features: Sequence[Feature]) -> Tensor:
    """The mean of each image's feature over its own crops, ``(B,)``."""
    # Split, not sliced: its backward pass joins the parts once, where every slice would fill a whole tensor of zeros.
    wanted = {layer for feature in features for layer in feature.layers}
    parts = {layer: outputs[layer].tensor_split(len(features)) for layer in wanted}
    return torch.stack(
        [
            feature_values({layer: parts[layer][place] for layer in feature.layers}, feature).mean()
            for place, feature in enumerate(features)
        ]
    )
