"""What a Ray cluster of this machine makes per minute, and how much memory the driver takes.

A part of benchmarks/generation.py: ``python -m benchmarks.generation --parts engines``, about six minutes on two
processors. Each number of workers is measured several times in turn, because other work on the machine disturbs them
differently.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.workers import NAME, photograph, seconds
from stimuli.engines.opening import open_workers
from stimuli.orders import Order

ROUNDS = 2
COUNTS = (1, 2, 4)
ORDERS_EACH = 3
CONFIG = {"steps": 8, "crops": 4, "learning_rate": 0.1, "regularization": 0.5}

SIZES = (10, 100, 1000)
# A small network and hardly any steps: here only the driver is looked at.
SMALL = "timm/test_efficientnet.r160_in1k"
SMALL_WEIGHTS = "small.pth"
SMALL_CONFIG = {"steps": 2, "crops": 1, "regularization": 0.0}


def rate(engine: str, count: int, path: Path) -> float:
    """Stimuli per minute of so many workers that have their network already."""
    orders = [Order(path, "blocks.4.2:channel=29", CONFIG, seed) for seed in range(ORDERS_EACH * count)]
    with open_workers(NAME, None, "cpu", count, engine=engine) as workers:
        for _ in range(2):  # until each has had an order
            seconds(workers, orders[: 2 * count])
        return 60 * len(orders) / seconds(workers, orders)


def rates(path: Path) -> dict[str, float]:
    """The median of each engine and number of workers."""
    ways = [("ray", count) for count in COUNTS] + [("process", 2)]
    measured: dict[str, list[float]] = {f"{engine}_per_min_{count}": [] for engine, count in ways}
    for _ in range(ROUNDS):
        for engine, count in ways:
            measured[f"{engine}_per_min_{count}"].append(rate(engine, count, path))
    for name, values in measured.items():
        print(f"{name}: {', '.join(f'{value:.1f}' for value in values)}", flush=True)
    return {name: statistics.median(values) for name, values in measured.items()}


def peak_mb() -> float:
    """The most memory that this process has held, in MB.

    Of the kernel's account of the program that runs now: what getrusage tells includes the process it was forked from.
    """
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def drive(size: int, folder: Path) -> None:
    """As a driver: make so many stimuli on two Ray workers, keep their files, and print the peak memory in MB."""
    weights = folder / SMALL_WEIGHTS
    orders = [Order(photograph(folder, 64), "logit=1", SMALL_CONFIG, seed) for seed in range(size)]
    with open_workers(SMALL, weights, "cpu", 2, engine="ray") as workers:
        for place, made in workers.make(orders):
            (folder / f"{size}-{place}.png").write_bytes(made.pictures[0].image)
    print(peak_mb())


def peaks(folder: Path) -> Iterator[tuple[str, float]]:
    """The driver's peak memory for each number of stimuli, each in a process of its own."""
    import timm  # not above: the driver knows no torch
    import torch

    torch.manual_seed(0)
    torch.save(timm.create_model(SMALL.removeprefix("timm/"), pretrained=False).state_dict(), folder / SMALL_WEIGHTS)
    for size in SIZES:
        start = time.perf_counter()
        command = [sys.executable, "-m", "benchmarks.engines", "--driver", str(size), "--folder", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert len(list(folder.glob(f"{size}-*.png"))) == size
        peak = float(done.stdout.splitlines()[-1])
        print(f"{size} stimuli: {peak:.0f} MB at most in the driver, {time.perf_counter() - start:.0f} s", flush=True)
        yield f"peak_mb_{size}", peak


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Stimuli per minute by engine and number of workers, the driver's peak memory, and the cluster's efficiency."""
    with tempfile.TemporaryDirectory() as folder:
        found = rates(photograph(Path(folder)))
        found |= dict(peaks(Path(folder)))
    for count in COUNTS[1:]:
        found[f"ray_efficiency_{count}"] = found[f"ray_per_min_{count}"] / (count * found["ray_per_min_1"])
    return {name: round(value, 3) for name, value in found.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A driver whose memory is looked at.")
    parser.add_argument("--driver", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    given = parser.parse_args()
    drive(given.driver, given.folder)
