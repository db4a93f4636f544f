"""Processes of this machine: several of one thread each on a CPU, or one for each GPU.

On a CPU several processes with one thread each make more images than one process with several threads, and other work
on the machine does not stall them: threads that share one image wait for each other many times a step. On a GPU a
second process would only take turns with the first.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.context import SpawnContext, SpawnProcess
from threading import Thread
from typing import Any

from stimuli.engines import tasks
from stimuli.engines.crew import Crew
from stimuli.engines.interface import NetworkSpec
from stimuli.engines.work import orders_at_once
from stimuli.engines.worker import Result, Worker, WorkerDiedError
from stimuli.orders import EngineError

# glibc gives large blocks back to the system when they are freed, and every step of an optimisation asks for the same
# ones again, each page cleared anew. Kept, a step takes three quarters of the time (docs/generation.md).
KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(8 * 2**30)}


@contextmanager
def open_processes(spec: NetworkSpec, count: int | None) -> Iterator[Crew]:
    """A crew of processes, gone when the block ends.

    Args:
        spec: of the network.
        count: of processes on a CPU; None for one for each processor. On GPUs there is one for each.

    Raises:
        EngineError: the network cannot be had.
    """
    first = ProcessWorker(spec)  # which device there is, a process with torch must say
    try:
        devices = first.result(first.submit(tasks.devices))
    except WorkerDiedError as death:
        raise EngineError("The first worker process died as it started; run the same command again.") from death
    else:
        if devices == ["cpu"]:
            devices *= count or len(os.sched_getaffinity(0))
        with open_on(spec, devices, chunk=orders_at_once(devices[0]), first=first) as crew:
            yield crew
    finally:
        first.end()


@contextmanager
def open_on(
    spec: NetworkSpec, devices: Sequence[str], *, chunk: int, first: "ProcessWorker | None" = None
) -> Iterator[Crew]:
    """A crew with one process for each of these devices, gone when the block ends.

    Args:
        spec: of the network; its device is replaced.
        devices: names as torch knows them; one may stand there several times.
        chunk: how many orders a process is handed at once.
        first: a process that is there already.

    Raises:
        EngineError: the network cannot be had.
    """
    there = [first] if first else []
    hired: list[ProcessWorker] = []

    def hire(place: int) -> Worker:
        worker = there.pop() if there else ProcessWorker(spec)
        worker.spec = replace(spec, device=devices[place])
        hired.append(worker)
        return worker

    try:
        yield Crew(hire, len(devices), chunk=chunk)
    finally:
        # Whatever they still compute is not wanted: after an exception or Ctrl-C they would go on for minutes.
        for worker in hired:
            worker.end()


class ProcessWorker:
    """A process of this machine, started by its first task; see ``worker.Worker``."""

    def __init__(self, spec: NetworkSpec) -> None:
        self.spec = spec
        # Spawned, not forked: a process that has used torch's threads or cuda cannot be forked safely.
        self._context = _Context()
        # An executor of its own, so that the death of one worker leaves the others at work.
        self._executor = ProcessPoolExecutor(1, self._context, initializer=_begin)

    def arrival(self) -> Future[str]:
        """See Worker."""
        return self.submit(tasks.where)

    def submit(self, task: Callable[..., Result], *arguments: Any) -> Future[Result]:
        """See Worker."""
        try:
            return self._executor.submit(task, self.spec, *arguments)
        except BrokenProcessPool as death:
            future: Future[Result] = Future()
            future.set_exception(death)
            return future

    def result(self, future: Future[Result]) -> Result:
        """See Worker."""
        try:
            return future.result()
        except BrokenProcessPool as death:
            raise WorkerDiedError from death

    def end(self) -> None:
        """See Worker. The executor's own thread waits for the process: two who wait for one are a race."""
        for process in self._context.started:
            process.kill()
        self._executor.shutdown(cancel_futures=True)


class _Process(SpawnProcess):
    def start(self) -> None:
        """Start with the settings of memory that a process reads only as it begins."""
        before = {name: os.environ.get(name) for name in KEEP_MEMORY}
        os.environ.update(KEEP_MEMORY | {name: value for name, value in before.items() if value is not None})
        try:
            super().start()
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]


class _Context(SpawnContext):
    """Spawns, and knows whom."""

    def __init__(self) -> None:
        self.started: list[SpawnProcess] = []

    def Process(self, *args: Any, **options: Any) -> SpawnProcess:  # type: ignore[override]  # noqa: N802
        """As the executor starts its process."""
        process = _Process(*args, **options)
        self.started.append(process)
        return process


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
