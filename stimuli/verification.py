"""Is every image what its record says, and fit to be shown? Hashes of all files, and a sample made again."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from stimuli import files
from stimuli.engines.interface import Workers
from stimuli.generation import changes, order, picture_of
from stimuli.models import FrozenSet, Rejection, Stimulus
from stimuli.orders import NetworkFacts
from stimuli.pictures import decode
from stimuli.protocol import QualityTable
from stimuli.quality import flags
from stimuli.recipes import Recipe, find_stimulus
from stimuli.renditions import needed_renditions, wrong_renditions
from stimuli.sets import (
    Contents,
    SetFile,
    frozen_files,
    frozen_web_images,
    protocol_of,
    set_files,
    text_sha256,
    web_images,
)


def problems(found: Contents) -> Iterator[str]:
    """A sentence for each stimulus or rendition that was not made, each file that is missing or changed, and each
    rendition that is not its original's."""
    made = found.stimuli()
    for recipe, stimulus in zip(found.recipes, made, strict=True):
        if stimulus is None:
            yield f"The {recipe.describe()} has not been made{_in_whose_place(recipe)}."
    there = [stimulus for stimulus in made if stimulus is not None]
    shown, table = web_images(found.plan, found.images, there), found.protocol.stimuli.files
    yield from damaged(set_files(found.images, there, needed_renditions(shown, table)))
    yield from wrong_renditions(shown, table)


def frozen_problems(frozen: FrozenSet) -> Iterator[str]:
    """The same of a frozen set, and a sentence for each of its texts that is not the one of its hash."""
    wrong = list(altered(frozen))
    yield from wrong
    if not wrong:  # the texts say what belongs to the set
        yield from damaged(frozen_files(frozen))
        yield from wrong_renditions(frozen_web_images(frozen), protocol_of(frozen).stimuli.files)


def damaged(set_files: Iterable[SetFile]) -> Iterator[str]:
    """A sentence for each file that is missing or changed."""
    for file in set_files:
        if not files.is_whole(file.sha256):
            yield f"The file of {file.what} is missing or changed."


def unfit(stimuli: Iterable[Stimulus], bounds: QualityTable) -> Iterator[str]:
    """A sentence for each stimulus that no study may show, because it breaks a bound."""
    for stimulus in stimuli:
        words = flags(stimulus, bounds)
        if words:
            yield f"{stimulus.describe()} breaks the bounds of [stimuli.quality]: {'; '.join(words)}."


def rejected_before(stimuli: Sequence[Stimulus]) -> Iterator[str]:
    """A sentence for each stimulus whose file is, byte for byte, one that was rejected in its place."""
    rejections = Rejection.objects.filter(stimulus__sha256__in=[stimulus.sha256 for stimulus in stimuli])
    rejected = {_what_is_shown(one.stimulus): one for one in rejections.select_related("stimulus")}
    for stimulus in stimuli:
        if rejection := rejected.get(_what_is_shown(stimulus)):
            yield (
                f"{stimulus.describe()} is byte for byte the image that {rejection.by} rejected ({rejection.reason}): "
                f"another seed changed nothing. Change how the protocol makes it ([stimuli.{stimulus.kind}]), or leave "
                "the feature out."
            )


def _what_is_shown(stimulus: Stimulus) -> tuple[str, int, int | None, str]:
    return stimulus.kind, stimulus.feature_id, stimulus.image_id, stimulus.sha256


def altered(frozen: FrozenSet) -> Iterator[str]:
    """A sentence for each text of a frozen set that is not the one of its hash."""
    # A protocol file may begin with a byte order mark, which is in the hash of the file and not in its text.
    if frozen.protocol_sha256 not in (text_sha256(frozen.protocol), text_sha256("\ufeff" + frozen.protocol)):
        yield f"The protocol of the frozen set {frozen.slug!r} is not the one of its hash."
    if text_sha256(frozen.plan) != frozen.plan_sha256:
        yield f"The plan of the frozen set {frozen.slug!r} is not the one of its hash."


def differences(recipes: Sequence[Recipe], workers: Workers, tolerance: float) -> Iterator[str | None]:
    """Make stimuli again and compare them with their files: None for one that came out alike, or a sentence.

    Alike is a mean absolute difference of at most ``tolerance`` over the 8-bit colour values. Another class of device
    computes in another order, which a hundred steps amplify; what was made there is not made again here.

    Args:
        recipes: each with a stimulus whose file is whole.
        workers: the network.
        tolerance: 0 to 255.
    """
    found = [_stimulus(recipe) for recipe in recipes]
    here = _device_class(workers.facts.device)
    same = [place for place, stimulus in enumerate(found) if _device_class(stimulus.device) == here]
    for place, stimulus in enumerate(found):
        if place not in same:
            yield f"{stimulus.describe()} was made on {stimulus.device}, not to be compared on {workers.facts.device}."
    for number, made in workers.make([order(recipes[place]) for place in same]):
        image = picture_of(recipes[same[number]], made.pictures).image
        yield _difference(found[same[number]], image, tolerance, workers.facts)


def _in_whose_place(recipe: Recipe) -> str:
    """Of which rejected stimulus another attempt is missing; empty where none was rejected."""
    rejection = Rejection.objects.filter(
        stimulus__kind=recipe.kind,
        stimulus__feature=recipe.feature,
        stimulus__pool=recipe.pool,
        stimulus__image=recipe.image,
        stimulus__config_sha256__in=recipe.run,
    ).last()
    return f" in the place of the one that {rejection.by} rejected ({rejection.reason})" if rejection else ""


def _difference(stimulus: Stimulus, image: bytes, tolerance: float, network: NetworkFacts) -> str | None:
    stored, again = _pixels(files.read(stimulus.sha256)), _pixels(image)
    if stored.shape != again.shape:
        return f"{stimulus.describe()} has {stored.shape} colour values, made again {again.shape}."
    apart = np.abs(stored.astype(int) - again.astype(int))
    if apart.mean() <= tolerance:
        return None
    return (
        f"{stimulus.describe()} comes out differently: {apart.mean():.2f} of 255 on average, {apart.max()} at most, "
        f"{100 * (apart > 0).mean():.1f} % of the colour values{changes(stimulus, network)}."
    )


def _stimulus(recipe: Recipe) -> Stimulus:
    stimulus = find_stimulus(recipe)
    assert stimulus is not None
    return stimulus


def _device_class(device: str) -> str:
    """``cuda`` of "cuda (NVIDIA H100)"."""
    return device.partition(" ")[0]


def _pixels(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(decode(data))
