"""Is every file there, is every record as it was written, and is every image fit to be shown? No torch."""

from collections.abc import Iterable, Iterator, Sequence

from stimuli import files
from stimuli.consistency import inconsistencies
from stimuli.models import FrozenSet, Rejection, Stimulus
from stimuli.protocol import QualityTable
from stimuli.quality import flags
from stimuli.recipes import Recipe
from stimuli.renditions import needed_renditions, wrong_renditions
from stimuli.sets import (
    Contents,
    SetFile,
    frozen_files,
    frozen_stimuli,
    frozen_web_images,
    protocol_of,
    set_files,
    text_sha256,
    web_images,
)


def problems(found: Contents) -> Iterator[str]:
    """A sentence for each stimulus or rendition that was not made, each record or file that is changed, each
    file that is missing, and each rendition that is not its original's."""
    made = found.stimuli()
    for recipe, stimulus in zip(found.recipes, made, strict=True):
        if stimulus is None:
            yield f"The {recipe.describe()} has not been made{_in_whose_place(recipe)}."
    there = [stimulus for stimulus in made if stimulus is not None]
    yield from inconsistencies(there)
    shown, table = web_images(found.plan, found.images, there), found.protocol.stimuli.files
    yield from damaged(set_files(found.images, there, needed_renditions(shown, table)))
    yield from wrong_renditions(shown, table)


def frozen_problems(frozen: FrozenSet) -> Iterator[str]:
    """The same of a frozen set, and a sentence for each of its texts that is not the one of its hash."""
    wrong = list(altered(frozen))
    yield from wrong
    if not wrong:  # the texts say what belongs to the set
        yield from inconsistencies(frozen_stimuli(frozen))
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
