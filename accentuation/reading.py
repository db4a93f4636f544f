"""Reading the outputs of layers: the network runs only as deep as the deepest layer asked for."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from accentuation.errors import AccentuationError, FeatureError, ModelError, is_out_of_memory
from accentuation.models import VisionModel, device_of
from accentuation.modes import own_modes

# The name that stands for the network's own output.
LOGIT = "logit"

# The name that stands for the images as the network gets them, before normalisation: pixel space.
INPUT = "input"

# Layers that take channels second and give them so, in every network.
_CHANNELS_SECOND = (nn.Conv1d, nn.Conv2d, nn.BatchNorm1d, nn.BatchNorm2d)

# Takes a layer's name and its output, and returns what the network goes on with; None leaves the output.
Keep = Callable[[str, object], Tensor | None]


class _EverythingRead(Exception):  # noqa: N818 - it ends a forward pass early and is no error
    """Raised inside the network once the last layer asked for has run."""


def read_layers(model: VisionModel, images: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
    """Outputs of layers, by name. Gradients flow where ``images`` requires them.

    The forward pass ends at the deepest layer of ``layers``. The hooks it needs are gone afterwards, also after an
    exception, and hooks of the caller stay. A module that the network calls more than once is read at its first call.

    Args:
        images: ``(B, 3, S, S)`` of the network's input size, in [0, 1].
        layers: module names, ``logit`` for the network's output, or ``input`` for the images themselves.

    Returns:
        The output of each layer, with channels second whatever the network's own order: ``(B, C, h, w)`` for one with
        rows and columns, ``(B, C, tokens)`` for one of a transformer, ``(B, units)`` for logits. The network itself
        goes on with its own order.

    Raises:
        FeatureError: a layer did not run, or its output is not one tensor with a row for each image.
    """
    hooked = list(dict.fromkeys(layer for layer in layers if layer not in {LOGIT, INPUT}))
    outputs: dict[str, Tensor] = {}
    found = {INPUT: images} if INPUT in layers else {}
    if not hooked and LOGIT not in layers:
        return found

    def keep(layer: str, output: object) -> Tensor | None:
        if layer in outputs:
            return None
        if not isinstance(output, Tensor):
            raise FeatureError(f"The output of `{layer}` of {model.name} is not one tensor, so it cannot be read.")
        _check_batch(f"`{layer}` of {model.name}", output, images)
        order = _channels_second(output, model.module.get_submodule(layer), channels_last=model.channels_last)
        outputs[layer] = output.permute(order)
        if LOGIT not in layers and len(outputs) == len(hooked):
            raise _EverythingRead
        # The next module may work in place (ReLU often does): it gets a copy, and the output kept stays as it was. The
        # copy comes from the output kept, so that a gradient flows back to it.
        back = sorted(range(len(order)), key=order.__getitem__)
        return outputs[layer].permute(back).clone()

    with _hooks(model.module, hooked, keep):
        try:
            final = model.module(model.normalize(images))
        except _EverythingRead:
            return found | outputs
    if LOGIT in layers:
        if not isinstance(final, Tensor):
            raise FeatureError(
                f"The output of {model.name} is not one tensor; wrap it in a module that returns logits."
            )
        _check_batch(f"The output of {model.name}", final, images)
        outputs[LOGIT] = final
    _check_all_ran(model, outputs, hooked)
    return found | outputs


def read_shapes(model: VisionModel, layers: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """The shapes of layers' outputs for one black image, batch dimension first.

    Raises:
        FeatureError: a layer did not run, or its output is not one tensor with a row for the image.
        ModelError: the network does not run on images of its input size.
    """
    blank = torch.zeros(1, 3, model.input_size, model.input_size, device=model.device, dtype=torch.float32)
    with frozen(model.module), torch.no_grad(), input_size_blamed(model):
        outputs = read_layers(model, blank, layers)
    return {layer: tuple(output.shape) for layer, output in outputs.items()}


@contextmanager
def input_size_blamed(model: VisionModel) -> Iterator[None]:
    """Where the network fails on its input, say so in a sentence that names the most likely reason: its size."""
    try:
        yield
    except AccentuationError:
        raise
    except (RuntimeError, AssertionError, ValueError, IndexError) as error:
        if is_out_of_memory(error):
            raise
        side, words = model.input_size, " ".join(str(error).split()) or type(error).__name__
        raise ModelError(
            f"{model.name} does not run on an input of {side} x {side} pixels ({words}); "
            "give its VisionModel another input_size, or mend its module."
        ) from error


def _channels_second(output: Tensor, layer: nn.Module, *, channels_last: bool | None) -> tuple[int, ...]:
    """The order of a layer's output's dimensions that puts channels second.

    Args:
        output: ``(B, C)``, ``(B, T, C)`` or ``(B, C, T)``, or ``(B, C, h, w)`` or ``(B, h, w, C)``.
        layer: what it is the output of.
        channels_last: what holds where the shape leaves it open; None for tokens only.
    """
    if output.ndim not in {3, 4} or isinstance(layer, _CHANNELS_SECOND):
        return tuple(range(output.ndim))
    is_last = output.ndim == 3 if channels_last is None else channels_last
    if output.ndim == 4:
        # Inputs are square, so the two sizes that are alike are the rows and columns. Not even networks that keep
        # to one order do so everywhere: ConvNeXt puts channels last inside its blocks, Swin first before its head.
        _, first, middle, last = output.shape
        if (first == middle) != (middle == last):
            is_last = first == middle
    order = tuple(range(output.ndim))
    return (0, order[-1], *order[1:-1]) if is_last else order


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Put a network into evaluation mode without gradients for its parameters, and give it back as it was.

    Inside, PyTorch is in the library's own modes.
    """
    training = [(part, part.training) for part in module.modules()]
    gradients = [(parameter, parameter.requires_grad) for parameter in module.parameters()]
    try:
        module.eval()
        module.requires_grad_(False)
        with own_modes(device_of(module)):
            yield
    finally:
        for part, was_training in training:
            part.training = was_training
        for parameter, required in gradients:
            parameter.requires_grad_(required)


@contextmanager
def _hooks(module: nn.Module, layers: Sequence[str], keep: Keep) -> Iterator[None]:
    handles = []
    try:
        for layer in layers:
            handles.append(module.get_submodule(layer).register_forward_hook(_hook(layer, keep)))
        yield
    finally:
        for handle in handles:
            handle.remove()


def _hook(layer: str, keep: Keep) -> Callable[[nn.Module, object, object], Tensor | None]:
    def hook(_module: nn.Module, _inputs: object, output: object) -> Tensor | None:
        return keep(layer, output)

    return hook


def _check_batch(what: str, output: Tensor, images: Tensor) -> None:
    """Some layers have windows or tokens first, and would be read as if these were images."""
    if not output.ndim or len(output) != len(images):
        raise FeatureError(
            f"{what} has shape {tuple(output.shape)} for {len(images)} image(s), so its first dimension is not that of "
            "the images and it cannot be read."
        )


def _check_all_ran(model: VisionModel, outputs: dict[str, Tensor], layers: Sequence[str]) -> None:
    idle = [layer for layer in layers if layer not in outputs]
    if idle:
        raise FeatureError(f"`{idle[0]}` is part of {model.name} but does not run on an image, so it cannot be read.")
