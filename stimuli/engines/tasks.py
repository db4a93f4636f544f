"""What runs where the network is: plain functions of which network it is and of what is asked.

A process loads a network once and keeps it.
"""

import os
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from stimuli.engines.interface import NetworkSpec, Values
from stimuli.orders import ImageSource, Made, NetworkFacts, Order

if TYPE_CHECKING:  # it imports torch
    from stimuli.engine import Network


def load(spec: NetworkSpec) -> "Network":
    """The network, on one thread: another number of threads would sum in another order and change the images.

    Raises:
        EngineError: it cannot be had.
    """
    from stimuli.engine import Network, use_one_thread

    use_one_thread()
    return Network(spec.name, spec.weights, spec.device)


_network = cache(load)


def devices(spec: NetworkSpec) -> list[str]:
    """The devices of this machine that the device's name means; several only for GPUs."""
    from stimuli.engine import devices

    return devices(spec.device)


def where(_spec: NetworkSpec) -> str:
    """Which process this is, for messages."""
    return f"process {os.getpid()}"


def facts(spec: NetworkSpec) -> NetworkFacts:
    """What the records keep of the network."""
    return _network(spec).facts


def locate(spec: NetworkSpec, feature: str) -> tuple[str, int]:
    """The layer and the unit that a feature's text names."""
    return _network(spec).locate(feature)


def check(spec: NetworkSpec, order: Order) -> None:
    """Make sure that an order can be followed."""
    _network(spec).check(order)


def activations(spec: NetworkSpec, batches: Sequence[Sequence[ImageSource]], layers: Sequence[str]) -> list[Values]:
    """The activations of the images of each batch."""
    return [_network(spec).activations(batch, layers) for batch in batches]


def make(spec: NetworkSpec, orders: Sequence[Order]) -> list[Made]:
    """What was made of each order, in their order."""
    return list(_network(spec).make(orders))
