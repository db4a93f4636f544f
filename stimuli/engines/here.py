"""This process as an engine: nothing to start, and nothing beside it."""

from collections.abc import Iterable, Iterator, Sequence

from stimuli.engines import tasks
from stimuli.engines.interface import NetworkSpec, Values
from stimuli.engines.work import jobs, orders_at_once
from stimuli.orders import ImageSource, Made, Order


class Here:
    """The network in this process, on one thread as everywhere, so that the number of workers shows in no image.

    Args:
        spec: of the network.

    Raises:
        EngineError: the network cannot be had.
    """

    def __init__(self, spec: NetworkSpec) -> None:
        self._network = tasks.load(spec)
        self.facts = self._network.facts
        self.at_once = orders_at_once(self.facts.device)

    def locate(self, feature: str) -> tuple[str, int]:
        """See Workers."""
        return self._network.locate(feature)

    def check(self, order: Order) -> None:
        """See Workers."""
        self._network.check(order)

    def activations(
        self, batches: Iterable[Sequence[ImageSource]], layers: Sequence[str]
    ) -> Iterator[tuple[int, Values]]:
        """See Workers."""
        return ((place, self._network.activations(batch, layers)) for place, batch in enumerate(batches))

    def make(self, orders: Sequence[Order]) -> Iterator[tuple[int, Made]]:
        """See Workers."""
        for job in jobs(orders, 1, self.at_once):
            yield from zip(job.places, self._network.make(job.items), strict=True)
