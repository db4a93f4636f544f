"""A Ray cluster: one worker for each processor, or each GPU, of any number of machines.

Nothing is shared but the network: the code of this project, the weights file and every image go by value. Ray itself
is optional (requirements-ray.txt).
"""

import logging
import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from stimuli.engines.crew import Crew
from stimuli.engines.interface import NetworkSpec
from stimuli.engines.processes import KEEP_MEMORY
from stimuli.engines.weights_file import WeightsFile, keep_weights, read_weights
from stimuli.engines.work import orders_at_once
from stimuli.engines.worker import Result, Worker, WorkerDiedError
from stimuli.orders import EngineError, ImageSource

PACKAGES = Path(__file__).resolve().parents[2]

# Of a Ray that is started here: what few images take, which come and go, beside the weights.
OBJECT_STORE_BYTES = 256 * 2**20

# How long a cluster may take to answer at all.
CONNECT_S = 10.0

# Read as Ray is imported. It would report its use, and print a paragraph for every death, which is dealt with here.
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_IGNORE_UNHANDLED_ERRORS": "1", "RAY_DEDUP_LOGS_SKIP_REGEX": "."}


@contextmanager
def open_cluster(spec: NetworkSpec, count: int | None, address: str | None) -> Iterator[Crew]:
    """A crew of Ray actors, gone when the block ends.

    Args:
        spec: of the network; its device is ``auto``, ``cpu`` or ``cuda``.
        count: of workers; None for one for each processor of the cluster, or for each GPU.
        address: of the cluster; None for a Ray that is started on this machine and ends with the block.

    Raises:
        EngineError: Ray is not installed, there is no cluster at the address, or the network cannot be had.
    """
    if spec.device not in ("auto", "cpu", "cuda"):
        raise EngineError(f"Ray gives each worker its GPU; use --device cuda instead of {spec.device}.")
    weights = read_weights(spec.weights) if spec.weights else None
    ray = _ray()
    _connect(ray, address, count, 2 * len(weights.data) if weights else 0)
    workers: list[RayWorker] = []
    try:
        device, size = _device_and_size(ray.cluster_resources(), spec.device, count)
        own = replace(spec, weights=None, device=device)
        takes = {"num_cpus": 0, "num_gpus": 1} if device == "cuda" else {"num_cpus": 1}
        actor = ray.remote(_Actor).options(**takes, max_restarts=0, max_task_retries=0, scheduling_strategy="SPREAD")
        # Once into the object store, from which every node fetches it.
        shared = ray.put(weights)

        def hire(_place: int) -> Worker:
            workers.append(RayWorker(ray, actor.remote(own, shared)))
            return workers[-1]

        yield Crew(hire, size, chunk=orders_at_once(device), send=_bytes)
    finally:
        for worker in workers:
            worker.end()
        ray.shutdown()


class RayWorker:
    """An actor of the cluster; see ``worker.Worker``."""

    def __init__(self, ray: Any, actor: Any) -> None:
        self._ray, self._actor = ray, actor

    def arrival(self) -> Future[str]:
        """See Worker."""
        return self._future(self._actor.where.remote())

    def submit(self, task: Callable[..., Result], *arguments: Any) -> Future[Result]:
        """See Worker."""
        return self._future(self._actor.answer.remote(task, *arguments))

    def result(self, future: Future[Result]) -> Result:
        """See Worker. Whatever keeps Ray from bringing a result counts as the worker's death."""
        try:
            return future.result()
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except self._ray.exceptions.RayError as error:
            raise WorkerDiedError from error

    def end(self) -> None:
        """See Worker."""
        with suppress(self._ray.exceptions.RayError):
            self._ray.kill(self._actor)

    def _future(self, reference: Any) -> Future[Any]:
        future: Future[Any] = reference.future()
        return future


# What runs on a node.


class _Actor:
    def __init__(self, spec: NetworkSpec, weights: WeightsFile | None) -> None:
        self._asked, self._weights = spec, weights

    def where(self) -> str:
        """The node."""
        import ray

        return f"node {ray.util.get_node_ip_address()} ({ray.get_runtime_context().get_node_id()[:8]})"

    def answer(self, task: Callable[..., Result], *arguments: Any) -> Result:
        """Do a task of ``tasks``."""
        try:
            return task(self._spec, *arguments)
        except ImportError as error:
            raise EngineError(
                f"On {self.where()} there is no {error.name}; install there what requirements.txt names."
            ) from error

    @cached_property
    def _spec(self) -> NetworkSpec:
        return replace(self._asked, weights=keep_weights(self._weights) if self._weights else None)


def _ray() -> Any:
    os.environ.update(QUIET)
    try:
        import ray
    except ImportError as error:
        raise EngineError(
            "Ray is not installed; run `python -m pip install -r requirements-ray.txt`, or leave out --engine ray."
        ) from error
    return ray


def _connect(ray: Any, address: str | None, count: int | None, weights_bytes: int) -> None:
    """Connect to the cluster, or start one on this machine, and say nothing about it."""
    own: dict[str, Any] = {}
    if address is not None:
        _check_address(address)
    else:
        own = {
            "num_cpus": count or len(os.sched_getaffinity(0)),
            "object_store_memory": OBJECT_STORE_BYTES + weights_bytes,
            "include_dashboard": False,
        }
    try:
        ray.init(
            address or "local",
            log_to_driver=False,
            logging_level=logging.CRITICAL,
            # The code that makes the images, too, goes by value, so that all nodes have the driver's.
            runtime_env={
                "py_modules": [str(PACKAGES / "stimuli"), str(PACKAGES / "accentuation")],
                "env_vars": KEEP_MEMORY,
            },
            **own,
        )
    except (ConnectionError, ValueError, RuntimeError) as error:
        where = f"The Ray cluster at {address} cannot be reached" if address else "Ray cannot be started here"
        raise EngineError(f"{where}: {str(error).splitlines()[0]}") from error


def _check_address(address: str) -> None:
    """Ask the address itself whether somebody is there: Ray would try for minutes, and print that it does."""
    host, _, port = address.rpartition(":")
    if address == "auto":
        return
    if not host or not port.isdecimal() or "/" in host:
        raise EngineError(f"--address must be HOST:PORT, as `ray start` prints it, or auto (found {address}).")
    try:
        socket.create_connection((host, int(port)), CONNECT_S).close()
    except OSError as error:
        raise EngineError(
            f"There is no Ray cluster at {address} ({error.strerror or error}); `ray start --head` prints its address."
        ) from error


def _device_and_size(resources: dict[str, float], device: str, count: int | None) -> tuple[str, int]:
    """What the workers compute on, and how many places there are for them."""
    if device == "auto":
        device = "cuda" if resources.get("GPU", 0) >= 1 else "cpu"
    kind = "GPU" if device == "cuda" else "CPU"
    there = int(resources.get(kind, 0))
    if there < 1:
        raise EngineError(f"The Ray cluster has no {kind}; add a node that has one, or use another --device.")
    # More than there are now may be asked for: they come with the nodes that join later.
    return device, count or there


def _bytes(source: ImageSource) -> ImageSource:
    """An image by value."""
    if isinstance(source, bytes):
        return source
    try:
        return source.read_bytes()
    except OSError as error:
        raise EngineError(
            f"The image file {source} is missing or damaged; run the same import_images again, which restores it."
        ) from error
