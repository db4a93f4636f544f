"""Attribution maps: where in an image a feature gets its activation from, the baseline that an accentuation must beat.

The gradients are taken by Captum (Kokhlikyan et al., arXiv 2009.07896). Grad-CAM is not: Captum's takes the second
dimension of a layer's output for channels, which it is not in a transformer; on convolutions the two are equal.
"""

import math
from collections.abc import Callable, Sequence
from typing import Literal, cast, get_args

import torch
from captum.attr import InputXGradient, IntegratedGradients, Saliency
from torch import Tensor, nn

from accentuation.errors import AccentuationError, FeatureError
from accentuation.features import Feature, feature_values, require_positions
from accentuation.images import check_image
from accentuation.measuring import check_feature, check_layer
from accentuation.models import VisionModel
from accentuation.reading import frozen, read_layers
from accentuation.streams import stream

AttributionMethod = Literal["gradient_x_input", "integrated_gradients", "grad_cam", "smooth_grad"]

# So many images pass the network at once, so that memory does not grow with the number of steps or samples.
BATCH = 8


def attribute(
    model: VisionModel,
    image: Tensor,
    feature: Feature,
    method: AttributionMethod,
    *,
    seed: int | None = None,
    layer: str | None = None,
    steps: int = 64,
    samples: int = 32,
    noise: float = 0.15,
) -> Tensor:
    """How much each pixel has to do with the activation of a feature.

    ``gradient_x_input``: gradient times pixel, summed over colours (Shrikumar et al., arXiv 1605.01713); signed.
    ``integrated_gradients``: its integral from a black image, whose sum over pixels is the activation less that of a
    black image (Sundararajan et al., arXiv 1703.01365, equation 1); signed.
    ``grad_cam``: the activations of a layer, each channel weighted by its mean gradient, cut at 0 and enlarged
    (Selvaraju et al., arXiv 1610.02391, equations 1 and 2); 0 or more.
    ``smooth_grad``: gradients averaged over noisy copies (Smilkov et al., arXiv 1706.03825, equation 1), the largest
    absolute value of the colours; 0 or more, and without noise the saliency of Simonyan et al. (arXiv 1312.6034).

    The model comes back as it was, and the global random state stays where it is. The same seed gives the same map on
    the same device.

    Args:
        model: the network.
        image: ``(3, H, W)`` in [0, 1], any height and width; one that is not square is stretched to a square.
        feature: what is explained.
        method: see above.
        seed: of the noise of SmoothGrad, which needs one; the other methods have nothing random.
        layer: of Grad-CAM; None for the deepest one that reaches the feature from more than one position.
        steps: of integrated gradients.
        samples: noisy copies of SmoothGrad.
        noise: sd of the noise of SmoothGrad, in image range [0, 1].

    Returns:
        ``(1, H, W)`` on the model's device. The signed maps are in units of the feature, SmoothGrad in such units per
        unit of image range; of Grad-CAM only the proportions mean something.

    Raises:
        FeatureError: the network has no such feature or layer, or the layer has no positions or does not lead to the
            feature.
        AccentuationError: the image is not an image, the method is unknown, a setting is out of its range, or
            SmoothGrad has no seed or one that is none.
    """
    _check_settings(method, steps, samples, noise)
    check_image(image)
    check_feature(model, feature)
    with frozen(model.module):
        # A copy, because an image made in inference mode has no gradient.
        images = image.detach().to(device=model.device, dtype=torch.float32, copy=True)[None]
        activation = _activation(model, feature)
        if method == "gradient_x_input":
            parts = InputXGradient(activation).attribute(images.requires_grad_())
        elif method == "integrated_gradients":
            parts = IntegratedGradients(activation).attribute(images, n_steps=steps, internal_batch_size=BATCH)
        elif method == "smooth_grad":
            if seed is None:
                raise AccentuationError("smooth_grad draws its noise at random; give it a seed, such as `seed=1`.")
            parts = _smooth_gradient(activation, images, seed, samples, noise).abs().amax(dim=1, keepdim=True)
        else:
            parts = _grad_cam(model, images, feature, layer)
    return cast(Tensor, parts).detach()[0].sum(dim=0, keepdim=True)


