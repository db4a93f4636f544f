"""Does a network have a feature, how strongly do images activate it, and how far apart does it see two images?"""

from collections.abc import Iterable, Sequence
from numbers import Real

import torch
from torch import Tensor

from accentuation.config import AccentuationConfig
from accentuation.crops import CropSource
from accentuation.errors import AccentuationError, FeatureError, ModelError
from accentuation.features import (
    Feature,
    Logit,
    WeightedSum,
    feature_values,
    require_channels,
    short_text,
    unit_values,
)
from accentuation.images import check_images
from accentuation.models import VisionModel
from accentuation.names import nearest_names
from accentuation.reading import INPUT, LOGIT, frozen, input_size_blamed, read_layers, read_shapes
from accentuation.regularization import latent_distances


def check_model(model: VisionModel) -> None:
    """Make sure that this is a network with what an image needs to become its input.

    Raises:
        ModelError: it is a bare network, or something else.
    """
    if not isinstance(model, VisionModel):
        raise ModelError(
            f"The model must be a VisionModel, not a {type(model).__name__}; make one of a network of your own by "
            "`VisionModel(name, network, input_size=..., mean=..., std=...)`, or of a name by `load_model(name)`."
        )


def check_feature(model: VisionModel, feature: Feature) -> None:
    """Make sure that the network has the feature.

    Raises:
        FeatureError: it is a text and no feature yet, a layer is unknown (the message lists the nearest names) or has
            no positions where the feature needs them, or the feature names a unit or position that it lacks (the
            message gives the valid range).
        ModelError: it is no VisionModel, or does not run on images of its input size.
    """
    check_model(model)
    if not isinstance(feature, Feature):
        raise FeatureError(
            f"The feature must be a Feature, not {feature!r}; make one of its text by "
            "`parse_feature(text, classes=model.classes)`."
        )
    parts = [part for _, part in feature.terms] if isinstance(feature, WeightedSum) else [feature]
    for layer in (layer for part in parts if not isinstance(part, Logit) for layer in part.layers):
        check_layer(model, layer)
    shapes = read_shapes(model, feature.layers)
    try:
        feature.check(shapes)
    except FeatureError as error:
        raise FeatureError(str(error).replace(" does not exist here;", f" does not exist in {model.name};")) from None


def check_layer(model: VisionModel, layer: str) -> None:
    """Make sure that the network has a layer of this name, and that the name can mean nothing else.

    Raises:
        ModelError: it is no VisionModel.
        FeatureError: it has not (the message lists the nearest names), or it has a module that is called as the images
            or the output always are.
    """
    check_model(model)
    if not isinstance(layer, str):
        raise FeatureError(f"A layer is given by its name, such as `blocks.4.2`, not as {layer!r}.")
    names = [name for name, _ in model.module.named_modules() if name]
    if layer in {LOGIT, INPUT} and layer in names:
        meaning = "output" if layer == LOGIT else "images"
        raise FeatureError(
            f"`{layer}` stands for the {meaning} of {model.name}, which has a module of this name too; "
            f"wrap the network, `nn.Sequential(OrderedDict(net=network))`, and write `net.{layer}` for the module."
        )
    if layer not in {LOGIT, INPUT, *names}:
        raise FeatureError(f"{model.name} has no layer `{layer}`; {nearest_names(layer, names)}.")


def require_list(layers: Sequence[str]) -> None:
    """Make sure that these are several names and not one, whose letters would be taken for names.

    Raises:
        FeatureError: it is one name.
    """
    if isinstance(layers, str):
        raise FeatureError(f"The layers are a list of names, `[{layers!r}]`, not one name.")


def measure(model: VisionModel, images: Tensor, feature: Feature) -> Tensor:
    """The feature's activation on whole images, resized to the network's input.

    Args:
        model: the network.
        images: ``(B, 3, H, W)`` in [0, 1], any height and width; not square ones are stretched to a square.
        feature: what is read.

    Returns:
        ``(B,)``, in the network's own units.

    Raises:
        FeatureError, ModelError: as for :func:`check_feature`.
        AccentuationError: the images are not images, or an activation is not finite.
    """
    check_images(images)
    check_feature(model, feature)
    return read_values(model, images, feature)


