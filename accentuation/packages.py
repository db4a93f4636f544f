"""Packages that only some networks and files need: without them the rest of the library works."""

import importlib
from typing import Any

from accentuation.errors import ModelError


def needed_package(name: str, purpose: str) -> Any:
    """A package or module, imported now.

    Args:
        name: what to import, such as ``safetensors.torch``.
        purpose: what needs it, for the message.

    Raises:
        ModelError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # On PyPI the words of a name stand with hyphens between them.
        package = name.partition(".")[0].replace("_", "-")
        raise ModelError(
            f"{purpose} needs the package {package}, which is missing; `pip install {package}`."
        ) from error
