"""Does a network have a feature, how strongly do images activate it, and how far apart does it see two images?"""

from collections.abc import Sequence

import torch
from torch import Tensor

from accentuation.config import AccentuationConfig
from accentuation.crops import CropSource
from accentuation.errors import FeatureError
from accentuation.features import Feature, feature_values, require_positions, unit_values
from accentuation.models import VisionModel
from accentuation.names import nearest_names
from accentuation.reading import INPUT, LOGIT, frozen, read_layers
from accentuation.regularization import latent_distances


def check_feature(model: VisionModel, feature: Feature) -> None:
    """Make sure that the network has the feature.

    Raises:
        FeatureError: a layer is unknown (the message lists the nearest names) or has no positions where the feature
            needs them, or the feature names a unit or position that it lacks (the message gives the valid range).
    """
    for layer in feature.layers:
        check_layer(model, layer)
    blank = torch.zeros(1, 3, model.input_size, model.input_size, device=model.device)
    with frozen(model.module), torch.no_grad():
        outputs = read_layers(model, blank, feature.layers)
    try:
        feature.check({layer: tuple(output.shape) for layer, output in outputs.items()})
    except FeatureError as error:
        raise FeatureError(str(error).replace(" does not exist here;", f" does not exist in {model.name};")) from None


def check_layer(model: VisionModel, layer: str) -> None:
    """Make sure that the network has a layer of this name.

    Raises:
        FeatureError: it has not; the message lists the nearest names.
    """
    names = [name for name, _ in model.module.named_modules() if name]
    if layer == INPUT and INPUT in names:
        raise FeatureError(f"`{INPUT}` stands for the images, but {model.name} has a module of this name; rename it.")
    if layer not in {LOGIT, INPUT, *names}:
        raise FeatureError(f"{model.name} has no layer `{layer}`; {nearest_names(layer, names)}.")


def measure(model: VisionModel, images: Tensor, feature: Feature) -> Tensor:
    """The feature's activation on whole images, resized to the network's input.

    Args:
        model: the network.
        images: ``(B, 3, H, W)`` in [0, 1], any height and width; not square ones are stretched to a square.
        feature: what is read.

    Returns:
        ``(B,)``, in the network's own units.

    Raises:
        FeatureError: as for :func:`check_feature`.
    """
    check_feature(model, feature)
    with frozen(model.module), torch.no_grad():
        outputs = read_layers(model, model.resize(images.to(model.device)), feature.layers)
        return feature_values(outputs, feature)


def measure_on_crops(model: VisionModel, images: Tensor, feature: Feature, *, crops: int, seed: int) -> Tensor:
    """The feature's mean activation over random crops without noise, the same crops for every image.

    They have the sizes that the optimisation draws; with a seed of their own no step has seen them, and what has been
    gained on them is no fit to single crops.

    Args:
        model: the network.
        images: ``(B, 3, H, W)`` in [0, 1].
        feature: what is read.
        crops: how many.
        seed: of their places and sizes.

    Returns:
        ``(B,)``, in the network's own units.

    Raises:
        FeatureError: as for :func:`check_feature`.
    """
    check_feature(model, feature)
    config = AccentuationConfig(crops=crops, gaussian_noise=0, uniform_noise=0)
    height, width = images.shape[-2:]
    source = CropSource(height, width, model.input_size, config, [seed] * len(images), model.device)
    with frozen(model.module), torch.no_grad():
        outputs = read_layers(model, source.draw().take(images.to(model.device)), feature.layers)
        return feature_values(outputs, feature).reshape(len(images), crops).mean(dim=1)


def latent_distance(model: VisionModel, images: Tensor, others: Tensor, layer: str) -> Tensor:
    """How far two whole images are apart in a layer: the L2 distance over channels, averaged over positions.

    Args:
        model: the network.
        images: ``(B, 3, H, W)`` in [0, 1], resized to the network's input.
        others: of the same shape, each compared with the image at its place.
        layer: ``input`` for the pixels.

    Returns:
        ``(B,)``, in the layer's own units.

    Raises:
        FeatureError: there is no such layer; the message lists the nearest names.
    """
    check_layer(model, layer)
    with frozen(model.module), torch.no_grad():
        first, second = (
            read_layers(model, model.resize(each.to(model.device)), [layer])[layer] for each in (images, others)
        )
        return latent_distances(first, second)


def channel_activations(model: VisionModel, images: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
    """The activations of all units of some layers on whole images, resized to the network's input, in one pass.

    Args:
        model: the network.
        images: ``(B, 3, H, W)`` in [0, 1], any height and width; not square ones are stretched to a square.
        layers: layers with positions, over which channels are averaged, or ``logit`` for all logits.

    Returns:
        ``(B, units)`` by layer, in the network's own units.

    Raises:
        FeatureError: a layer is unknown or has no positions.
    """
    for layer in layers:
        check_layer(model, layer)
    with frozen(model.module), torch.no_grad():
        outputs = read_layers(model, model.resize(images.to(model.device)), layers)
    for layer in layers:
        require_positions(layer, outputs[layer].shape)
    return {layer: unit_values(outputs[layer]) for layer in layers}


def natural_levels(activations: Tensor, percentiles: Sequence[float]) -> tuple[float, ...]:
    """The activations that stand at percentiles of natural images: how strong is as strong as nature gets.

    Args:
        activations: ``(B,)`` of natural images, as :func:`measure` gives them.
        percentiles: each from 0 to 100.
    """
    places = torch.tensor(percentiles, dtype=torch.float64, device=activations.device) / 100
    return tuple(torch.quantile(activations.double(), places).tolist())
