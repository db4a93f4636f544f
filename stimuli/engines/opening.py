"""Which engine: chosen by name, opened for the length of a block."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from stimuli.code_version import release
from stimuli.engines import cluster, processes
from stimuli.engines.here import Here
from stimuli.engines.interface import NetworkSpec, Workers
from stimuli.orders import EngineError

ENGINES = ("process", "ray")


@contextmanager
def open_workers(
    name: str,
    weights: Path | None,
    device: str,
    count: int | None = None,
    *,
    engine: str = "process",
    address: str | None = None,
) -> Iterator[Workers]:
    """Workers with this network, gone when the block ends.

    Args:
        name: of the network.
        weights: a weights file, or None for those that come with the name.
        device: ``cpu``, ``cuda`` for every GPU, ``cuda:1`` for one, or ``auto`` for all GPUs or else the CPU.
        count: of workers; by default one for each processor, on GPUs one for each. With ``process``, 1 computes in
            this process. Each has one thread: another number would sum in another order and change the images.
        engine: ``process`` for this machine, or ``ray`` for a cluster.
        address: of the Ray cluster; None for one that is started here and ends with the block.

    Raises:
        EngineError: the network or the cluster cannot be had; inside the block, what the workers say.
    """
    with _opened(NetworkSpec(name, weights, device), count, engine, address) as workers:
        # Workers on other machines have the code, but not the checkout that it came from.
        workers.facts = replace(workers.facts, made_with={**release(), **workers.facts.made_with})
        yield workers


@contextmanager
def _opened(spec: NetworkSpec, count: int | None, engine: str, address: str | None) -> Iterator[Workers]:
    if engine == "ray":
        with cluster.open_cluster(spec, count, address) as crew:
            yield crew
    elif address is not None:
        raise EngineError("An --address is that of a Ray cluster; add --engine ray, or leave it out.")
    elif count == 1:
        yield Here(spec)
    else:
        with processes.open_processes(spec, count) as crew:
            yield crew