def deepest_layer(model: VisionModel, image: Tensor, feature: Feature) -> str:
    """The last layer to run from more than one position of which the feature's gradient comes.

    In a transformer that reads its class token, the patches of the last layers play no part any more; they are passed
    over. A feature without gradient (a dead one) has the last layer with positions.

    Args:
        model: the network.
        image: ``(3, H, W)`` in [0, 1]; which positions have a gradient may depend on it.
        feature: towards which the layer leads.

    Raises:
        FeatureError: no layer with positions leads to the feature.
    """
    with frozen(model.module):
        inputs = model.resize(image.detach()[None])
        names = _layers_with_positions(model, inputs, feature)
        outputs = read_layers(model, inputs.requires_grad_(), [*names, *feature.layers])
        value = feature_values(outputs, feature).sum()
        gradients = torch.autograd.grad(value, [outputs[name] for name in names], allow_unused=True) if names else ()
    leading = [(name, gradient) for name, gradient in zip(names, gradients, strict=True) if gradient is not None]
    if not leading:
        raise FeatureError(f"No layer with positions of {model.name} leads to `{feature}`, so there is no Grad-CAM.")
    reaching = [name for name, gradient in leading if int(gradient.flatten(2).any(dim=1).sum()) > 1]
    return reaching[-1] if reaching else leading[-1][0]


def _activation(model: VisionModel, feature: Feature) -> Callable[[Tensor], Tensor]:
    """From images of any size to the feature's activations, ``(B,)``."""

    def activation(images: Tensor) -> Tensor:
        return feature_values(read_layers(model, model.resize(images), feature.layers), feature)

    return activation


def _smooth_gradient(
    activation: Callable[[Tensor], Tensor], images: Tensor, seed: int, samples: int, noise: float
) -> Tensor:
    """The mean gradient over noisy copies, ``(1, 3, H, W)``."""
    # Captum's own noise comes from the global random state, which is not ours to move.
    generator = stream(seed, "copies", images.device)
    total = torch.zeros_like(images)
    for begun in range(0, samples, BATCH):
        shape = (min(BATCH, samples - begun), *images.shape[1:])
        drawn = torch.randn(shape, generator=generator, device=images.device, dtype=images.dtype)
        copies = (images + noise * drawn).requires_grad_()
        total += cast(Tensor, Saliency(activation).attribute(copies, abs=False)).sum(dim=0, keepdim=True)
    return total / samples


def _grad_cam(model: VisionModel, images: Tensor, feature: Feature, layer: str | None) -> Tensor:
    """``(1, 1, H, W)``, 0 or more."""
    if layer is None:
        layer = deepest_layer(model, images[0], feature)
    check_layer(model, layer)
    outputs = read_layers(model, model.resize(images).requires_grad_(), [layer, *feature.layers])
    output = outputs[layer]
    require_positions(layer, output.shape)
    (gradient,) = torch.autograd.grad(feature_values(outputs, feature).sum(), output, allow_unused=True)
    if gradient is None:
        raise FeatureError(f"`{layer}` does not lead to `{feature}`; name a layer before it.")
    weights = gradient.flatten(2).mean(dim=2)  # (1, C)
    summed = torch.einsum("bc,bcp->bp", weights, output.flatten(2))
    return nn.functional.interpolate(_grid(summed, output.shape[2:]).relu(), size=images.shape[-2:], mode="bilinear")


def _grid(values: Tensor, positions: Sequence[int]) -> Tensor:
    """From ``(B, positions)`` to ``(B, 1, h, w)``; of tokens the patches, which come after the class token."""
    if len(positions) == 2:
        return values.reshape(-1, 1, *positions)
    side = math.isqrt(positions[0])
    return values[:, positions[0] - side * side :].reshape(-1, 1, side, side)


def _layers_with_positions(model: VisionModel, inputs: Tensor, feature: Feature) -> list[str]:
    """The layers that run until the feature can be read and give one tensor with images first and then positions."""
    names: list[str] = []

    def watch(name: str) -> Callable[[nn.Module, object, object], None]:
        def hook(_module: nn.Module, _inputs: object, output: object) -> None:
            if isinstance(output, Tensor) and output.ndim in (3, 4) and len(output) == len(inputs):
                names.append(name)

        return hook

    handles = [part.register_forward_hook(watch(name)) for name, part in model.module.named_modules() if name]
    try:
        with torch.no_grad():
            read_layers(model, inputs, feature.layers)
    finally:
        for handle in handles:
            handle.remove()
    return list(dict.fromkeys(names))


def _check_settings(method: str, steps: int, samples: int, noise: float) -> None:
    if method not in get_args(AttributionMethod):
        known = ", ".join(get_args(AttributionMethod))
        raise AccentuationError(f"There is no attribution method `{method}`; take one of {known}.")
    if steps < 1 or samples < 1:
        raise AccentuationError("The numbers of steps and samples of an attribution must be at least 1.")
    if not 0 <= noise < math.inf:
        raise AccentuationError("The noise of an attribution must be 0 or more.")
