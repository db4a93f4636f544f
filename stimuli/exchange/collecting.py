"""A frozen set's records, as they leave the database: in an order that no database decides."""

from collections.abc import Iterator
from typing import Any

from stimuli.exchange.records import (
    ExchangeError,
    FeatureRecord,
    ImageRecord,
    Manifest,
    NetworkRecord,
    PoolRecord,
    RenditionRecord,
    StimulusRecord,
    UnitSampleRecord,
)
from stimuli.models import (
    Activation,
    Feature,
    FeatureSurvey,
    FrozenSet,
    ImagePool,
    SourceImage,
    Stimulus,
    UnitSample,
    VisionModel,
)
from stimuli.sets import frozen_renditions
from stimuli.survey import feature_name

# The columns of a stimulus that are recorded as they are; feature and image are rows of their own.
STIMULUS_FIELDS = tuple(name for name in StimulusRecord.model_fields if name not in ("feature", "image"))
IMAGE_FIELDS = ("sha256", "photograph_sha256", "left", "top", "side", "perceptual_hash")
NETWORK_FIELDS = tuple(NetworkRecord.model_fields)


def pool_of(frozen: FrozenSet) -> ImagePool:
    """The pool of a set: its protocol names one."""
    return ImagePool.objects.filter(images__frozen_sets=frozen).distinct().get()


def network_of(frozen: FrozenSet) -> VisionModel:
    """The network of a set: its protocol names one."""
    return VisionModel.objects.filter(features__frozen_sets=frozen).distinct().get()


def features_of(frozen: FrozenSet) -> list[Feature]:
    """The features of a set, by name."""
    return list(frozen.features.order_by("name"))


def manifest_of(frozen: FrozenSet, *, licence: str, photograph_names: bool) -> Manifest:
    """The records of a set; ``files`` is empty until they are written.

    Raises:
        ExchangeError: a feature is no longer surveyed over the pool.
    """
    pool, network = pool_of(frozen), network_of(frozen)
    images = list(frozen.images.order_by("sha256"))
    stimuli = list(frozen.stimuli.select_related("feature", "image"))
    surveys = {one.feature_id: one for one in FeatureSurvey.objects.filter(pool=pool, feature__frozen_sets=frozen)}
    return Manifest(
        schema_version=1,
        slug=frozen.slug,
        protocol_sha256=frozen.protocol_sha256,
        plan_sha256=frozen.plan_sha256,
        frozen_at=frozen.frozen_at,
        verification=frozen.verification,
        licence=licence,
        pool=PoolRecord(name=pool.name, origin=pool.origin, image_size=pool.image_size, images=pool.images.count()),
        network=NetworkRecord(**_values(network, NETWORK_FIELDS)),
        unit_samples=_unit_samples(frozen, network, pool),
        features=[_feature(one, surveys.get(one.pk)) for one in features_of(frozen)],
        images=[image_record(image, photograph_names=photograph_names) for image in images],
        stimuli=sorted((stimulus_record(one) for one in stimuli), key=_stimulus_order),
        renditions=[
            RenditionRecord(**_values(one, tuple(RenditionRecord.model_fields))) for one in frozen_renditions(frozen)
        ],
        files={},
    )


def image_record(image: SourceImage, *, photograph_names: bool) -> ImageRecord:
    """The record of a natural image."""
    name = (image.photograph_name or None) if photograph_names else None
    return ImageRecord(**_values(image, IMAGE_FIELDS), photograph_name=name)


def stimulus_record(stimulus: Stimulus) -> StimulusRecord:
    """The record of a generated image."""
    values = _values(stimulus, STIMULUS_FIELDS) | {"kind": Stimulus.Kind(stimulus.kind)}
    image = stimulus.image.sha256 if stimulus.image else None
    return StimulusRecord(feature=stimulus.feature.name, image=image, **values)


def pool_rows(pool: ImagePool, *, photograph_names: bool) -> Iterator[list[object]]:
    """A row for each image of the pool, in the order in which they were imported."""
    names = ("photograph_name",) if photograph_names else ()
    for row in pool.images.order_by("id").values_list(*IMAGE_FIELDS, *names).iterator():
        yield ["" if value is None else value for value in row]


def activation_rows(frozen: FrozenSet) -> Iterator[list[object]]:
    """A row for each activation of the set's features over its pool that was kept, by feature and rank."""
    pool = pool_of(frozen)
    for feature in features_of(frozen):
        kept = Activation.objects.filter(feature=feature, image__pool=pool).order_by("rank", "image__sha256")
        for sha256, value, rank in kept.values_list("image__sha256", "value", "rank").iterator():
            # repr gives the shortest text that reads back as the same number.
            yield [feature.name, sha256, repr(value), rank]


def _values(row: object, fields: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in fields}


def _feature(feature: Feature, survey: FeatureSurvey | None) -> FeatureRecord:
    if survey is None:
        raise ExchangeError(f"The feature {feature.name!r} is not surveyed any more; run survey_features again.")
    return FeatureRecord(name=feature.name, images=survey.images, ends=survey.ends, sampled=survey.sampled)


def _unit_samples(frozen: FrozenSet, network: VisionModel, pool: ImagePool) -> list[UnitSampleRecord]:
    """Those that features of the set come from: drawn before it was frozen, with a unit of it among them.

    So what is drawn later does not become part of the set.
    """
    names = {feature.name for feature in features_of(frozen)}
    found = UnitSample.objects.filter(model=network, pool=pool, created_at__lte=frozen.frozen_at)
    records = [
        UnitSampleRecord(**_values(one, tuple(UnitSampleRecord.model_fields)))
        for one in found
        if names & {feature_name(one.layer, unit) for unit in one.drawn}
    ]
    return sorted(records, key=lambda one: (one.layer, one.seed, one.units, one.dead, one.drawn))


def _stimulus_order(one: StimulusRecord) -> tuple[object, ...]:
    return (one.kind.value, one.feature, one.image or "", one.config_sha256, one.seed)
