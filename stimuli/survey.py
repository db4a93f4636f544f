"""How strongly the images of a pool activate features, and the ranks this gives them.

A feature's rows are written in one transaction, so a feature is surveyed over a pool either completely or not at all.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from stimuli.engines.interface import Values, Workers
from stimuli.models import Activation, Feature, FeatureSurvey, ImagePool, SourceImage, VisionModel
from stimuli.orders import NetworkFacts

# Larger ones were slower on a CPU: fresh memory for the large activations of early layers cost more than was saved.
BATCH_SIZE = 16


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
    """What was done in one layer.

    Attributes:
        layer: its name.
        units: how many it has.
        dead: how many of them do not vary over the pool.
        surveyed: the units asked for, which are all surveyed now.
        new: how many of these were not surveyed before.
    """

    layer: str
    units: int
    dead: int
    surveyed: tuple[int, ...]
    new: int


def record_network(network: NetworkFacts, *, weights_given: bool) -> VisionModel:
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
            "regularization_layer": network.regularization_layer or "",
        },
    )
    if row.weights_given and not weights_given:
        # The file that was given holds the weights that come with the name.
        row.weights_given, row.weights_source = False, network.weights_source
        row.save(update_fields=["weights_given", "weights_source"])
    return row


def surveyed_features(network: VisionModel, pool: ImagePool) -> set[str]:
    """The names of the features that are surveyed over a pool."""
    return set(Feature.objects.filter(model=network, surveys__pool=pool).values_list("name", flat=True))


def pool_activations(
    workers: Workers, images: Sequence[SourceImage], layers: Sequence[str], *, progress: Callable[[int], object]
) -> Values:
    """The activations of all units of some layers, ``(images, units)`` by layer, in one pass over the images.

    Args:
        workers: with the network.
        images: of one pool.
        layers: names, ``logit`` for the logits.
        progress: is told how many images were done since it was last called.

    Raises:
        EngineError: no such layer, or an image file is missing or damaged.
    """
    starts = range(0, len(images), BATCH_SIZE)
    batches = [[image.path for image in images[start : start + BATCH_SIZE]] for start in starts]
    parts: dict[int, Values] = {}
    for place, values in workers.activations(batches, layers):
        parts[place] = values
        progress(len(batches[place]))
    return {layer: np.concatenate([parts[place][layer] for place in range(len(batches))]) for layer in layers}


def survey_layer(
    row: VisionModel, images: Sequence[SourceImage], values: NDArray[np.float64], wanted: Wanted, *, seed: int
) -> LayerSurvey:
    """Keep activations and ranks of units of one layer over a pool.

    Args:
        row: of the network.
        images: all images of one pool.
        values: the activations of all units of the layer, ``(images, units)``.
        wanted: the layer and its units.
        seed: of the generator that samples units.

    Raises:
        SurveyError: a named unit is dead, or its activation, or that of all units, is not finite.
    """
    pool = images[0].pool
    _check_finite(row, pool, values, wanted)
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
    return LayerSurvey(wanted.layer, values.shape[1], values.shape[1] - len(alive), tuple(units), len(new))


def feature_name(layer: str, unit: int) -> str:
    """The text that names a unit of a layer, as a protocol file writes it."""
    return f"logit={unit}" if layer == "logit" else f"{layer}:channel={unit}"


def _check_finite(row: VisionModel, pool: ImagePool, values: NDArray[np.float64], wanted: Wanted) -> None:
    finite = set(np.flatnonzero(np.isfinite(values).all(axis=0)).tolist())
    broken = [f"the feature {feature_name(wanted.layer, unit)}" for unit in wanted.units if unit not in finite]
    if not finite:
        broken = [f"all units of {wanted.layer}"]
    if broken:
        raise SurveyError(
            f"{row.name} gives activations of {broken[0]} that are not finite on images of the pool {pool.name!r}; "
            "check its weights."
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
    FeatureSurvey.objects.create(
        feature=feature, pool=images[0].pool, images=len(images), ends=len(images), sampled=len(images)
    )
    # Strongest first; the sort is stable and the images come by id, so ties go to the lower id.
    order = np.argsort(-values, kind="stable")
    Activation.objects.bulk_create(
        Activation(feature=feature, image=images[index], value=float(values[index]), rank=rank)
        for rank, index in enumerate(order.tolist(), start=1)
    )
