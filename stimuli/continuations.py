"""Graded accentuations: a seed, its weak and its strong accentuation, and a foil of the same strength.

How strong is weak is said in percentiles of the natural images, for each feature its own. The seed is a natural image
below the median of its feature that no trial shows otherwise, no near-duplicate of one that is shown, and from another
photograph than every image of its feature. The foil is another feature of the study, of the same
layer where there is one, accentuated on the same seed.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import QuerySet

from stimuli.models import Activation, Feature, FeatureSurvey, ImagePool, SourceImage
from stimuli.natural import activation_at, in_seeded_order
from stimuli.near_duplicates import near_duplicates
from stimuli.protocol import ContinuationTable, Protocol, ProtocolError
from stimuli.selection import FeatureImages

# A seed lies below this percentile of its feature, so that there is a way to go.
SEED_PERCENTILE = 50.0
# That the database hands over at once.
_ROWS = 20


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


@dataclass
class _Shown:
    """Natural images that have a place in the study, how they look, and from which photographs each feature's come."""

    images: set[int] = field(default_factory=set)
    looks: set[int] = field(default_factory=set)
    photographs: dict[str, set[str]] = field(default_factory=dict)

    def add(self, feature: str, image: SourceImage) -> None:
        assert image.perceptual_hash is not None
        self.images.add(image.pk)
        self.looks.add(image.perceptual_hash)
        self.photographs.setdefault(feature, set()).add(image.photograph_sha256)

    def leaves_free(self, feature: str, image: SourceImage) -> bool:
        """Whether an image can be a seed of a feature beside all of these."""
        assert image.perceptual_hash is not None
        own = self.photographs.get(feature, set())
        return image.photograph_sha256 not in own and not any(
            near_duplicates(image.perceptual_hash, look) for look in self.looks
        )


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
    shown = _Shown()
    for images in selected:
        for one in images.images:
            shown.add(images.feature.name, one.image)
    pool = selected[0].images[0].image.pool
    planned = []
    for feature in features:
        levels = (_level(feature, pool, table.weak), _level(feature, pool, table.strong))
        foil = by_name[foils[feature.name]]
        foil_level = _level(foil, pool, table.strong)
        for image in _seeds(protocol, table, feature, pool, foil, foil_level, shown):
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
    shown: _Shown,
) -> list[SourceImage]:
    """The seeds of a feature, each given its place."""
    highest = activation_at(feature, pool, min(SEED_PERCENTILE, table.weak))
    below = _drawn_evenly(feature, pool).filter(value__lt=highest)
    # Where the foil is strong by itself, nothing would be left to accentuate.
    strong = Activation.objects.filter(feature=foil, image__pool=pool, value__gte=foil_level.activation)
    free = below.exclude(image__in=shown.images).exclude(image__in=strong.values("image")).select_related("image__pool")
    ordered = in_seeded_order(free, f"{protocol.seed}\n{feature.name}")
    seeds: list[SourceImage] = []
    for one in ordered.iterator(chunk_size=_ROWS):
        if len(seeds) < table.seeds and shown.leaves_free(feature.name, one.image):
            shown.add(feature.name, one.image)
            seeds.append(one.image)
        if len(seeds) == table.seeds:
            break
    if len(seeds) < table.seeds:
        raise ProtocolError(
            f"The feature {feature.name!r} has {len(seeds)} images in the pool {pool.name!r} that can be seeds of "
            f"continuations (weaker than the median, in no trial, no near-duplicate of an image of one, and from "
            f"another photograph than the feature's other images), but `stimuli.continuation.seeds` is "
            f"{table.seeds}; ask for fewer or use a larger pool."
        )
    return seeds
