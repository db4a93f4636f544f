"""Who computes: this process, or several beside it.

On a CPU, several processes with one thread each make more images than one process with several threads, and
other work on the machine does not stall them: threads that share one image wait for each other many times a step.
Workers know nothing of the database. What goes to them and what comes back are plain values.
"""

import multiprocessing
import os
import signal
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from stimuli.orders import EngineError, ImageSource, Made, NetworkFacts, Order

if TYPE_CHECKING:  # it imports torch
    from stimuli.engine import Network

Result = TypeVar("Result")

# Activations of all units, (images, units), by layer.
Values = dict[str, NDArray[np.float64]]

# Name, weights file and device of a network.
Which = tuple[str, Path | None, str]


class Workers(Protocol):
    """A network that answers, wherever it is. All of these raise EngineError."""

    facts: NetworkFacts

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


WORKERS_HELP = "processes of one thread each on a CPU (default: one for each processor); the images are the same"


def worker_count(text: str) -> int:
    """A number of workers as an option gives it.

    Raises:
        ArgumentTypeError: it is not 1 or more.
    """
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"at least 1 is needed (found {text})")
    return int(text)


@contextmanager
def open_workers(name: str, weights: Path | None, device: str, count: int | None = None) -> Iterator[Workers]:
    """Workers with this network, gone when the block ends.

    Args:
        name: of the network.
        weights: a weights file, or None for those that come with the name.
        device: ``cpu``, ``cuda``, or ``auto`` for cuda where there is one.
        count: of processes; 1 computes in this process. By default one for each processor. On a CPU each
            has one thread: another number of threads would sum in another order and change the images.

    Raises:
        EngineError: the network cannot be had, or a worker died.
    """
    count = count or len(os.sched_getaffinity(0))
    if count == 1:
        yield _Here(name, weights, device)
        return
    # Spawned, not forked: a process that has used torch's threads or cuda cannot be forked safely.
    executor = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), initializer=_begin)
    try:
        yield _Beside(executor, count, name, weights, device)
    except BrokenProcessPool as error:
        raise EngineError(
            "A worker process died, perhaps for want of memory; use fewer --workers and run the same command again."
        ) from error
    finally:
        # Whatever they still compute is not wanted: after an exception or Ctrl-C they would go on for minutes.
        executor.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.terminate()
            process.join()


class _Here:
    """This process, on one thread as the others, so that the number of workers never shows in an image."""

    def __init__(self, name: str, weights: Path | None, device: str) -> None:
        from stimuli.engine import Network, use_one_thread

        use_one_thread()
        self._network = Network(name, weights, device)
        self.facts = self._network.facts

    def locate(self, feature: str) -> tuple[str, int]:
        return self._network.locate(feature)

    def check(self, order: Order) -> None:
        self._network.check(order)

    def activations(
        self, batches: Iterable[Sequence[ImageSource]], layers: Sequence[str]
    ) -> Iterator[tuple[int, Values]]:
        return ((place, self._network.activations(batch, layers)) for place, batch in enumerate(batches))

    def make(self, orders: Sequence[Order]) -> Iterator[tuple[int, Made]]:
        return enumerate(self._network.make(orders))


class _Beside:
    """Processes of their own, started as there is work for them."""

    def __init__(self, executor: ProcessPoolExecutor, count: int, name: str, weights: Path | None, device: str) -> None:
        self._executor = executor
        self._which = (name, weights, device)
        self.facts = executor.submit(_facts, *self._which).result()
        # Twice as many as can be at work, so that none waits for the driver. On a GPU one after another, which a
        # single process answers: several would only take turns there, each with its own copy of the network.
        self._in_flight = 2 * count if self.facts.device == "cpu" else 1

    def locate(self, feature: str) -> tuple[str, int]:
        return self._executor.submit(_locate, self._which, feature).result()

    def check(self, order: Order) -> None:
        self._executor.submit(_check, self._which, order).result()

    def activations(
        self, batches: Iterable[Sequence[ImageSource]], layers: Sequence[str]
    ) -> Iterator[tuple[int, Values]]:
        return self._results(_activations, ((batch, layers) for batch in batches))

    def make(self, orders: Sequence[Order]) -> Iterator[tuple[int, Made]]:
        return self._results(_make, ((order,) for order in orders))

    def _results(self, task: Callable[..., Result], items: Iterable[tuple[Any, ...]]) -> Iterator[tuple[int, Result]]:
        """Results as they come. Few tasks are in flight, so that results do not pile up in memory."""
        waiting = enumerate(items)
        running: dict[Future[Result], int] = {}
        while True:
            for place, item in islice(waiting, self._in_flight - len(running)):
                running[self._executor.submit(task, self._which, *item)] = place
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()


# What runs in a worker process.


def _begin() -> None:
    """Leave Ctrl-C to the driver, and end with it however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_driver, daemon=True).start()


def _end_with_driver() -> None:
    driver = multiprocessing.parent_process()
    assert driver is not None
    driver.join()
    os._exit(1)


@cache
def _network(name: str, weights: Path | None, device: str) -> "Network":
    from stimuli.engine import Network, use_one_thread

    use_one_thread()
    return Network(name, weights, device)


def _facts(name: str, weights: Path | None, device: str) -> NetworkFacts:
    return _network(name, weights, device).facts


def _locate(which: Which, feature: str) -> tuple[str, int]:
    return _network(*which).locate(feature)


def _check(which: Which, order: Order) -> None:
    _network(*which).check(order)


def _activations(which: Which, batch: Sequence[ImageSource], layers: Sequence[str]) -> Values:
    return _network(*which).activations(batch, layers)


def _make(which: Which, order: Order) -> Made:
    return next(_network(*which).make([order]))
