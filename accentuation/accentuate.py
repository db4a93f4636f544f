"""Feature accentuation: an image that raises a feature of a network and stays close to its seed in a hidden layer.

Hamblin, Fel, Saha, Konkle and Alvarez, "Feature Accentuation: Revealing 'What' Features Respond to in Natural Images",
arXiv 2402.10039.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from accentuation.config import AccentuationConfig
from accentuation.crops import draw_crops
from accentuation.errors import AccentuationError
from accentuation.features import Feature, check_feature, check_layer, measure
from accentuation.folding import folded_copy
from accentuation.mask import blend, opacity_mask
from accentuation.models import VisionModel
from accentuation.objective import Look, look
from accentuation.parametrization import FourierPhase
from accentuation.reading import frozen, read_shape
from accentuation.regularization import balance


@dataclass(frozen=True)
class Accentuation:
    """What :func:`accentuate` made. Tensors are on the model's device.

    Attributes:
        image: ``(3, H, W)`` in [0, 1], the optimised image.
        mask: ``(1, H, W)`` in [0, 1], where the feature was worked on.
        blend: ``(3, H, W)`` in [0, 1], the image where the mask is opaque, else the seed: the one to show.
        activation_before: of the whole seed image, in the network's units.
        activation_after: of the whole blend, in the network's units.
        activations: ``(steps,)``, mean over the crops of each step, before that step moved the image.
        distances: ``(steps,)``, the distance to the seed in the regularisation layer, likewise.
    """

    image: Tensor
    mask: Tensor
    blend: Tensor
    activation_before: float
    activation_after: float
    activations: Tensor
    distances: Tensor


def accentuate(
    model: VisionModel,
    seed_image: Tensor,
    feature: Feature,
    config: AccentuationConfig = AccentuationConfig(),  # noqa: B008 - frozen
    *,
    seed: int,
    on_step: Callable[[int], None] | None = None,
) -> Accentuation:
    """Raise a feature in an image.

    The model comes back as it was, its flags and hooks restored, also after an exception. The same seed gives the
    same image on the same device, on a CPU with the same number of threads; the crops are the same everywhere.

    Args:
        model: the network.
        seed_image: ``(3, H, W)`` in [0, 1], any height and width.
        feature: what to raise.
        config: how.
        seed: of all randomness.
        on_step: called after each step with the number of steps done.

    Raises:
        FeatureError: the network has no such feature, or no such regularisation layer.
        AccentuationError: the seed image is not an image, no regularisation layer is known for the model, or a
            gradient is not finite.
    """
    _check_image(seed_image)
    check_feature(model, feature)
    layer = _regularization_layer(model, config)
    seed_image = seed_image.detach().to(device=model.device, dtype=torch.float32)
    with frozen(model.module):
        fast = folded_copy(model, [feature.read_at, layer])
        image, importance, activations, distances = _optimize(fast, seed_image, feature, layer, config, seed, on_step)
    mask = opacity_mask(importance, config.mask_percentile)
    shown = blend(image, seed_image, mask)
    before, after = measure(model, torch.stack([seed_image, shown]), feature).tolist()
    return Accentuation(image, mask, shown, before, after, activations, distances)


def check_config(model: VisionModel, config: AccentuationConfig) -> None:
    """Make sure that the network can be accentuated with this config, without making anything.

    Raises:
        FeatureError: the network has no such regularisation layer, or it cannot be read.
        AccentuationError: no regularisation layer is named, and none is known for the model.
    """
    read_shape(model, _regularization_layer(model, config))


def _optimize(
    model: VisionModel,
    seed_image: Tensor,
    feature: Feature,
    layer: str,
    config: AccentuationConfig,
    seed: int,
    on_step: Callable[[int], None] | None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The loop. Returns the image, its importance ``(3, H, W)``, and activations and distances ``(steps,)``."""
    parametrization = FourierPhase(seed_image)
    parameters = list(parametrization.parameters())
    optimizer = torch.optim.Adam(parameters, lr=config.learning_rate)
    with torch.no_grad():
        start = parametrization()  # the seed image within rounding: from here the distance begins at exactly zero
    importance = torch.zeros_like(seed_image)
    activations, distances = [], []
    balanced: float | None = None  # the factor that gives both gradients one size, once both exist

    for step, crops in zip(range(config.steps), draw_crops(seed_image, model.input_size, config, seed), strict=False):
        image = parametrization()
        seen = look(model, image, start, crops, feature, layer)
        activations.append(seen.activation)
        distances.append(seen.distance)
        importance += seen.feature_gradient.abs()

        # At the start itself the distance has no direction; what rounding would make of it must not set the balance.
        if balanced is None and not torch.equal(image, start):
            balanced = _balance(image, parameters, seen)
        gradient = seen.feature_gradient - config.regularization * (balanced or 0.0) * seen.distance_gradient
        _check_finite(gradient, feature)
        optimizer.zero_grad()
        image.backward(-gradient)  # Adam descends
        optimizer.step()
        if on_step is not None:
            on_step(step + 1)

    with torch.no_grad():
        image = parametrization()
    return image, importance, torch.stack(activations), torch.stack(distances)


def _balance(image: Tensor, parameters: list[nn.Parameter], seen: Look) -> float | None:
    feature_gradients = torch.autograd.grad(image, parameters, seen.feature_gradient, retain_graph=True)
    distance_gradients = torch.autograd.grad(image, parameters, seen.distance_gradient, retain_graph=True)
    return balance(feature_gradients, distance_gradients)


def _regularization_layer(model: VisionModel, config: AccentuationConfig) -> str:
    layer = config.regularization_layer or model.regularization_layer
    if layer is None:
        raise AccentuationError(
            f"No regularization layer is known to be good for {model.name}; name one in regularization_layer."
        )
    check_layer(model, layer)
    return layer


def _check_image(image: Tensor) -> None:
    if image.ndim != 3 or image.shape[0] != 3 or 0 in image.shape:
        raise AccentuationError(f"The seed image must have shape (3, height, width), not {tuple(image.shape)}.")
    if not image.is_floating_point() or not bool(((image >= 0) & (image <= 1)).all()):
        raise AccentuationError("The seed image must hold floating point values from 0 to 1; divide 8-bit ones by 255.")


def _check_finite(gradient: Tensor, feature: Feature) -> None:
    if not bool(gradient.isfinite().all()):
        raise AccentuationError(f"The gradient of `{feature}` is not finite; check the network's weights.")
