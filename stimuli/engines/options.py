"""The options by which a command is told who computes; the same for all commands."""

from argparse import ArgumentTypeError
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from stimuli.engines.interface import Workers
from stimuli.engines.opening import ENGINES, open_workers


class Parser(Protocol):
    """The part of a command's parser that is used."""

    def add_argument(self, *names: str, **options: Any) -> Any:
        """Declare one option."""


def add_engine_options(parser: Parser) -> None:
    """Declare ``--engine``, ``--address``, ``--device`` and ``--workers``."""
    parser.add_argument(
        "--engine", choices=ENGINES, default="process", help="process: this machine (default); ray: a cluster"
    )
    parser.add_argument(
        "--address", help="of the Ray cluster, as `ray start` prints it, or `auto` (default: a Ray of this machine)"
    )
    parser.add_argument(
        "--device",
        type=device_name,
        default="auto",
        help="cpu, cuda for all GPUs, cuda:1 for one (default: all GPUs if there are any)",
    )
    parser.add_argument(
        "--workers",
        type=worker_count,
        help="processes of one thread each on a CPU (default: one for each processor); the images are the same",
    )


def open_engine(name: str, weights: Path | None, options: Mapping[str, Any]) -> AbstractContextManager[Workers]:
    """The engine that a command's options ask for, with this network.

    Raises:
        EngineError: it cannot be had.
    """
    return open_workers(
        name,
        weights,
        options["device"],
        options["workers"],
        engine=options["engine"],
        address=options["address"],
    )


def worker_count(text: str) -> int:
    """A number of workers as an option gives it.

    Raises:
        ArgumentTypeError: it is not 1 or more.
    """
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"at least 1 is needed (found {text})")
    return int(text)


def device_name(text: str) -> str:
    """A device as an option names it.

    Raises:
        ArgumentTypeError: it is not a device's name.
    """
    kind, _, number = text.partition(":")
    if text not in ("auto", "cpu", "cuda") and not (kind == "cuda" and number.isdecimal()):
        raise ArgumentTypeError(f"auto, cpu, cuda or cuda:NUMBER is needed (found {text})")
    return text
