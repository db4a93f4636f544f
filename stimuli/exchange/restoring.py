"""A set that was read brought into this database: everything of it or nothing."""

import math
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from django.db import DataError, transaction

from stimuli import files
from stimuli.consistency import inconsistencies
from stimuli.exchange.agreement import hash_of_record
from stimuli.exchange.collecting import IMAGE_FIELDS, manifest_of, stimulus_record
from stimuli.exchange.reading import ActivationRow, ReadSet
from stimuli.exchange.records import ExchangeError, FeatureRecord, ImageRecord, StimulusRecord
from stimuli.immutability import opened
from stimuli.models import (
    Activation,
    Feature,
    FeatureSurvey,
    FrozenSet,
    ImagePool,
    Rejection,
    Rendition,
    SourceImage,
    Stimulus,
    UnitSample,
    VisionModel,
)
from stimuli.orders import FormatName
from stimuli.record_hash import FIGURES
from stimuli.renditions import is_rendition
from stimuli.sets import frozen_stimuli

_BATCH = 2000
Item = TypeVar("Item")


def restore(given: ReadSet) -> tuple[FrozenSet, bool]:
    """Store a set; one that is here already is left as it is, but for files that it lost, and False is returned.

    Pool and activations come whole, so that the protocol chooses the same images here; of the pool's files only those
    of the set come along (``import_images`` with the same photographs brings the others).

    Raises:
        ExchangeError: something of this name is here and is something else. Nothing is stored then.
        OSError: a file cannot be stored.
    """
    standing = FrozenSet.objects.filter(slug=given.manifest.slug).first()
    if standing is not None:
        _check_same(standing, given)
        _check_records(standing)
        _store_files(given)
        return standing, False
    try:
        return _store(given), True
    except DataError as error:
        reason = str(error).splitlines()[0]
        raise ExchangeError(f"The set holds a value that the database cannot hold: {reason}.") from error


def _check_same(standing: FrozenSet, given: ReadSet) -> None:
    here = manifest_of(standing, licence="", photograph_names=False)
    if here.identity() != given.manifest.identity():
        raise ExchangeError(
            f"A frozen set {standing.slug!r} is here already and is another one (protocol "
            f"{standing.protocol_sha256[:12]} here, {given.manifest.protocol_sha256[:12]} in the folder); import into "
            "another database, or discard the one here with freeze_stimuli --discard."
        )


@transaction.atomic
def _store(given: ReadSet) -> FrozenSet:
    pool = _pool(given)
    images = dict(SourceImage.objects.filter(pool=pool).values_list("sha256", "pk"))
    network = _network(given)
    features = {record.name: _feature(record, network) for record in given.manifest.features}
    for record in given.manifest.features:
        _survey(record, features[record.name], pool, images, given)
    _unit_samples(given, network, pool)
    stimuli = _stimuli(given, pool, images, features)
    _renditions(given)
    frozen = FrozenSet.objects.create(
        slug=given.manifest.slug,
        protocol=given.protocol_text,
        protocol_sha256=given.manifest.protocol_sha256,
        plan=given.plan,
        plan_sha256=given.manifest.plan_sha256,
        verification=given.manifest.verification,
    )
    with opened(frozen):
        # The moment of its freezing, not of its import.
        FrozenSet.objects.filter(pk=frozen.pk).update(frozen_at=given.manifest.frozen_at)
        frozen.images.set([images[image.sha256] for image in given.manifest.images])
        frozen.stimuli.set(stimuli)
        frozen.features.set(features.values())
    _check_records(frozen)
    # Before the rows can be seen: a row means that its file is there.
    _store_files(given)
    return frozen


def _check_records(frozen: FrozenSet) -> None:
    """Those that were stored are the ones that were read, and those that were here are as they were written."""
    for sentence in inconsistencies(frozen_stimuli(frozen)):
        raise ExchangeError(f"{sentence} Import into another database.")


def _store_files(given: ReadSet) -> None:
    for name in given.pictures():
        files.store(given.data(name))


def _pool(given: ReadSet) -> ImagePool:
    record = given.manifest.pool
    standing = ImagePool.objects.filter(name=record.name).first()
    if standing is not None:
        here = set(standing.images.values_list("sha256", "photograph_sha256", "left", "top", "side"))
        if standing.image_size != record.image_size or here != {_place(image) for image in given.pool}:
            raise ExchangeError(
                f"The image pool {record.name!r} is here already with other images; import the set into another "
                "database, because its protocol names this pool."
            )
        return standing
    pool = ImagePool.objects.create(name=record.name, origin=record.origin, image_size=record.image_size)
    for some in _batches(given.pool):
        SourceImage.objects.bulk_create(
            SourceImage(
                pool=pool,
                photograph_name=image.photograph_name or "",
                **{name: getattr(image, name) for name in IMAGE_FIELDS},
            )
            for image in some
        )
    return pool


def _place(image: ImageRecord) -> tuple[object, ...]:
    return (image.sha256, image.photograph_sha256, image.left, image.top, image.side)


def _network(given: ReadSet) -> VisionModel:
    values = given.manifest.network.model_dump()
    identity = {name: values.pop(name) for name in ("name", "weights_sha256")}
    network, _ = VisionModel.objects.get_or_create(**identity, defaults=values)
    return network


