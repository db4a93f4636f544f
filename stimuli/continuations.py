"""Graded accentuations: a seed, its weak and its strong accentuation, and a foil of the same strength.

How strong is weak is said in percentiles of the natural images, for each feature its own. The seed is a natural image
below the median of its feature that no trial shows otherwise. The foil is another feature of the study, of the same
layer where there is one, accentuated on the same seed.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from django.db.models import QuerySet

from stimuli.models import Activation, Feature, FeatureSurvey, ImagePool, SourceImage
from stimuli.natural import activation_at, in_seeded_order
from stimuli.protocol import ContinuationTable, Protocol, ProtocolError
from stimuli.selection import FeatureImages

# A seed lies below this percentile of its feature, so that there is a way to go.
SEED_PERCENTILE = 50.0


@dataclass(frozen=True)
class Level:
    """A percentile of the natural images, and the activation of a feature that stands there."""

    percentile: float
    activation: float


@dataclass(frozen=True)
class Continuation:
    """What one question is made of.

    Attributes:
        feature: that is continued.
        image: the seed.
        levels: weak and strong, of the feature.
        foil: the other feature.
        foil_level: strong, of the foil.
    """

    feature: Feature
    image: SourceImage
    levels: tuple[Level, Level]
    foil: Feature
    foil_level: Level


def plan_continuations(protocol: Protocol, selected: Sequence[FeatureImages]) -> list[Continuation]:
    """The continuations of every feature; none if the protocol has no ``[stimuli.continuation]``.

    Raises:
        ProtocolError: a feature has too few images that could be seeds.
    """
    table = protocol.stimuli.continuation
    if table is None:
        return []
    features = list({images.feature.name: images.feature for images in selected}.values())
    foils = foils_of([feature.name for feature in features], protocol.seed)
    by_name = {feature.name: feature for feature in features}
    used = {one.image.pk for images in selected for one in images.images}
    pool = selected[0].images[0].image.pool
    planned = []
    for feature in features:
        levels = (_level(feature, pool, table.weak), _level(feature, pool, table.strong))
        foil = by_name[foils[feature.name]]
        foil_level = _level(foil, pool, table.strong)
        for image in _seeds(protocol, table, feature, pool, foil, foil_level, used):
            used.add(image.pk)
            planned.append(Continuation(feature, image, levels, foil, foil_level))
    return planned


def foils_of(features: Sequence[str], seed: int) -> dict[str, str]:
    """For each feature another one, of the same layer where there is one; within a layer none twice.

    Args:
        features: names, at least two.
        seed: of the draw.
    """
    generator = random.Random(f"{seed}:foils")
    layers: dict[str, list[str]] = {}
    for name in features:
        layers.setdefault(layer_of(name), []).append(name)
    groups = [group for group in layers.values() if len(group) > 1]
    lonely = [group[0] for group in layers.values() if len(group) == 1]
    drawn: dict[str, str] = {}
    for group in [*groups, lonely]:
        generator.shuffle(group)
        # Everyone's foil is the next in a circle: nobody's own, and nobody's twice.
        drawn |= dict(zip(group, [*group[1:], *group[:1]], strict=True))
    if len(lonely) == 1:
        drawn[lonely[0]] = generator.choice([name for name in features if name != lonely[0]])
    return drawn


def layer_of(feature: str) -> str:
    """The layer that a feature's text names: ``blocks.4.2`` of ``blocks.4.2:channel=17``, ``logit`` of ``logit=3``."""
    return feature.partition(":")[0].partition("=")[0]


def _level(feature: Feature, pool: ImagePool, percentile: float) -> Level:
    return Level(percentile, activation_at(feature, pool, percentile))


def _drawn_evenly(feature: Feature, pool: ImagePool) -> "QuerySet[Activation]":
    """The activations of all images, or of a large pool those of its sample: its ends would count too much."""
    rows = Activation.objects.filter(feature=feature, image__pool=pool)
    survey = FeatureSurvey.objects.get(feature=feature, pool=pool)
    if survey.sampled >= survey.images:
        return rows
    return rows.filter(rank__gt=survey.ends, rank__lte=survey.images - survey.ends)


def _seeds(
    protocol: Protocol,
    table: ContinuationTable,
    feature: Feature,
    pool: ImagePool,
    foil: Feature,
    foil_level: Level,
    used: set[int],
) -> list[SourceImage]:
    highest = activation_at(feature, pool, min(SEED_PERCENTILE, table.weak))
    below = _drawn_evenly(feature, pool).filter(value__lt=highest)
    # Where the foil is strong by itself, nothing would be left to accentuate.
    strong = Activation.objects.filter(feature=foil, image__pool=pool, value__gte=foil_level.activation)
    free = below.exclude(image__in=used).exclude(image__in=strong.values("image")).select_related("image__pool")
    ordered = in_seeded_order(free, f"{protocol.seed}\n{feature.name}")
    seeds = [one.image for one in islice(ordered.iterator(chunk_size=table.seeds), table.seeds)]
    if len(seeds) < table.seeds:
        raise ProtocolError(
            f"The feature {feature.name!r} has {len(seeds)} images in the pool {pool.name!r} that can be seeds of "
            f"continuations (weaker than the median and in no trial), but `stimuli.continuation.seeds` is "
            f"{table.seeds}; ask for fewer or use a larger pool."
        )
    return seeds
