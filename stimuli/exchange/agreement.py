"""Whether the records of a set agree with its plan, with its survey, and with the bounds of its protocol."""

from collections.abc import Iterable, Mapping, Sequence

from stimuli.consistency import is_rank_of
from stimuli.exchange.records import (
    ACTIVATIONS,
    MANIFEST,
    PLAN,
    ExchangeError,
    FeatureRecord,
    ImageRecord,
    Manifest,
    StimulusRecord,
)
from stimuli.models import Stimulus
from stimuli.named_in_plan import NamedInPlan, RecipeKey, named_in_plan
from stimuli.natural import sample_sha256, spectrum_order
from stimuli.protocol import Protocol, QualityTable
from stimuli.quality import flags
from stimuli.record_hash import record_sha256


def check_plan(manifest: Manifest, protocol: Protocol, plan: str, pool: Sequence[ImageRecord]) -> None:
    """Every image and every stimulus of the plan is in the manifest, and no other.

    A set that was frozen before plans were kept has none; no study can be made from it.

    Raises:
        ExchangeError: the plan is none, is of something else, or names others.
    """
    if not plan:
        return
    try:
        named = named_in_plan(plan)
    except (ValueError, KeyError, RecursionError) as error:
        raise ExchangeError(f"{PLAN} is not a plan: {error}.") from error
    header = {
        "slug": manifest.slug,
        "seed": protocol.seed,
        "model": {"name": manifest.network.name, "weights_sha256": manifest.network.weights_sha256},
        "pool": {
            "name": manifest.pool.name,
            "images": manifest.pool.images,
            "image_size": manifest.pool.image_size,
        },
    }
    if named.header != header:
        raise ExchangeError(f"{PLAN} is of another study, network or pool than {MANIFEST}.")
    _check_same("stimuli", named.stimuli, {_recipe(one) for one in manifest.stimuli})
    averaged = _averaged(named, manifest, protocol, pool)
    _check_same("natural images", named.images | averaged, {image.sha256 for image in manifest.images})


def check_survey(record: FeatureRecord, pool_images: int, ranks: Sequence[int]) -> None:
    """As many activations as a survey of this extent keeps, with the ranks that it gives.

    Raises:
        ExchangeError: some are missing or too many, or the extent is not one.
    """
    images, ends, sampled = record.images, record.ends, record.sampled
    whole = sampled == images
    there = set(ranks)
    if images != pool_images or sampled > images or len(there) < len(ranks) or (there and max(there) > images):
        raise ExchangeError(f"{ACTIVATIONS} and {MANIFEST} disagree on the survey of {record.name!r}.")
    # Of a pool that was not kept whole, sampled images that are among the ends are kept once.
    exact = {*range(1, ends + 1), *range(images - ends + 1, images + 1)}
    enough = there == set(range(1, images + 1)) if whole else exact <= there and sampled <= len(there)
    if not enough or (not whole and len(there) > 2 * ends + sampled):
        raise ExchangeError(
            f"{ACTIVATIONS} has {len(there)} activations of {record.name!r}, not those that a survey of {images} "
            f"images keeps ({ends} at either end, {sampled} sampled)."
        )


def check_quality(stimuli: Iterable[StimulusRecord], bounds: QualityTable) -> None:
    """Every stimulus keeps to the bounds of the protocol, as all do that were frozen.

    Raises:
        ExchangeError: one does not, or its parameters cannot be read.
    """
    for record in stimuli:
        made = Stimulus(**record.model_dump(exclude={"feature", "image"}))
        try:
            words = flags(made, bounds)
        except (KeyError, TypeError, ValueError) as error:
            raise ExchangeError(f"The parameters of the stimulus {record.sha256[:12]} cannot be read.") from error
        if words:
            raise ExchangeError(
                f"The stimulus {record.sha256[:12]} breaks the bounds of [stimuli.quality]: {'; '.join(words)}."
            )


def check_stimuli(manifest: Manifest, kept: Mapping[str, Sequence[tuple[float, int]]]) -> None:
    """Every stimulus has the rank of its activation, and every record is the one of its hash, if it has one.

    Args:
        manifest: whose surveys were checked.
        kept: the activations of each feature, with their ranks.

    Raises:
        ExchangeError: one has not.
    """
    images = {image.sha256: image for image in manifest.images}
    surveys = {one.name: one.model_dump(include={"images", "ends", "sampled"}) for one in manifest.features}
    for one in manifest.stimuli:
        if one.rank_after is not None and not is_rank_of(
            one.rank_after, one.activation_after, kept[one.feature], **surveys[one.feature]
        ):
            raise ExchangeError(
                f"The stimulus {one.sha256[:12]} cannot have the rank {one.rank_after}: it is not that of its "
                f"activation, {one.activation_after:.4g}, among the {manifest.pool.images} images of the pool."
            )
        if one.record_sha256 not in ("", hash_of_record(one, manifest, images)):
            raise ExchangeError(
                f"The record of the stimulus {one.sha256[:12]} is not the one of its hash; ask for another copy of the "
                "set."
            )


def hash_of_record(one: StimulusRecord, manifest: Manifest, images: Mapping[str, ImageRecord]) -> str:
    """The hash of what a record says, with what the manifest says of its network and its images of the seed image."""
    image = images[one.image] if one.image else None
    return record_sha256(one, feature=one.feature, network=manifest.network, pool=manifest.pool.name, image=image)


def _recipe(one: StimulusRecord) -> RecipeKey:
    return one.kind.value, one.feature, one.image, one.config_sha256, one.seed


def _check_same(what: str, planned: Iterable[object], given: Iterable[object]) -> None:
    missing, more = len(set(planned) - set(given)), len(set(given) - set(planned))
    if missing or more:
        raise ExchangeError(
            f"{MANIFEST} does not have the {what} that {PLAN} names: {missing} are missing, {more} are not of the "
            "plan; ask for another copy of the set."
        )


def _averaged(
    named: NamedInPlan, manifest: Manifest, protocol: Protocol, pool: Sequence[ImageRecord]
) -> frozenset[str]:
    """The images whose colours stimuli take: the plan names them by one hash, so they are drawn again."""
    counts = {one.config["spectrum_images"] for one in manifest.stimuli if "spectrum_images" in one.config}
    order = spectrum_order((image.sha256 for image in pool), protocol.seed)
    samples = [order[:count] for count in counts if isinstance(count, int)]
    if {sample_sha256(sample) for sample in samples} != named.samples:
        raise ExchangeError(f"{PLAN} takes colours from other images than the pool and the seed give.")
    return frozenset(sha256 for sample in samples for sha256 in sample)
