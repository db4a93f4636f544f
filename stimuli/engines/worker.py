"""One worker as the crew knows it: a process, here or on another machine, that has the network."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

Result = TypeVar("Result")


class WorkerDiedError(RuntimeError):
    """The worker is gone, with whatever it had in hand."""


class Worker(Protocol):
    """Does one task after another, in the order in which they were submitted."""

    def arrival(self) -> "Future[str]":
        """Comes when the worker runs, and says where it is; submitted before any task."""

    def submit(self, task: Callable[..., Result], *arguments: Any) -> "Future[Result]":
        """Have it call a function of ``tasks``; the network's spec is put before the arguments."""

    def result(self, future: "Future[Result]") -> Result:
        """What a submitted task came to, waiting for it.

        Raises:
            WorkerDiedError: the worker died, in this task or in an earlier one.
            EngineError: the network refused the task.
        """

    def end(self) -> None:
        """End it, whatever it has in hand; it may be dead already. It is gone when this returns."""
