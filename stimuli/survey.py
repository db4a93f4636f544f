"""How strongly the images of a pool activate features, and the ranks this gives them.

A feature's rows are written in one transaction, so a feature is surveyed over a pool either completely or not at all.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from stimuli.models import Activation, Feature, ImagePool, SourceImage, VisionModel

if TYPE_CHECKING:  # it imports torch
    from stimuli.engine import Network

# Larger ones were slower on a CPU: fresh memory for the large activations of early layers cost more than was saved.
BATCH_SIZE = 16

# What to call an iterable through to show progress: it yields the same batches.
Progress = Callable[[list[list[SourceImage]], str], Iterable[list[SourceImage]]]


class SurveyError(ValueError):
    """The survey cannot be made; the message says why, in one sentence."""


@dataclass(frozen=True)
class Wanted:
    """What is asked of one layer: named units, or a sample of ``sample`` living units (None: all of them)."""

    layer: str
    units: tuple[int, ...] = ()
    sample: int | None = None
    whole_layer: bool = False


@dataclass(frozen=True)
class LayerSurvey:
    """What was done in one layer; ``dead`` counts its units without any variation over the pool."""

    layer: str
    units: int
    dead: int
    written: int
    already_there: int


def record_network(network: "Network", *, weights_given: bool) -> VisionModel:
    """The row of this network, made if it is new."""
    row, _ = VisionModel.objects.get_or_create(
        name=network.name,
        weights_sha256=network.weights_sha256,
        defaults={
            "weights_source": network.weights_source,
            "weights_given": weights_given,
            "input_size": network.input_size,
            "mean": network.mean,
            "std": network.std,
        },
    )
    if row.weights_given and not weights_given:
        # The file that was given holds the weights that come with the name.
        row.weights_given, row.weights_source = False, network.weights_source
        row.save(update_fields=["weights_given", "weights_source"])
    return row


def surveyed_features(network: VisionModel, pool: ImagePool) -> set[str]:
    """The names of the features that are surveyed over a pool."""
    features = Feature.objects.filter(model=network, activations__image__pool=pool)
    return set(features.values_list("name", flat=True).distinct())


def survey_layer(
    network: "Network", row: VisionModel, pool: ImagePool, wanted: Wanted, *, seed: int, progress: Progress
) -> LayerSurvey:
    """Survey units of one layer over a pool.

    Args:
        network: with its weights, on a device.
        row: of this network.
        pool: whose images are shown to it.
        wanted: the layer and its units.
        seed: of the generator that samples units.
        progress: shows how far the batches are.

    Raises:
        SurveyError: a named unit is dead.
        EngineError: no such layer, or an image file is missing or damaged.
    """
    images = list(pool.images.order_by("id"))
    values = _activations(network, images, wanted.layer, progress)
    alive = _alive(values)
    dead_and_named = sorted(set(wanted.units) - alive)
    if dead_and_named:
        raise SurveyError(
            f"The feature {feature_name(wanted.layer, dead_and_named[0])} is dead: its activation does not vary over "
            f"the pool {pool.name!r}; name another."
        )
    units = [*wanted.units, *(unit for unit in _sampled(wanted, alive, seed) if unit not in wanted.units)]
    there = surveyed_features(row, pool)
    new = [unit for unit in units if feature_name(wanted.layer, unit) not in there]
    for unit in new:
        _write(row, feature_name(wanted.layer, unit), images, values[:, unit])
    return LayerSurvey(wanted.layer, values.shape[1], values.shape[1] - len(alive), len(new), len(units) - len(new))


def feature_name(layer: str, unit: int) -> str:
    """The text that names a unit of a layer, as a protocol file writes it."""
    return f"logit={unit}" if layer == "logit" else f"{layer}:channel={unit}"


def _activations(
    network: "Network", images: Sequence[SourceImage], layer: str, progress: Progress
) -> NDArray[np.float64]:
    """``(images, units)``."""
    batches = [list(images[start : start + BATCH_SIZE]) for start in range(0, len(images), BATCH_SIZE)]
    return np.concatenate(
        [network.activations([image.path for image in batch], layer) for batch in progress(batches, layer)]
    )


def _alive(values: NDArray[np.float64]) -> set[int]:
    """The units whose activation is finite and not the same on all images."""
    varied = (values.min(axis=0) < values.max(axis=0)) & np.isfinite(values).all(axis=0)
    return {int(unit) for unit in np.flatnonzero(varied)}


def _sampled(wanted: Wanted, alive: set[int], seed: int) -> list[int]:
    if not wanted.whole_layer:
        return []
    if wanted.sample is None or wanted.sample >= len(alive):
        return sorted(alive)
    # The layer is part of the seed, so that the sample of a layer does not depend on which others are surveyed.
    return sorted(random.Random(f"{seed}:{wanted.layer}").sample(sorted(alive), wanted.sample))


@transaction.atomic
def _write(row: VisionModel, name: str, images: Sequence[SourceImage], values: NDArray[np.float64]) -> None:
    feature, _ = Feature.objects.get_or_create(model=row, name=name)
    # Strongest first; the sort is stable and the images come by id, so ties go to the lower id.
    order = np.argsort(-values, kind="stable")
    Activation.objects.bulk_create(
        Activation(feature=feature, image=images[index], value=float(values[index]), rank=rank)
        for rank, index in enumerate(order.tolist(), start=1)
    )