def _feature(record: FeatureRecord, network: VisionModel) -> Feature:
    feature, _ = Feature.objects.get_or_create(model=network, name=record.name)
    return feature


def _survey(record: FeatureRecord, feature: Feature, pool: ImagePool, images: dict[str, int], given: ReadSet) -> None:
    rows = given.activations[record.name]
    counts = {"images": record.images, "ends": record.ends, "sampled": record.sampled}
    _, created = FeatureSurvey.objects.get_or_create(feature=feature, pool=pool, defaults=counts)
    kept = Activation.objects.filter(feature=feature, image__pool=pool)
    if created:
        kept.delete()  # of a survey that did not come to its end
        for some in _batches(rows):
            Activation.objects.bulk_create(
                Activation(feature=feature, image_id=images[row.image_sha256], value=row.value, rank=row.rank)
                for row in some
            )
    elif set(kept.values_list("image__sha256", "value", "rank")) != {_measured(row) for row in rows}:
        raise ExchangeError(
            f"The feature {record.name!r} was surveyed here over the pool {pool.name!r} with another result; import "
            "the set into another database, because it rests on its own survey."
        )


def _measured(row: ActivationRow) -> tuple[object, ...]:
    return (row.image_sha256, row.value, row.rank)


def _unit_samples(given: ReadSet, network: VisionModel, pool: ImagePool) -> None:
    """They were drawn before the set was frozen; when exactly is not known here."""
    frozen_at = given.manifest.frozen_at
    for record in given.manifest.unit_samples:
        values = {"model": network, "pool": pool, **record.model_dump()}
        here = UnitSample.objects.filter(**values).order_by("created_at").first()
        sample = here or UnitSample.objects.create(**values)
        UnitSample.objects.filter(pk=sample.pk, created_at__gt=frozen_at).update(created_at=frozen_at)


def _renditions(given: ReadSet) -> None:
    for record in given.manifest.renditions:
        values = record.model_dump()
        sha256 = values.pop("sha256")
        here, created = Rendition.objects.get_or_create(**values, defaults={"sha256": sha256})
        if not created and here.sha256 != sha256:
            _check_rendition_here(here, given.original(record))


def _check_rendition_here(here: Rendition, original: bytes) -> None:
    """One that was made here already by other releases of the libraries is as good, if it is what it should be."""
    image_format: FormatName = "webp" if here.format == "webp" else "png"
    if not files.is_whole(here.sha256) or not is_rendition(files.read(here.sha256), original, here.width, image_format):
        raise ExchangeError(
            f"The rendition {here} is here already and does not show its original; import into another database."
        )


def _stimuli(given: ReadSet, pool: ImagePool, images: dict[str, int], features: dict[str, Feature]) -> list[Stimulus]:
    stimuli, made = [], []
    natural = {image.sha256: image for image in given.manifest.images}
    for record in given.manifest.stimuli:
        image = images[record.image] if record.image else None
        recipe = {"kind": record.kind, "feature": features[record.feature], "pool": pool, "image_id": image}
        recipe |= {"config_sha256": record.config_sha256, "seed": record.seed}
        stimulus = _standing(record, Stimulus.objects.filter(**recipe).first())
        if stimulus is None:
            values = record.model_dump(exclude={"kind", "feature", "image", "config_sha256", "seed"})
            values["record_sha256"] = record.record_sha256 or hash_of_record(record, given.manifest, natural)
            stimulus = Stimulus(**recipe, **values)
            made.append((stimulus, record.created_at))
        stimuli.append(stimulus)
    new = [stimulus for stimulus, _ in made]
    Stimulus.objects.bulk_create(new, batch_size=_BATCH)
    for stimulus, created_at in made:
        stimulus.created_at = created_at  # creation has stamped it with the time of the import
    Stimulus.objects.bulk_update(new, ["created_at"], batch_size=_BATCH)
    return stimuli


def _standing(record: StimulusRecord, here: Stimulus | None) -> Stimulus | None:
    """The stimulus of this recipe that is here, if it is the same one.

    When and where it was made may differ. Another one does not give way: it was made here by somebody, and a rejection
    is a researcher's word.
    """
    if here is None:
        return None
    rejection = Rejection.objects.filter(stimulus=here).first()
    if rejection is not None:
        raise ExchangeError(
            f"{here.describe()} belongs to the set in the folder, and {rejection.by} rejected it here "
            f"({rejection.reason}); withdraw the rejection in the gallery, or import into another database."
        )
    if not _is_same(record, stimulus_record(here)):
        frozen = here.frozen_sets.first()
        belongs = f" and belongs to the frozen set {frozen.slug!r}" if frozen else ""
        raise ExchangeError(
            f"{here.describe()} was made here otherwise than in the folder{belongs}; import into another database."
        )
    return here


def _is_same(one: StimulusRecord, other: StimulusRecord) -> bool:
    """The same files, and figures that agree but for the last digits, which another device may give."""
    if (one.sha256, one.mask_sha256, one.format) != (other.sha256, other.mask_sha256, other.format):
        return False
    pairs = [(getattr(one, name), getattr(other, name)) for name in (*FIGURES, "rank_after")]
    return all(
        left == right or (left is not None and right is not None and math.isclose(left, right, rel_tol=1e-3))
        for left, right in pairs
    )


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    iterator = iter(items)
    while batch := list(islice(iterator, _BATCH)):
        yield batch
