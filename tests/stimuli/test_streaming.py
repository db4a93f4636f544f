"""One pass over a pool, with workers that complete batches in any order: what is taken, kept and taken up again."""

import random
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stimuli import streaming
from stimuli.checkpoints import Checkpoint
from stimuli.engines.interface import Values
from stimuli.models import ImagePool, SourceImage
from stimuli.orders import ImageSource, NetworkFacts
from stimuli.ranking import LayerFold
from stimuli.streaming import Extent, extent_of, fold_pool, pass_key, sample_of

FACTS = NetworkFacts("made-up", "0" * 64, "nowhere", 64, [0.5], [0.5], None, "cpu", {"torch": "1"})
IMAGES = 53
IN_FLIGHT = 4


def responses(path: ImageSource) -> NDArray[np.float64]:
    """Made up of the file's name, with ties."""
    assert isinstance(path, Path)
    return np.array([float(int(path.stem[place], 16)) for place in range(3)])


class Disorderly:
    """Workers that hold some batches at a time and complete any of them, and may be cut off."""

    facts = FACTS

    def __init__(self, seed: int, cut_off_after: int | None = None) -> None:
        self._random, self._cut_off_after = random.Random(seed), cut_off_after
        self.seen: list[int] = []  # images in each batch that was completed

    def activations(
        self, batches: Iterable[Sequence[ImageSource]], layers: Sequence[str]
    ) -> Iterator[tuple[int, Values]]:
        waiting = enumerate(batches)
        held: list[tuple[int, Sequence[ImageSource]]] = []
        while True:
            while len(held) < IN_FLIGHT and (one := next(waiting, None)):
                held.append(one)
            if not held or len(self.seen) == self._cut_off_after:
                return
            place, batch = held.pop(self._random.randrange(len(held)))
            self.seen.append(len(batch))
            yield place, {layer: np.stack([responses(path) for path in batch]) for layer in layers}


@pytest.fixture
def pool(db: None, monkeypatch: pytest.MonkeyPatch) -> ImagePool:
    """Rows without files, their ids not in one run, read in small pages."""
    monkeypatch.setattr(streaming, "_ROWS", 7)
    monkeypatch.setattr(streaming, "CPU_BATCH", 3)
    monkeypatch.setattr(streaming, "CHECKPOINT_S", 0.0)
    pools = [ImagePool.objects.create(name=name, origin="made up", image_size=64) for name in ("mine", "other")]
    for number in range(IMAGES):
        for pool in pools:
            name = sha256(f"{pool.name}{number}".encode()).hexdigest()
            SourceImage.objects.create(pool=pool, sha256=name, photograph_sha256=name, left=0, top=0, side=64)
    return pools[0]


def run(pool: ImagePool, workers: Any, extent: Extent, path: Path) -> tuple[dict[str, LayerFold], list[int]]:
    columns = {"logit": None, "blocks.1": (2, 0)}
    done: list[int] = []
    checkpoint = Checkpoint(path, pass_key(FACTS, pool, columns, extent))
    return fold_pool(workers, pool, columns, extent, checkpoint, progress=done.append), done


def as_bytes(folds: dict[str, LayerFold]) -> dict[str, bytes]:
    return {
        f"{layer} {name}": array.tobytes() for layer, fold in folds.items() for name, array in fold.arrays().items()
    }


def test_every_image_is_shown_once_and_the_order_of_completion_changes_nothing(pool: ImagePool, tmp_path: Path) -> None:
    extent = extent_of(pool, ends=5, sample=9)
    results = []
    for seed in range(3):
        workers = Disorderly(seed)
        folds, done = run(pool, workers, extent, tmp_path / f"{seed}.npz")
        assert sum(done) == sum(workers.seen) == IMAGES
        results.append(as_bytes(folds))
    assert results[0] == results[1] == results[2]
    images = {image.pk: responses(image.path)[2] for image in pool.images.all()}
    ranked = sorted(images, key=lambda pk: (-images[pk], pk))
    kept = folds["blocks.1"].kept(2, IMAGES)
    assert kept.ids[:5].tolist() == ranked[:5]
    assert kept.ids[-5:].tolist() == ranked[-5:]
    assert set(kept.ids.tolist()) == {*ranked[:5], *ranked[-5:], *extent.sample.tolist()}