def read_values(model: VisionModel, images: Tensor, feature: Feature) -> Tensor:
    """Likewise, of images and a feature that have been checked."""
    with frozen(model.module), torch.no_grad():
        values = feature_values(read_layers(model, model.resize(images), feature.layers), feature)
    return _finite(values, feature)


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
        FeatureError, ModelError: as for :func:`check_feature`.
        AccentuationError: the images are not images, or an activation is not finite.
    """
    check_images(images)
    check_feature(model, feature)
    config = AccentuationConfig(crops=crops, gaussian_noise=0, uniform_noise=0)
    height, width = images.shape[-2:]
    source = CropSource(height, width, model.input_size, config, [seed] * len(images), model.device)
    with frozen(model.module), torch.no_grad():
        taken = source.draw().take(images.to(device=model.device, dtype=torch.float32))
        values = feature_values(read_layers(model, taken, feature.layers), feature)
        return _finite(values.reshape(len(images), crops).mean(dim=1), feature)


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
        ModelError: the network does not run on images of its input size.
        AccentuationError: the images are not images, or the two batches have not one shape.
    """
    check_layer(model, layer)
    for each in (images, others):
        check_images(each)
    if images.shape != others.shape:
        raise AccentuationError(
            f"The images and the others must have one shape, not {tuple(images.shape)} and {tuple(others.shape)}."
        )
    with frozen(model.module), torch.no_grad():
        with input_size_blamed(model):
            first, second = (read_layers(model, model.resize(each), [layer])[layer] for each in (images, others))
        return latent_distances(first, second)


def channel_activations(model: VisionModel, images: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
    """The activations of all units of some layers on whole images, resized to the network's input, in one pass.

    Args:
        model: the network.
        images: ``(B, 3, H, W)`` in [0, 1], any height and width; not square ones are stretched to a square.
        layers: their channels are averaged over positions where they have some; ``logit`` for all logits.

    Returns:
        ``(B, units)`` by layer, in the network's own units. A value may be NaN or infinite: among thousands of units
        one that is broken is left out by whoever ranks them, and does not stop the others.

    Raises:
        FeatureError: a layer is unknown or has no channels.
        ModelError: the network does not run on images of its input size.
        AccentuationError: the images are not images.
    """
    check_images(images)
    check_model(model)
    require_list(layers)
    for layer in layers:
        if layer != LOGIT:  # always the output, also where a module is called so
            check_layer(model, layer)
    with frozen(model.module), torch.no_grad():
        with input_size_blamed(model):
            outputs = read_layers(model, model.resize(images), layers)
        for layer in layers:
            require_channels(layer, outputs[layer].shape)
        return {layer: unit_values(outputs[layer]) for layer in layers}


def natural_levels(activations: Tensor, percentiles: Sequence[float]) -> tuple[float, ...]:
    """The activations that stand at percentiles of natural images: how strong is as strong as nature gets.

    Args:
        activations: ``(B,)`` of natural images, as :func:`measure` gives them.
        percentiles: each from 0 to 100.

    Raises:
        AccentuationError: there are no activations, one is not finite, or a percentile is none.
    """
    if not isinstance(activations, Tensor):
        raise AccentuationError(
            f"Levels are taken from a tensor of activations, as `measure` gives it, not from a "
            f"{type(activations).__qualname__}."
        )
    if activations.ndim != 1 or not len(activations) or not bool(activations.isfinite().all()):
        raise AccentuationError(
            f"Levels are taken from one finite activation for each of some images, (B,), not shape "
            f"{tuple(activations.shape)} or values that are not finite."
        )
    numbers = isinstance(percentiles, Iterable) and all(isinstance(each, Real) for each in percentiles)
    if not numbers or not all(0 <= each <= 100 for each in percentiles):
        raise AccentuationError(f"percentiles must be numbers from 0 to 100, such as `[50, 99]`, not {percentiles!r}.")
    places = torch.tensor(percentiles, dtype=torch.float64, device=activations.device) / 100
    return tuple(torch.quantile(activations.double(), places).tolist())


def _finite(values: Tensor, feature: Feature) -> Tensor:
    """The activations, of which none may be NaN or infinite."""
    if not bool(values.isfinite().all()):
        raise AccentuationError(
            f"The activation of `{short_text(feature)}` is not finite; check the network's weights."
        )
    return values
