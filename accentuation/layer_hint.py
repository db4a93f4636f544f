"""The layers of a network by name, for those who do not know its parts yet; nothing is downloaded for it."""

import warnings
from collections.abc import Iterator

import torch
import torchvision
from torch import nn

from accentuation.models import ARCHITECTURE_OPTIONS, known_name, torchvision_names
from accentuation.packages import needed_package
from accentuation.timm_zoo import PREFIX, timm_names

COUNT = 4


def some_layers(name: str) -> list[str]:
    """Up to four layers of a model of :func:`~accentuation.models.model_names`, from the first on in their order.

    The last quarter of the network is left out, as its layers hold little of an image in place. Empty for an unknown
    name.
    """
    module = _without_weights(known_name(name))
    if module is None:
        return []
    parts = dict(_parts(module))
    if len(parts) <= COUNT:  # a transformer is often one part with all blocks in it
        largest = max(parts, key=lambda part: sum(each.numel() for each in parts[part].parameters()))
        parts |= {f"{largest}.{inner}": part for inner, part in _parts(parts.pop(largest))}
    names = list(parts)[: max(1, len(parts) * 3 // 4)]
    return list(dict.fromkeys(names[round(place * (len(names) - 1) / (COUNT - 1))] for place in range(COUNT)))


def all_layers(name: str) -> list[str]:
    """The layers of such a model; empty for an unknown name, and for one that comes without a download."""
    module = _without_weights(known_name(name))
    return [] if module is None else [layer for layer, _ in module.named_modules() if layer]


def _parts(module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The children that have weights and may have positions, sequences taken apart."""
    for name, child in module.named_children():
        if isinstance(child, nn.Sequential | nn.ModuleList):
            yield from ((f"{name}.{inner}", part) for inner, part in _parts(child))
        elif any(True for _ in child.parameters()) and not isinstance(child, nn.Linear):
            yield name, child


def _without_weights(name: str) -> nn.Module | None:
    if name in torchvision_names():
        build, architecture, options = torchvision.models.get_model, name, ARCHITECTURE_OPTIONS.get(name, {})
    elif name in timm_names():
        build, architecture, options = needed_package("timm", name).create_model, name.removeprefix(PREFIX), {}
    else:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with torch.device("meta"):  # where weights take neither memory nor time
                module: nn.Module = build(architecture, **options)
        except NotImplementedError:  # a few networks look at their values while they are made
            module = build(architecture, **options)
    return module
