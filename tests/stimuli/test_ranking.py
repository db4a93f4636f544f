"""The fold of a pool against a plain sort of everything, whatever the order in which images come."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stimuli import ranking
from stimuli.ranking import LayerFold, rank_of

UNITS = 3

Case = tuple[NDArray[np.int64], NDArray[np.float64], int, NDArray[np.int64]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Ids, activations with many ties, ends that do not overlap, and a sample."""
    images = draw(st.integers(1, 40))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    ids = np.sort(generator.choice(1000, images, replace=False))
    values = generator.integers(-3, 4, (images, UNITS)).astype(float)
    ends = draw(st.integers(0, images // 2))
    sample = np.sort(generator.choice(ids, draw(st.integers(1, images)), replace=False))
    return ids, values, ends, sample


def fold(case: Case, order: list[int], cuts: set[int]) -> LayerFold:
    """All images of a case in some order, cut into batches at some places."""
    ids, values, ends, sample = case
    folded = LayerFold(UNITS, range(UNITS), ends, sample)
    for batch in np.split(np.array(order), sorted(cuts)):
        if len(batch):
            folded.add(ids[batch], values[batch])
    return folded


@st.composite
def orders(draw: st.DrawFn, case: Case) -> tuple[list[int], set[int]]:
    images = len(case[0])
    return draw(st.permutations(range(images))), draw(st.sets(st.integers(0, images)))


@given(st.data(), cases(), st.integers(1, 8))
def test_the_ends_are_those_of_a_full_sort_and_the_sample_lies_in_order_between(
    data: st.DataObject, case: Case, together: int
) -> None:
    ids, values, ends, sample = case
    images = len(ids)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "_TOGETHER", together)
        folded = fold(case, *data.draw(orders(case)))
    for unit in range(UNITS):
        ranked = sorted(zip((-values[:, unit]).tolist(), ids.tolist(), strict=True))
        true_rank = {image: rank for rank, (_, image) in enumerate(ranked, start=1)}
        kept = folded.kept(unit, images)
        assert len(set(kept.ids.tolist())) == len(kept.ids)
        exact = {image for image, rank in true_rank.items() if rank <= ends or rank > images - ends}
        assert set(kept.ids.tolist()) == exact | set(sample.tolist())
        assert kept.values.tolist() == [values[ids.tolist().index(image), unit] for image in kept.ids.tolist()]
        assert [true_rank[image] for image in kept.ids.tolist()] == sorted(true_rank[i] for i in kept.ids.tolist())
        assert (np.diff(kept.ranks) > 0).all()
        for image, rank in zip(kept.ids.tolist(), kept.ranks.tolist(), strict=True):
            if image in exact or len(sample) == images:
                assert rank == true_rank[image]
            else:
                assert ends < rank <= images - ends


@given(st.data(), cases())
def test_the_order_of_completion_and_an_interruption_change_nothing(data: st.DataObject, case: Case) -> None:
    ids, values, *_ = case
    first = fold(case, list(range(len(ids))), set())
    order, cuts = data.draw(orders(case))
    stop = data.draw(st.integers(0, len(ids)))
    cut_off = fold(case, order[:stop], {cut for cut in cuts if cut <= stop})
    resumed = LayerFold.from_arrays(cut_off.arrays())
    rest = order[stop:]
    if rest:
        resumed.add(ids[rest], values[rest])
    second = fold(case, order, cuts)
    for name, array in first.arrays().items():
        assert array.tobytes() == second.arrays()[name].tobytes() == resumed.arrays()[name].tobytes(), name


@given(cases(), st.floats(-5, 5) | st.integers(-4, 4).map(float))
def test_the_rank_of_an_image_from_elsewhere_is_exact_beside_the_ends_and_between_them_elsewhere(
    case: Case, activation: float
) -> None:
    ids, values, ends, sample = case
    images = len(ids)
    folded = fold(case, list(range(images)), set())
    for unit in range(UNITS):
        kept = folded.kept(unit, images)
        rank = rank_of(activation, kept.values, kept.ranks, images=images, ends=ends)
        true = int((values[:, unit] > activation).sum()) + 1
        if true <= ends or true > images - ends + 1 or len(sample) == images:
            assert rank == true
        else:
            assert ends < rank <= images - ends + 1


def test_estimated_ranks_are_near_the_true_ones() -> None:
    images, ends, size = 50_000, 100, 2000
    generator = np.random.default_rng(1)
    values = generator.exponential(size=(images, 1))
    sample = np.sort(generator.choice(images, size, replace=False))
    folded = LayerFold(1, [0], ends, sample)
    for batch in np.array_split(generator.permutation(images), 50):
        folded.add(batch, values[batch])
    kept = folded.kept(0, images)
    true = np.empty(images, dtype=int)
    true[np.argsort(-values[:, 0])] = np.arange(1, images + 1)
    share = true[kept.ids] / images
    # Four standard deviations of a share that is estimated from so many images, and one rank.
    allowed = 4 * np.sqrt(share * (1 - share) / size) + 1 / images
    assert (np.abs(kept.ranks - true[kept.ids]) / images <= allowed).all()
    for activation in (0.1, 0.7, 2.0, 5.0):
        there = (values > activation).mean()
        estimated = rank_of(activation, kept.values, kept.ranks, images=images, ends=ends) / images
        assert abs(estimated - there) <= 4 * np.sqrt(there * (1 - there) / size) + 1 / images


def test_units_without_variation_or_with_infinite_activations_are_not_alive() -> None:
    folded = LayerFold(4, [1], 0, np.array([1, 2]))
    folded.add(np.array([1]), np.array([[0.0, 1.0, np.nan, np.inf]]))
    folded.add(np.array([2]), np.array([[0.0, 2.0, 1.0, 1.0]]))
    assert folded.alive.tolist() == [False, True, False, False]
    assert folded.finite.tolist() == [True, True, False, False]


def test_what_is_kept_does_not_grow_with_the_pool() -> None:
    generator = np.random.default_rng(0)
    folded = LayerFold(20, range(20), 50, np.arange(0, 40_000, 400))
    sizes = []
    for start in range(0, 40_000, 1000):
        folded.add(np.arange(start, start + 1000), generator.standard_normal((1000, 20)))
        waiting = sum(len(ids) for ids, _ in folded._waiting)
        assert waiting <= ranking._TOGETHER
        sizes.append(sum(array.nbytes for array in folded.arrays().values()))
    assert len(set(sizes)) == 1
