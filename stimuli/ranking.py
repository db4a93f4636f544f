"""The ranks of a pool's images for every unit of a layer, found in one pass and in memory that does not grow.

Pure NumPy. Batches of activations are folded into a state in any order; what comes out does not depend on the order.

An image ranks above another if its activation is larger, or equal and its id lower; rank 1 is the strongest. Of a
large pool three groups are kept for every unit: the ``ends`` strongest images and the ``ends`` weakest, whose ranks
are exact, and a random sample of images drawn before the pass, whose ranks are estimated where they lie between the
ends. Of M images there m may be in the sample. They part the other M - m into m + 1 gaps, which are equally long on
average, so the j-th strongest of the m has the expected rank ``ends + j (M + 1)/(m + 1)``. With m = M this is exact: a
pool that is kept whole is the case of no ends and a sample of all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]
Bools = NDArray[np.bool_]

_NO_ID = np.iinfo(np.int64).max

# Images are sorted in together: sixteen at a time took ten times as long, which was a tenth of a survey on a CPU.
_TOGETHER = 1024


@dataclass(frozen=True)
class Kept:
    """What is kept of how a pool activates one unit, strongest first: image ids, activations and ranks, each (K,)."""

    ids: Ids
    values: Floats
    ranks: Ids


class Strongest:
    """The strongest images of every unit among all that were added.

    Args:
        units: how many.
        count: how many images are kept for each.

    Attributes:
        values: ``(units, count)``, strongest first; minus infinity where fewer were added.
        ids: of these images.
    """

    def __init__(self, units: int, count: int) -> None:
        self.values: Floats = np.full((units, count), -np.inf)
        self.ids: Ids = np.full((units, count), _NO_ID)

    def add(self, ids: Ids, values: Floats) -> None:
        """Add images ``(B,)`` that were not added before, with their finite activations ``(B, units)``."""
        if not self.ids.shape[1]:
            return
        entering = (values > self.values[:, -1]) | ((values == self.values[:, -1]) & (ids[:, None] < self.ids[:, -1]))
        touched = np.flatnonzero(entering.any(axis=0))
        if not len(touched):
            return
        entering, values = entering[:, touched], values[:, touched]
        # The images that enter come first, as many as enter anywhere. The others among them do no harm: they are
        # weaker than the weakest that is kept, and fall off below.
        most = entering.sum(axis=0).max()
        chosen = np.argsort(~entering, axis=0, kind="stable")[:most]  # (most, touched)
        self._merge(touched, ids[chosen].T, np.take_along_axis(values, chosen, axis=0).T)

    def _merge(self, touched: NDArray[np.intp], ids: Ids, values: Floats) -> None:
        """Sort further images ``(touched, most)`` of some units among those that are kept."""
        values = np.concatenate([self.values[touched], values], axis=1)
        ids = np.concatenate([self.ids[touched], ids], axis=1)
        order = np.lexsort((ids, -values), axis=1)[:, : self.ids.shape[1]]
        self.values[touched] = np.take_along_axis(values, order, axis=1)
        self.ids[touched] = np.take_along_axis(ids, order, axis=1)


class LayerFold:
    """What one pass over a pool leaves of a layer.

    Args:
        units: how many the layer has.
        columns: the units whose images are ranked; of the others is only noted whether they live.
        ends: how many of the strongest and of the weakest images are kept; 0 where the sample is the whole pool.
        sample: ids of the sampled images, ascending, ``(S,)``.

    Attributes:
        units: as given.
        columns: as given.
    """

    def __init__(self, units: int, columns: Sequence[int], ends: int, sample: Ids) -> None:
        self.units, self.columns = units, tuple(columns)
        self._ends, self._sample = ends, sample
        self._low: Floats = np.full(units, np.inf)
        self._high: Floats = np.full(units, -np.inf)
        self._finite: Bools = np.ones(units, dtype=bool)
        self._top = Strongest(len(self.columns), ends)
        # The weakest are the strongest of the opposite numbers, ids included: of equals the higher id is the weaker.
        self._bottom = Strongest(len(self.columns), ends)
        self._sampled: Floats = np.zeros((len(sample), len(self.columns)))
        self._waiting: list[tuple[Ids, Floats]] = []

    def add(self, ids: Ids, values: Floats) -> None:
        """Fold in images ``(B,)`` that were not folded in before, with the activations of all units ``(B, units)``."""
        self._waiting.append((ids, values))
        if sum(len(waiting) for waiting, _ in self._waiting) >= _TOGETHER:
            self._fold()

    def _fold(self) -> None:
        """Fold in what waits."""
        if not self._waiting:
            return
        ids, values = (np.concatenate(parts) for parts in zip(*self._waiting, strict=True))
        self._waiting.clear()
        finite = np.isfinite(values)
        self._finite &= finite.all(axis=0)
        # A unit that was not finite once is never ranked; what stands in for its value does not matter.
        values = np.where(finite, values, 0.0)
        self._low = np.minimum(self._low, values.min(axis=0))
        self._high = np.maximum(self._high, values.max(axis=0))
        ranked = values[:, self.columns]
        self._top.add(ids, ranked)
        self._bottom.add(-ids, -ranked)
        places = np.searchsorted(self._sample, ids)
        inside = np.flatnonzero(np.isin(ids, self._sample))
        self._sampled[places[inside]] = ranked[inside]

    @property
    def finite(self) -> Bools:
        """For every unit, whether its activation was finite on all images: ``(units,)``."""
        self._fold()
        return self._finite

    @property
    def alive(self) -> Bools:
        """For every unit, whether its activation is finite and not the same on all images: ``(units,)``."""
        return self.finite & (self._low < self._high)

    def kept(self, unit: int, images: int) -> Kept:
        """The ranks of one of the ranked units, after all images of a pool of so many were folded in."""
        self._fold()
        column, ends = self.columns.index(unit), np.arange(1, self._ends + 1)
        top_ids, bottom_ids = self._top.ids[column], -self._bottom.ids[column, ::-1]
        between = ~np.isin(self._sample, np.concatenate([top_ids, bottom_ids]))
        ids, values = self._sample[between], self._sampled[between, column]
        order = np.lexsort((ids, -values))
        return Kept(
            np.concatenate([top_ids, ids[order], bottom_ids]),
            np.concatenate([self._top.values[column], values[order], -self._bottom.values[column, ::-1]]),
            np.concatenate([ends, _expected_ranks(len(ids), images, self._ends), images - self._ends + ends]),
        )

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The whole state as named arrays, from which :meth:`from_arrays` goes on."""
        self._fold()
        return {
            "columns": np.array(self.columns, dtype=np.int64),
            "sample": self._sample,
            "low": self._low,
            "high": self._high,
            "finite": self._finite,
            "top_values": self._top.values,
            "top_ids": self._top.ids,
            "bottom_values": self._bottom.values,
            "bottom_ids": self._bottom.ids,
            "sampled": self._sampled,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> "LayerFold":
        """The state that :meth:`arrays` gave."""
        ends = arrays["top_ids"].shape[1]
        fold = cls(len(arrays["low"]), arrays["columns"].tolist(), ends, arrays["sample"].astype(np.int64))
        fold._low, fold._high = arrays["low"].astype(np.float64), arrays["high"].astype(np.float64)
        fold._finite = arrays["finite"].astype(np.bool_)
        fold._sampled = arrays["sampled"].astype(np.float64)
        for strongest, name in ((fold._top, "top"), (fold._bottom, "bottom")):
            strongest.values = arrays[f"{name}_values"].astype(np.float64)
            strongest.ids = arrays[f"{name}_ids"].astype(np.int64)
        return fold


def rank_of(activation: float, values: Floats, ranks: Ids, *, images: int, ends: int) -> int:
    """One more than the number of images of a pool that activate a unit more: the rank of an image from elsewhere.

    Exact where the ends decide. In between it is estimated from the sample: half way between the expected ranks of its
    two neighbours there.

    Args:
        activation: of that image.
        values: what is kept of the pool's activations, ``(K,)``.
        ranks: of the images that have these values, ``(K,)``.
        images: how many the pool has.
        ends: how many of the strongest, and of the weakest, have exact ranks.
    """
    stronger = values > activation
    above = int(stronger[ranks <= ends].sum())
    if above < ends:
        return above + 1
    below = int(stronger[ranks > images - ends].sum())
    if below:
        return images - ends + below + 1
    inside = (ranks > ends) & (ranks <= images - ends)
    sampled, passed, between = int(inside.sum()), int(stronger[inside].sum()), images - 2 * ends
    # A sampled image every (between + 1)/(sampled + 1) ranks, and this one half way between two of them.
    return ends + (2 * passed + 1) * (between + 1) // (2 * (sampled + 1)) + 1


def _expected_ranks(sampled: int, images: int, ends: int) -> Ids:
    """The ranks of sampled images between the ends, strongest first, to the nearest whole number; all differ."""
    between = images - 2 * ends
    places = np.arange(1, sampled + 1, dtype=np.int64)
    return ends + (2 * places * (between + 1) + sampled + 1) // (2 * (sampled + 1))
