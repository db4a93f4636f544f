"""Features: the scalars of a network that are accentuated, and the text that names them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from accentuation.errors import FeatureError
from accentuation.models import VisionModel
from accentuation.names import nearest_names
from accentuation.reading import LOGIT, frozen, read_layers, read_shape

_TEXT = re.compile(r"(?:(?P<layer>[^:=\s]+):)?(?P<kind>[a-z]+)=(?P<index>\d+)")


@dataclass(frozen=True)
class Feature:
    """A scalar read from a network.

    ``logit``: one class before the softmax; its layer is None. ``channel``: one channel of a convolutional layer,
    averaged over positions. The text form, ``str(feature)``, is ``logit=285`` or ``blocks.4.2:channel=17``.
    """

    kind: Literal["logit", "channel"]
    layer: str | None
    index: int

    def __str__(self) -> str:
        prefix = "" if self.layer is None else f"{self.layer}:"
        return f"{prefix}{self.kind}={self.index}"

    @property
    def read_at(self) -> str:
        """The layer whose output holds the feature, ``logit`` standing for the network's output."""
        return LOGIT if self.layer is None else self.layer


def parse_feature(text: str) -> Feature:
    """Read the text form of a feature.

    Raises:
        FeatureError: the text is not a feature. Whether a network has it is asked by :func:`check_feature`.
    """
    match = _TEXT.fullmatch(text.strip())
    forms = "write `logit=285` or `blocks.4.2:channel=17`"
    if match is None:
        raise FeatureError(f"`{text}` is not a feature; {forms}.")
    layer, kind, index = match["layer"], match["kind"], int(match["index"])
    if kind == "logit" and layer is None:
        return Feature("logit", None, index)
    if kind == "channel" and layer is not None:
        return Feature("channel", layer, index)
    if kind == "logit":
        raise FeatureError(f"`{text}` names a layer, but a logit has none; write `logit={index}`.")
    if kind == "channel":
        raise FeatureError(f"`{text}` does not say in which layer; write for example `blocks.4.2:channel={index}`.")
    raise FeatureError(f"`{text}` is of the unknown kind `{kind}`; {forms}.")


def check_feature(model: VisionModel, feature: Feature) -> None:
    """Make sure that the network has the feature.

    Raises:
        FeatureError: the layer is unknown (the message lists the nearest names), is no convolutional layer, or has
            fewer units than the index asks for (the message gives the valid range).
    """
    check_layer(model, feature.read_at)
    shape = read_shape(model, feature.read_at)
    _require_channels(model, feature.read_at, shape)
    units = shape[1]
    if not 0 <= feature.index < units:
        raise FeatureError(
            f"`{feature}` does not exist in {model.name}; the {feature.kind} must be from 0 to {units - 1}."
        )


def _require_channels(model: VisionModel, layer: str, shape: Sequence[int]) -> None:
    if layer != LOGIT and len(shape) != 4:
        raise FeatureError(f"`{layer}` of {model.name} is not a convolutional layer, so it has no channels.")


def check_layer(model: VisionModel, layer: str) -> None:
    """Make sure that the network has a layer of this name.

    Raises:
        FeatureError: it has not; the message lists the nearest names.
    """
    names = [name for name, _ in model.module.named_modules() if name]
    if layer != LOGIT and layer not in names:
        raise FeatureError(f"{model.name} has no layer `{layer}`; {nearest_names(layer, names)}.")


def feature_values(outputs: dict[str, Tensor], feature: Feature) -> Tensor:
    """The feature's value for each image of a batch.

    Args:
        outputs: what :func:`~accentuation.reading.read_layers` returned, the feature's layer among it.

    Returns:
        ``(B,)``, in the network's own units.
    """
    return unit_values(outputs[feature.read_at])[:, feature.index]


def unit_values(output: Tensor) -> Tensor:
    """One value per unit: ``(B, C, h, w)`` averaged over positions, ``(B, units)`` as it is."""
    return output.mean(dim=(2, 3)) if output.ndim == 4 else output


def measure(model: VisionModel, images: Tensor, feature: Feature) -> Tensor:
    """The feature's activation on whole images, resized to the network's input.

    Args:
        images: ``(B, 3, H, W)`` in [0, 1], any height and width; not square ones are stretched to a square.

    Returns:
        ``(B,)``, in the network's own units.

    Raises:
        FeatureError: as for :func:`check_feature`.
    """
    check_feature(model, feature)
    with frozen(model.module), torch.no_grad():
        outputs = read_layers(model, model.resize(images.to(model.device)), [feature.read_at])
    return feature_values(outputs, feature)


def channel_activations(model: VisionModel, images: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
    """The activations of all units of some layers on whole images, resized to the network's input, in one pass.

    Args:
        images: ``(B, 3, H, W)`` in [0, 1], any height and width; not square ones are stretched to a square.
        layers: convolutional layers, whose channels are averaged over positions, or ``logit`` for all logits.

    Returns:
        ``(B, units)`` by layer, in the network's own units.

    Raises:
        FeatureError: a layer is unknown or not a convolutional one.
    """
    for layer in layers:
        check_layer(model, layer)
    with frozen(model.module), torch.no_grad():
        outputs = read_layers(model, model.resize(images.to(model.device)), layers)
    for layer in layers:
        _require_channels(model, layer, outputs[layer].shape)
    return {layer: unit_values(outputs[layer]) for layer in layers}
