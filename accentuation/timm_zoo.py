"""The networks of timm by name, such as ``timm/resnet18.a1_in1k``: architecture, and after the point the weights."""

from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import torch
from torch import nn

from accentuation.errors import ModelError
from accentuation.packages import needed_package
from accentuation.weights import WEIGHTS_REMEDY, file_sha256, load_weights

PREFIX = "timm/"

# What the Hugging Face hub may hold for a model of timm, the better first.
_HUB_FILES = ("model.safetensors", "pytorch_model.bin")

# The packages through which the versions of huggingface_hub ask the hub, and whose errors they pass on.
_HTTP_CLIENTS = {"requests", "httpx", "httpx2"}


def timm_names() -> list[str]:
    """The architectures of the installed timm and the weights published for them; empty without timm."""
    try:
        timm = needed_package("timm", "A list of its models")
    except ModelError:
        return []
    return [PREFIX + name for name in (*timm.list_models(), *timm.list_pretrained())]


def timm_network(name: str, weights: Path | None) -> tuple[nn.Module, str]:
    """A network of timm and the SHA-256 of its weights file.

    Args:
        name: one of :func:`timm_names`.
        weights: a weights file; without it the published one, from the cache or downloaded into it.

    Raises:
        ModelError: no weights are published, or the download failed.
        WeightsError: the file cannot be read or does not fit.
    """
    timm = needed_package("timm", name)
    architecture = name.removeprefix(PREFIX)
    if weights is not None:
        module: nn.Module = timm.create_model(architecture, pretrained=False)
        return module, load_weights(module, weights, name=name)
    published = timm.get_pretrained_cfg(architecture)
    if not published.has_weights:
        raise ModelError(
            f"timm publishes no weights for {name}; give a local weights file (`weights=FILE`, `--weights FILE`)."
        )
    # On the hub all files hold plain parameters; only those from elsewhere may need a reader of their own.
    reader = {"custom_load": False} if published.hf_hub_id else {}
    try:
        file = _hub_file(published.hf_hub_id) if published.hf_hub_id else _url_file(published.url)
        module = timm.create_model(architecture, pretrained=True, pretrained_cfg_overlay={"file": str(file), **reader})
    except (OSError, RuntimeError, ValueError, _safetensors_error()) as error:
        raise ModelError(
            f"The weights of {name} could not be downloaded from {_place(published)} ({_first_sentence(error)}); "
            f"{WEIGHTS_REMEDY}."
        ) from error
    return module, file_sha256(file)


def input_facts(module: nn.Module, name: str) -> dict[str, Any]:
    """``input_size``, ``mean`` and ``std`` that belong to the weights of a network of timm.

    Raises:
        ModelError: the network takes inputs that are not square.
    """
    facts = needed_package("timm.data", name).resolve_model_data_config(module)
    _, height, width = facts["input_size"]
    if height != width:
        raise ModelError(f"{name} takes inputs of {height} x {width} pixels; choose a model whose inputs are square.")
    return {"input_size": height, "mean": tuple(facts["mean"]), "std": tuple(facts["std"])}


def _hub_file(repository: str) -> Path:
    """The weights file in the cache of the hub, where it is downloaded first if it is not there."""
    hub = needed_package("huggingface_hub", "A download of timm's weights")
    for name in _HUB_FILES:
        # Asking the cache first spares those who are offline the time in which the hub is tried again and again.
        cached = hub.try_to_load_from_cache(repository, name)
        if isinstance(cached, str):
            return Path(cached)
    best, other = _HUB_FILES
    return Path(hub.hf_hub_download(repository, best if _hub_has(hub, repository, best) else other))


def _hub_has(hub: Any, repository: str, name: str) -> bool:
    """Whether the hub has a file, asked once: its download tries again for half a minute where there is no connection.

    Raises:
        ConnectionError: the hub cannot be reached.
    """
    try:
        hub.get_hf_file_metadata(hub.hf_hub_url(repository, name))
    except hub.errors.EntryNotFoundError:
        return False
    except hub.errors.HfHubHTTPError:
        return True  # the hub is there but busy, or refuses: the download tries again, or says why
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in _HTTP_CLIENTS:
            raise
        raise ConnectionError(str(error)) from error
    return True


def _url_file(url: str) -> Path:
    """The weights file in the cache of torch, where it is downloaded first if it is not there."""
    file = Path(torch.hub.get_dir()) / "checkpoints" / Path(urlparse(url).path).name
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(file), progress=False)
    return file


def _place(published: Any) -> str:
    return f"https://huggingface.co/{published.hf_hub_id}" if published.hf_hub_id else str(published.url)


def _first_sentence(error: Exception) -> str:
    """What the hub says first; the advice that follows is of no use here."""
    return " ".join(str(error).split()).partition(". ")[0].removesuffix(".")


def _safetensors_error() -> type[Exception]:
    """What a damaged file raises."""
    error: type[Exception] = needed_package("safetensors", "A weights file of timm").SafetensorError
    return error
