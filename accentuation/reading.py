"""Reading the outputs of layers: the network runs only as deep as the deepest layer asked for."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from weakref import WeakSet

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

# Takes a layer's name, its inputs and its output, and returns what the network goes on with; None leaves the output.
Keep = Callable[[str, object, object], Tensor | None]

# Networks that have failed on images in channels-last order: they take views of what must then be copied.
_IN_USUAL_ORDER: WeakSet[nn.Module] = WeakSet()


class _EverythingRead(Exception):  # noqa: N818 - it ends a forward pass early and is no error
    """Raised inside the network once the last layer asked for has run."""


def read_layers(model: VisionModel, images: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
    """Outputs of layers, by name. Gradients flow where ``images`` requires them.

    The forward pass ends at the deepest layer of ``layers``. The hooks it needs are gone afterwards, also after an
    exception, and hooks of the caller stay. A module that the network calls more than once is read at its first call.
    A network that cannot take images in channels-last order gets them in the usual one.

    Args:
        images: ``(B, 3, S, S)`` of the network's input size, in [0, 1].
        layers: module names, ``logit`` for the network's output, or ``input`` for the images themselves.

    Returns:
        The output of each layer, with channels second whatever the network's own order: ``(B, C, h, w)`` for one with
        rows and columns, ``(B, C, tokens)`` for one of a transformer, ``(B, units)`` for logits. The network itself
        goes on with its own order.

    Raises:
        FeatureError: a layer did not run, or its output is not one tensor of real numbers with a row for each image.
    """
    found = _read_in_order(model, images, layers)
    # Tokens first can be told from images first only where there are not as many of both.
    doubtful = [layer for layer, output in found.items() if output.ndim == 3 and len(images) in output.shape[1:]]
    if doubtful and len(images) > 1:
        with torch.no_grad():
            _read_in_order(model, images[:1].detach(), doubtful)
    return found


def _read_in_order(model: VisionModel, images: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
    """Likewise, with the images in the order in memory that the network takes."""
    if model.module in _IN_USUAL_ORDER:
        images = images.contiguous()
    try:
        return _read(model, images, layers)
    except RuntimeError as error:
        if images.is_contiguous() or "view" not in str(error):
            raise
    found = _read(model, images.contiguous(), layers)
    _IN_USUAL_ORDER.add(model.module)
    return found


def _read(model: VisionModel, images: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
    hooked = list(dict.fromkeys(layer for layer in layers if layer not in {LOGIT, INPUT}))
    outputs: dict[str, Tensor] = {}
    passed_on: list[_PassedOn] = []
    found = {INPUT: images} if INPUT in layers else {}
    if not hooked and LOGIT not in layers:
        return found

    def keep(layer: str, inputs: object, output: object) -> Tensor | None:
        if layer in outputs:
            return None
        if not isinstance(output, Tensor):
            raise FeatureError(f"The output of `{layer}` of {model.name} is not one tensor, so it cannot be read.")
        _check_output(f"`{layer}` of {model.name}", output, images)
        order = _channels_second(output, model.module.get_submodule(layer), channels_last=model.channels_last)
        outputs[layer] = output.permute(order)
        if LOGIT not in layers and len(outputs) == len(hooked):
            raise _EverythingRead
        # The network goes on with what comes from the output kept, so that a gradient flows back to it.
        back = sorted(range(len(order)), key=order.__getitem__)
        onward = outputs[layer].permute(back)
        if _is_an_input(output, inputs):
            passed_on.append(_PassedOn(layer, output, output._version, outputs[layer].clone()))
            return onward
        # The next module may work in place (ReLU often does): it gets a copy, and the output kept stays as it was.
        return onward.clone()

    final: object = None
    with _hooks(model.module, hooked, keep), suppress(_EverythingRead):
        final = model.module(model.normalize(images))
    outputs |= {each.layer: each.copy for each in passed_on if each.output._version != each.version}
    if LOGIT in layers:
        if not isinstance(final, Tensor):
            raise FeatureError(
                f"The output of {model.name} is not one tensor; wrap it in a module that returns logits."
            )
        _check_output(f"The output of {model.name}", final, images)
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
        channels_last: what holds where the shape leaves it open; None for tokens only. False holds whatever the shape.
    """
    if output.ndim not in {3, 4} or isinstance(layer, _CHANNELS_SECOND) or channels_last is False:
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

    The flags are set and not `eval()` called, which a module may have overridden to do more (LoRA merges its weights)
    that setting them back would not undo. Inside, PyTorch is in the library's own modes.
    """
    training = [(part, part.training) for part in module.modules()]
    gradients = [(parameter, parameter.requires_grad) for parameter in module.parameters()]
    try:
        for part, _ in training:
            part.training = False
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
    def hook(_module: nn.Module, inputs: object, output: object) -> Tensor | None:
        return keep(layer, inputs, output)

    return hook


@dataclass(frozen=True)
class _PassedOn:
    """The output of a layer that gives its input as it is, or a view of it.

    The network goes on with this memory, not with a copy, because a change in place is one of the input too. What is
    read is a copy where that has happened.
    """

    layer: str
    output: Tensor
    version: int  # a change in place counts it up
    copy: Tensor


def _is_an_input(output: Tensor, inputs: object) -> bool:
    """Whether the output lies in the memory of one of the layer's inputs."""
    tensors = [each for each in inputs if isinstance(each, Tensor)] if isinstance(inputs, tuple) else []
    return any(each.untyped_storage().data_ptr() == output.untyped_storage().data_ptr() for each in tensors)


def _check_output(what: str, output: Tensor, images: Tensor) -> None:
    """Some layers have windows or tokens first, and would be read as if these were images."""
    if not output.is_floating_point():
        raise FeatureError(f"{what} is in {output.dtype}, so it cannot be read; name a layer of real numbers.")
    if not output.ndim or len(output) != len(images):
        raise FeatureError(
            f"{what} has shape {tuple(output.shape)} for {len(images)} image(s), so its first dimension is not that of "
            "the images and it cannot be read."
        )


def _check_all_ran(model: VisionModel, outputs: dict[str, Tensor], layers: Sequence[str]) -> None:
    idle = [layer for layer in layers if layer not in outputs]
    if idle:
        raise FeatureError(f"`{idle[0]}` is part of {model.name} but does not run on an image, so it cannot be read.")
