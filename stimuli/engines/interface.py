"""What every engine answers to, wherever it computes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from stimuli.orders import ImageSource, Made, NetworkFacts, Order

# Activations of all units, (images, units), by layer.
Values = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class NetworkSpec:
    """Which network, with which weights file (None: those that come with the name), on which device."""

    name: str
    weights: Path | None
    device: str


class Workers(Protocol):
    """A network that answers, wherever it is. All of these raise EngineError."""

    facts: NetworkFacts
    at_once: int  # so many orders are made at a time

    def locate(self, feature: str) -> tuple[str, int]:
        """The layer and the unit that a feature's text names."""

    def check(self, order: Order) -> None:
        """Make sure that an order can be followed, before the first is begun."""

    def activations(
        self, batches: Iterable[Sequence[ImageSource]], layers: Sequence[str]
    ) -> Iterator[tuple[int, Values]]:
        """The place of each batch and the activations of its images, in the order of completion.

        Batches are taken as they are needed, a few ahead, so that any number of them streams through.
        """

    def make(self, orders: Sequence[Order]) -> Iterator[tuple[int, Made]]:
        """The place of each order in the list and what was made of it, in the order of completion."""
