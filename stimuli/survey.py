"""The records of a survey: how strongly the images of a pool activate features, and the ranks this gives them.

A feature's rows are written in one transaction, so a feature is surveyed over a pool either completely or not at all.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from django.db import transaction
from django.db.models import F, Q

from stimuli.models import Activation, Feature, FeatureSurvey, ImagePool, UnitSample, VisionModel
from stimuli.orders import NetworkFacts
from stimuli.ranking import LayerFold, rank_of
from stimuli.streaming import Extent


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


@dataclass(frozen=True)
class Depth:
    """How much of a large pool is asked to be kept: images of either end, and random ones."""

    ends: int
    sample: int


def surveyed_features(network: VisionModel, pool: ImagePool, depth: Depth) -> set[str]:
    """The names of the features of whose survey over a pool so much is kept."""
    deep = Q(surveys__sampled__gte=F("surveys__images"))
    if pool.images.count() > max(2 * depth.ends, depth.sample):
        deep |= Q(surveys__ends__gte=depth.ends, surveys__sampled__gte=depth.sample)
    return set(Feature.objects.filter(deep, model=network, surveys__pool=pool).values_list("name", flat=True))


def standing_sample(
    network: VisionModel, pool: ImagePool, layer: str, depth: Depth, *, sample: int | None, seed: int
) -> UnitSample | None:
    """The record that this sample of units of a layer was drawn and surveyed, if there is one.

    Args:
        network: of the layer.
        pool: over which it was surveyed.
        layer: its name.
        depth: how much of the pool.
        sample: how many units; None for all living ones.
        seed: of the sample.
    """
    there = surveyed_features(network, pool, depth)
    for standing in UnitSample.objects.filter(model=network, pool=pool, layer=layer):
        alive = standing.units - standing.dead
        whole = sample is None or sample >= alive
        same = len(standing.drawn) == alive if whole else (len(standing.drawn), standing.seed) == (sample, seed)
        if same and all(feature_name(layer, unit) in there for unit in standing.drawn):
            return standing
    return None


def survey_layer(
    network: VisionModel,
    pool: ImagePool,
    fold: LayerFold,
    extent: Extent,
    wanted: Wanted,
    *,
    seed: int,
    progress: Callable[[int], object],
) -> LayerSurvey:
    """Keep activations and ranks of units of one layer over a pool, and which units were sampled.

    Args:
        network: its row.
        pool: all of whose images were folded in.
        fold: of the layer.
        extent: what was kept of the pool.
        wanted: the layer and its units.
        seed: of the generator that samples units.
        progress: is told of every unit whose rows were written.

    Raises:
        SurveyError: a named unit is dead, or its activation, or that of all units, is not finite; or a frozen set rests
            on a survey of it that kept less.
    """
    _check_finite(network, pool, fold, wanted)
    alive = set(np.flatnonzero(fold.alive).tolist())
    dead_and_named = sorted(set(wanted.units) - alive)
    if dead_and_named:
        raise SurveyError(
            f"The feature {feature_name(wanted.layer, dead_and_named[0])} is dead: its activation does not vary over "
            f"the pool {pool.name!r}; name another."
        )
    dead = fold.units - len(alive)
    drawn = _sampled(wanted, alive, seed)
    if wanted.whole_layer:
        UnitSample.objects.get_or_create(
            model=network, pool=pool, layer=wanted.layer, seed=seed, units=fold.units, dead=dead, drawn=drawn
        )
    units = [*wanted.units, *(unit for unit in drawn if unit not in wanted.units)]
    there = surveyed_features(network, pool, Depth(extent.ends, len(extent.sample)))
    new = [unit for unit in units if feature_name(wanted.layer, unit) not in there]
    for unit in new:
        _write(network, feature_name(wanted.layer, unit), pool, fold, unit, extent)
        progress(1)
    return LayerSurvey(wanted.layer, fold.units, dead, tuple(units), len(new))


def rank_among(feature: Feature, pool: ImagePool, activation: float) -> int:
    """One more than the number of natural images of a pool that activate a feature more than this.

    Of a pool that was not kept whole it is exact beside the ends and estimated from the sample between them.

    Raises:
        FeatureSurvey.DoesNotExist: the feature was not surveyed over the pool.
    """
    survey = FeatureSurvey.objects.get(feature=feature, pool=pool)
    kept = Activation.objects.filter(feature=feature, image__pool=pool).values_list("value", "rank")
    values, ranks = zip(*kept, strict=True)
    return rank_of(activation, np.array(values), np.array(ranks), images=survey.images, ends=survey.ends)


def feature_name(layer: str, unit: int) -> str:
    """The text that names a unit of a layer, as a protocol file writes it."""
    return f"logit={unit}" if layer == "logit" else f"{layer}:channel={unit}"


def _check_finite(network: VisionModel, pool: ImagePool, fold: LayerFold, wanted: Wanted) -> None:
    finite = fold.finite
    broken = [f"the feature {feature_name(wanted.layer, unit)}" for unit in wanted.units if not finite[unit]]
    if not finite.any():
        broken = [f"all units of {wanted.layer}"]
    if broken:
        raise SurveyError(
            f"{network.name} gives activations of {broken[0]} that are not finite on images of the pool "
            f"{pool.name!r}; check its weights."
        )


def _sampled(wanted: Wanted, alive: set[int], seed: int) -> list[int]:
    if not wanted.whole_layer:
        return []
    if wanted.sample is None or wanted.sample >= len(alive):
        return sorted(alive)
    # The layer is part of the seed, so that the sample of a layer does not depend on which others are surveyed.
    return sorted(random.Random(f"{seed}:{wanted.layer}").sample(sorted(alive), wanted.sample))


def _make_room(feature: Feature, pool: ImagePool) -> None:
    """Remove a survey that kept less. A frozen set rests on the ranks of its own."""
    standing = FeatureSurvey.objects.filter(feature=feature, pool=pool)
    if not standing.exists():
        return
    if frozen := feature.frozen_sets.first():
        raise SurveyError(
            f"The feature {feature} was surveyed over the pool {pool.name!r} with smaller ends or a smaller sample, "
            f"and the frozen set {frozen.slug!r} rests on that; ask for no more, or take another pool."
        )
    Activation.objects.filter(feature=feature, image__pool=pool).delete()
    standing.delete()


@transaction.atomic
def _write(network: VisionModel, name: str, pool: ImagePool, fold: LayerFold, unit: int, extent: Extent) -> None:
    feature, _ = Feature.objects.get_or_create(model=network, name=name)
    _make_room(feature, pool)
    FeatureSurvey.objects.create(
        feature=feature,
        pool=pool,
        images=extent.images,
        ends=extent.images if extent.whole else extent.ends,
        sampled=len(extent.sample),
    )
    kept = fold.kept(unit, extent.images)
    Activation.objects.bulk_create(
        Activation(feature=feature, image_id=image, value=value, rank=rank)
        for image, value, rank in zip(kept.ids.tolist(), kept.values.tolist(), kept.ranks.tolist(), strict=True)
    )
