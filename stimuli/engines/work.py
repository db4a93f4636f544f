"""The jobs of one call: what is waiting, what was lost with a worker, and what no worker survives."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import Any

# A worker may die through no fault of its job: for want of memory, or with its machine.
ATTEMPTS = 3

# How many images a GPU is handed at once; the network makes as many of them at a time as its memory holds.
GPU_CHUNK = 64


@dataclass(frozen=True)
class Job:
    """What a worker is handed at once.

    Attributes:
        places: of the items in the list that the caller gave.
        items: as many.
        deaths: how many workers died of it while it held a single item.
    """

    places: tuple[int, ...]
    items: tuple[Any, ...]
    deaths: int = 0


def orders_at_once(device: str) -> int:
    """How many orders suit a device: on a CPU one, so that no result waits for another."""
    return 1 if device == "cpu" else GPU_CHUNK


def jobs(items: Sequence[Any], workers: int, chunk: int) -> Iterator[Job]:
    """Cut a list into jobs of at most ``chunk`` items, all of nearly one size, as many for each worker.

    With fewer items than workers times chunk every worker gets one job, so that none is idle while another has all.
    """
    rounds = -(-len(items) // (workers * chunk))
    count = min(rounds * workers, len(items))
    bounds = [number * len(items) // count for number in range(count + 1)] if count else []
    for start, stop in pairwise(bounds):
        yield Job(tuple(range(start, stop)), tuple(items[start:stop]))


class Work:
    """Hands out jobs, the earliest first, and takes back those whose worker died."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._source = iter(jobs)
        self._waiting: deque[Job] = deque()
        self.doomed: list[Job] = []

    def waiting(self, ahead: int) -> int:
        """How many jobs wait, counted up to ``ahead``; no more than these are taken from the source."""
        self._waiting.extend(islice(self._source, max(0, ahead - len(self._waiting))))
        return len(self._waiting)

    def take(self) -> Job:
        """The next job."""
        return self._waiting.popleft()

    def give_back(self, jobs: Sequence[Job]) -> None:
        """These were lost with their worker before it had begun them."""
        self._waiting.extendleft(reversed(jobs))

    def blame(self, job: Job) -> None:
        """The worker died in this job: its halves are tried again, and a single item a few times in all."""
        if len(job.items) > 1:
            half = len(job.items) // 2
            self.give_back([Job(job.places[:half], job.items[:half]), Job(job.places[half:], job.items[half:])])
        elif job.deaths + 1 < ATTEMPTS:
            # Behind those that wait, so that it does not hold them up.
            self._waiting.append(replace(job, deaths=job.deaths + 1))
        else:
            self.doomed.append(replace(job, deaths=ATTEMPTS))
