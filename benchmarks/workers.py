"""Stimuli per minute: one process with all threads against several with one thread each.

``python -m benchmarks.workers``; the settings are the demo's. Both ways are measured in turn, several times, because
other work on the machine disturbs them differently. The processes keep freed memory, which one process cannot be told
once it runs; that is part of the difference. The last line is one JSON object.
"""

import json
import os
import statistics
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from PIL import Image

from stimuli.engines.interface import Workers
from stimuli.engines.opening import open_workers
from stimuli.orders import Order

NAME = "efficientnet_lite0"
CONFIG = {"steps": 16, "crops": 4, "learning_rate": 0.1, "regularization": 0.5}
ROUNDS = 3


def photograph(folder: Path, side: int = 256) -> Path:
    """A square of scikit-image's cat, so many pixels a side."""
    spec = find_spec("skimage")
    assert spec is not None
    assert spec.origin is not None
    picture = Image.open(Path(spec.origin).parent / "data" / "chelsea.png")
    path = folder / f"cat-{side}.png"
    picture.resize((side, side), box=(100, 0, 400, 300)).save(path)
    return path


def seconds(workers: Workers, orders: list[Order]) -> float:
    """How long the workers take for all orders."""
    start = time.perf_counter()
    for _ in workers.make(orders):
        pass
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    import torch  # not above: benchmarks/engines.py imports this module where there is to be no torch

    processors = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        path = photograph(Path(folder))
        orders = [Order(path, "blocks.4.2:channel=29", CONFIG, seed) for seed in range(2 * processors)]
        rates: dict[int, list[float]] = {1: [], processors: []}
        with (
            open_workers(NAME, None, "cpu", 1) as here,
            open_workers(NAME, None, "cpu", processors) as beside,
        ):
            # Workers hold to one thread, so that images do not depend on it; here it is what is measured.
            torch.set_num_threads(processors)
            for workers in (here, beside):
                seconds(workers, orders)  # every process loads its network
            for _ in range(ROUNDS):
                for count, workers in ((1, here), (processors, beside)):
                    rates[count].append(60 * len(orders) / seconds(workers, orders))
    for count, measured in rates.items():
        print(
            f"{count} process(es): {statistics.median(measured):.1f} stimuli per minute ({min(measured):.1f} at least)"
        )
    one, several = (statistics.median(rates[count]) for count in (1, processors))
    print(
        json.dumps({"processors": processors, "one_per_min": one, "several_per_min": several, "ratio": several / one})
    )


if __name__ == "__main__":
    main()
