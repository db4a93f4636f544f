"""One pass of a pool of any size through a network, in constant memory, that can be cut off and taken up again.

Rows come from the database a few at a time in the order of their ids, batches are read by the workers as they are
needed, and their activations are folded into the state of each layer in the order of completion. Which images make up a
batch depends on nothing else than the pool, so that every activation is the same to the last bit in whatever order, and
after however many interruptions, the batches were computed.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from heapq import nsmallest
from itertools import count, islice

import numpy as np

from stimuli import files
from stimuli.checkpoints import Arrays, Checkpoint
from stimuli.engines.interface import Values, Workers
from stimuli.models import ImagePool, SourceImage
from stimuli.orders import ImageSource, NetworkFacts
from stimuli.ranking import Ids, LayerFold

# On a CPU larger ones were slower: fresh memory for the large activations of early layers cost more than was saved.
CPU_BATCH = 16
# The engine divides these itself; large ones keep its gaps short.
GPU_BATCH = 1024

# What a kill may cost, in seconds of work.
CHECKPOINT_S = 30.0

# Rows that the database hands over at once.
_ROWS = 2000

# The sample of a pool is the same for all features and all networks: the images whose hash with this key is smallest.
_SAMPLE_KEY = b"quiddity survey sample"

Columns = Mapping[str, Sequence[int] | None]


@dataclass(frozen=True)
class Extent:
    """How much of a pool is kept for every ranked unit.

    Attributes:
        images: how many the pool has.
        ends: how many of the strongest and of the weakest images; 0 where the sample is the whole pool.
        sample: ids of the sampled images, ascending.
    """

    images: int
    ends: int
    sample: Ids

    @property
    def whole(self) -> bool:
        """Whether all images are kept."""
        return not self.ends


def extent_of(pool: ImagePool, *, ends: int, sample: int) -> Extent:
    """What a survey keeps of a pool: everything where the ends or the sample would hold as much."""
    images = pool.images.count()
    if images <= max(2 * ends, sample):
        return Extent(images, 0, np.fromiter(pool.images.order_by("id").values_list("id", flat=True), np.int64))
    return Extent(images, ends, sample_of(pool, sample))


def sample_of(pool: ImagePool, size: int) -> Ids:
    """The ids of a random sample of a pool, ascending; any smaller sample is a part of it."""
    rows = pool.images.order_by("id").values_list("id", "sha256").iterator(chunk_size=_ROWS)
    drawn = nsmallest(size, ((_keyed_hash(sha256), pk) for pk, sha256 in rows))
    return np.array(sorted(pk for _, pk in drawn), dtype=np.int64)


def fold_pool(
    workers: Workers,
    pool: ImagePool,
    columns: Columns,
    extent: Extent,
    checkpoint: Checkpoint,
    *,
    progress: Callable[[int], object],
) -> dict[str, LayerFold]:
    """Show all images of a pool to a network and fold their activations, by layer.

    Args:
        workers: with the network.
        pool: of images.
        columns: by layer (``logit`` for the logits) the units to rank; None for all.
        extent: what is kept of the pool.
        checkpoint: where the state is kept from time to time, and from which the pass goes on.
        progress: is told how many images were done since it was last called.

    Raises:
        EngineError: no such layer, or an image file is missing or damaged.
        OSError: the checkpoint cannot be written.
    """
    size = batch_size(workers.facts)
    state = _State.resumed(checkpoint.read(), list(columns))
    progress(state.images(extent.images, size))
    kept_at = time.monotonic()
    for place, ids, values in _activations(workers, pool, list(columns), state, size):
        for layer, wanted in columns.items():
            if layer not in state.folds:
                units = values[layer].shape[1]
                ranked = range(units) if wanted is None else wanted
                state.folds[layer] = LayerFold(units, ranked, extent.ends, extent.sample)
            state.folds[layer].add(ids, values[layer])
        state.done(place)
        progress(len(ids))
        if time.monotonic() - kept_at >= CHECKPOINT_S:
            checkpoint.write(state.arrays())
            kept_at = time.monotonic()
    return state.folds


def pass_key(network: NetworkFacts, pool: ImagePool, columns: Columns, extent: Extent) -> str:
    """Everything that decides the numbers of a pass, as a text: only what was kept under the same one can go on."""
    key = {
        "network": asdict(network),
        "pool": [pool.pk, extent.images],
        "columns": [[layer, None if units is None else list(units)] for layer, units in columns.items()],
        "kept": [extent.ends, len(extent.sample)],
        "batch": batch_size(network),
    }
    return json.dumps(key, sort_keys=True)


def batch_size(network: NetworkFacts) -> int:
    """How many images a network is handed at once."""
    return GPU_BATCH if network.device.startswith("cuda") else CPU_BATCH


class _State:
    """Which batches are done, and what was found in them."""

    def __init__(self) -> None:
        self.folds: dict[str, LayerFold] = {}
        # All batches below this place are done, and those beyond it that overtook it.
        self.below = 0
        self.beyond: set[int] = set()

    def done(self, place: int) -> None:
        self.beyond.add(place)
        while self.below in self.beyond:
            self.beyond.remove(self.below)
            self.below += 1

    def images(self, images: int, size: int) -> int:
        """How many of so many images are done, in batches of this size."""
        return min(self.below * size, images) + sum(min(size, images - place * size) for place in self.beyond)

    def arrays(self) -> Arrays:
        arrays: Arrays = {"below": np.array(self.below), "beyond": np.array(sorted(self.beyond), dtype=np.int64)}
        for number, fold in enumerate(self.folds.values()):
            arrays |= {f"{number}.{name}": array for name, array in fold.arrays().items()}
        return arrays

    @classmethod
    def resumed(cls, arrays: Arrays | None, layers: Sequence[str]) -> "_State":
        state = cls()
        if arrays is None:
            return state
        state.below, state.beyond = int(arrays["below"].item()), set(arrays["beyond"].tolist())
        for number, layer in enumerate(layers):
            prefix = f"{number}."
            mine = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
            state.folds[layer] = LayerFold.from_arrays(mine)
        return state


def _activations(
    workers: Workers, pool: ImagePool, layers: Sequence[str], state: _State, size: int
) -> Iterator[tuple[int, Ids, Values]]:
    """The place of every batch that is not done, the ids of its images and their activations, as they come."""
    in_flight: dict[int, tuple[int, Ids]] = {}  # by the number under which the workers know a batch

    def batches() -> Iterator[list[ImageSource]]:
        for number, (place, images) in enumerate(_undone(pool, state, size)):
            in_flight[number] = place, np.array([image.pk for image in images], dtype=np.int64)
            yield [files.source(image.sha256) for image in images]

    for number, values in workers.activations(batches(), layers):
        yield *in_flight.pop(number), values


def _undone(pool: ImagePool, state: _State, size: int) -> Iterator[tuple[int, list[SourceImage]]]:
    """The batches that are not done when this begins, each with its place."""
    first, overtaking = state.below, frozenset(state.beyond)
    rows = _rows(pool, first * size)
    for place in count(first):
        images = list(islice(rows, size))
        if not images:
            return
        if place not in overtaking:
            yield place, images


def _rows(pool: ImagePool, start: int) -> Iterator[SourceImage]:
    """The images of a pool by their ids, but for the first ones.

    Each page is a query of its own: a cursor would have to stay open as long as the network takes, for hours.
    """
    rows = pool.images.order_by("id").only("id", "sha256")
    page = list(rows[start : start + _ROWS])
    while page:
        yield from page
        page = list(rows.filter(id__gt=page[-1].pk)[:_ROWS])


def _keyed_hash(sha256: str) -> bytes:
    return hashlib.blake2b(bytes.fromhex(sha256), key=_SAMPLE_KEY, digest_size=16).digest()