@pytest.mark.parametrize("seed", range(5))
def test_a_pass_that_was_cut_off_goes_on_and_gives_the_same(pool: ImagePool, tmp_path: Path, seed: int) -> None:
    extent = extent_of(pool, ends=5, sample=9)
    expected = as_bytes(run(pool, Disorderly(0), extent, tmp_path / "whole.npz")[0])
    path, shown = tmp_path / "cut.npz", 0
    for cut in (1, 4, 6):
        workers = Disorderly(seed + cut, cut_off_after=cut)
        done = run(pool, workers, extent, path)[1]
        assert done[0] == shown
        shown += sum(workers.seen)
    workers = Disorderly(seed)
    folds, done = run(pool, workers, extent, path)
    assert done[0] == shown
    assert sum(workers.seen) == IMAGES - shown
    assert as_bytes(folds) == expected


def test_what_another_network_or_library_left_is_not_gone_on_with(pool: ImagePool) -> None:
    extent = extent_of(pool, ends=5, sample=9)
    keys = {
        pass_key(FACTS, pool, {"logit": None}, extent),
        pass_key(FACTS, pool, {"logit": (1,)}, extent),
        pass_key(FACTS, pool, {"logit": None}, extent_of(pool, ends=6, sample=9)),
        pass_key(FACTS, pool, {"logit": None}, extent_of(pool, ends=5, sample=10)),
        *(
            pass_key(NetworkFacts(**{**FACTS.__dict__, **change}), pool, {"logit": None}, extent)
            for change in ({"weights_sha256": "1" * 64}, {"device": "cuda (some)"}, {"made_with": {"torch": "2"}})
        ),
    }
    assert len(keys) == 7


def test_batches_are_read_from_the_database_a_few_ahead_only(pool: ImagePool, tmp_path: Path) -> None:
    """However large the pool is: what was taken stays within what is in flight."""
    taken: list[int] = []

    class Watching(Disorderly):
        def activations(
            self, batches: Iterable[Sequence[ImageSource]], layers: Sequence[str]
        ) -> Iterator[tuple[int, Values]]:
            def watched() -> Iterator[Sequence[ImageSource]]:
                for batch in batches:
                    taken.append(len(batch))
                    assert len(taken) - len(self.seen) <= IN_FLIGHT
                    yield batch

            return super().activations(watched(), layers)

    run(pool, Watching(1), extent_of(pool, ends=5, sample=9), tmp_path / "state.npz")
    assert sum(taken) == IMAGES


def test_the_sample_is_a_rule_of_the_images_and_a_smaller_one_is_part_of_a_larger(pool: ImagePool) -> None:
    samples = [set(sample_of(pool, size).tolist()) for size in (3, 10, IMAGES)]
    assert [len(sample) for sample in samples] == [3, 10, IMAGES]
    assert samples[0] < samples[1] < samples[2]
    # Another pool with the same images would have the same sample, whatever its ids.
    hashes = set(pool.images.filter(pk__in=samples[1]).values_list("sha256", flat=True))
    other = ImagePool.objects.create(name="again", origin="made up", image_size=64)
    for image in pool.images.order_by("-id"):
        SourceImage.objects.create(
            pool=other, sha256=image.sha256, photograph_sha256=image.sha256, left=0, top=0, side=64
        )
    again = other.images.filter(pk__in=sample_of(other, 10).tolist())
    assert set(again.values_list("sha256", flat=True)) == hashes


@pytest.mark.parametrize(
    ("ends", "sample", "whole"), [(5, 52, False), (5, 53, True), (26, 9, False), (27, 9, True), (200, 2000, True)]
)
def test_a_pool_is_kept_whole_where_the_sample_or_both_ends_hold_as_much(
    pool: ImagePool, ends: int, sample: int, whole: bool
) -> None:
    extent = extent_of(pool, ends=ends, sample=sample)
    assert extent.whole == whole
    assert (extent.images, len(extent.sample)) == (IMAGES, IMAGES if whole else sample)
