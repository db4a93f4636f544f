"""What belongs to the set of a protocol: its images, features and stimuli, and the plan that they follow. No torch.

The set that stands frozen for a protocol is found here too; the study site asks for it.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from stimuli.models import Feature, FrozenSet, Rendition, SourceImage, Stimulus
from stimuli.named_in_plan import named_in_plan
from stimuli.plan import plan_of_images
from stimuli.protocol import Protocol, ProtocolError, ProtocolFile, parse_protocol
from stimuli.recipes import Recipe, find_stimulus, needed_recipes
from stimuli.renditions import WebImage, needed_renditions
from stimuli.selection import FeatureImages, select_images


@dataclass(frozen=True)
class Contents:
    """What a protocol asks for today.

    Attributes:
        protocol: the protocol.
        images: every natural image, once.
        features: every feature, once.
        recipes: of every stimulus, in the order of the protocol's features.
        plan: the text that says all of this.
    """

    protocol: Protocol
    images: tuple[SourceImage, ...]
    features: tuple[Feature, ...]
    recipes: tuple[Recipe, ...]
    plan: str

    def stimuli(self) -> list[Stimulus | None]:
        """What was made of each recipe; None where nothing was."""
        return [find_stimulus(recipe) for recipe in self.recipes]


@dataclass(frozen=True)
class SetFile:
    """A file of a set.

    Attributes:
        folder: what kind of file: ``images``, ``stimuli``, ``masks`` or ``renditions``.
        sha256: of its bytes.
        format: ``png`` or ``webp``.
        what: whose file it is, for messages.
    """

    folder: str
    sha256: str
    format: str
    what: str


def contents(protocol: Protocol) -> Contents:
    """The contents of the protocol's set.

    Raises:
        ProtocolError: the images cannot be chosen.
    """
    selected = select_images(protocol)
    recipes = needed_recipes(protocol, selected)
    return Contents(
        protocol=protocol,
        images=tuple({image.pk: image for image in _images(selected, recipes)}.values()),
        features=tuple(one.feature for one in selected),
        recipes=tuple(recipes),
        plan=plan_of_images(protocol, selected, recipes),
    )


def set_files(
    images: Iterable[SourceImage], stimuli: Iterable[Stimulus], renditions: Iterable[Rendition]
) -> list[SetFile]:
    """All files of these rows, masks included, each once, in a fixed order."""
    files = [
        SetFile("images", image.sha256, "png", f"the natural image {image.sha256[:12]} ({image})") for image in images
    ]
    for stimulus in stimuli:
        files.append(SetFile("stimuli", stimulus.sha256, stimulus.format, stimulus.describe()))
        if stimulus.mask_sha256:
            files.append(SetFile("masks", stimulus.mask_sha256, "png", f"the mask of {stimulus.describe()}"))
    for rendition in renditions:
        files.append(SetFile("renditions", rendition.sha256, rendition.format, f"the rendition {rendition}"))
    return list({(file.folder, file.sha256): file for file in files}.values())


def web_images(plan: str, images: Iterable[SourceImage], stimuli: Iterable[Stimulus]) -> list[WebImage]:
    """Those that browsers get: all but natural images that are only averaged. Sets without a plan show all."""
    named = named_in_plan(plan).images if plan else None
    return [*(image for image in images if named is None or image.sha256 in named), *stimuli]


def frozen_web_images(frozen: FrozenSet) -> list[WebImage]:
    """Of a frozen set, the images that browsers get."""
    return web_images(
        frozen.plan,
        frozen.images.select_related("pool").order_by("sha256"),
        frozen.stimuli.select_related("pool", "feature"),
    )


def frozen_renditions(frozen: FrozenSet) -> list[Rendition]:
    """Of a frozen set, the renditions that its own protocol asks for, in a fixed order; not those of other studies."""
    return needed_renditions(frozen_web_images(frozen), protocol_of(frozen).stimuli.files)


def frozen_stimuli(frozen: FrozenSet) -> Iterable[Stimulus]:
    """All stimuli of a frozen set, with everything that their records name."""
    return frozen.stimuli.select_related("feature__model", "pool", "image")


def frozen_files(frozen: FrozenSet) -> list[SetFile]:
    """All files of a frozen set."""
    stimuli = frozen.stimuli.select_related("feature")
    return set_files(frozen.images.all(), stimuli, frozen_renditions(frozen))


def frozen_set_of(file: ProtocolFile) -> FrozenSet | None:
    """The set that was frozen from this very file."""
    return FrozenSet.objects.filter(protocol_sha256=file.sha256).first()


def frozen_set_named(slug: str) -> FrozenSet:
    """The frozen set of this name.

    Raises:
        ProtocolError: there is none; the message names those that there are.
    """
    frozen = FrozenSet.objects.filter(slug=slug).first()
    if frozen is None:
        known = ", ".join(FrozenSet.objects.order_by("slug").values_list("slug", flat=True)) or "none"
        raise ProtocolError(f"There is no frozen set {slug!r} (there are: {known}); freeze_stimuli makes one.")
    return frozen


def protocol_of(frozen: FrozenSet) -> Protocol:
    """The protocol of a frozen set."""
    return parse_protocol(frozen.protocol, name=f"the protocol of the frozen set {frozen.slug}")


def contents_of(frozen: FrozenSet) -> Contents:
    """The contents of a frozen set, chosen again.

    Activations are not locked, because a pool may be surveyed again at any time; everything that the choice rests on,
    this program included, shows in the plan.

    Raises:
        ProtocolError: the protocol chooses other images today than were frozen, or none.
    """
    found = contents(protocol_of(frozen))
    if text_sha256(found.plan) != frozen.plan_sha256:
        raise ProtocolError(
            f"The protocol {frozen.slug!r} chooses other images today than those frozen on "
            f"{frozen.frozen_at:%Y-%m-%d}: activations, the pool or this program have changed since. Bring them back "
            "as they were, or discard the set with freeze_stimuli --discard and freeze again."
        )
    return found


def text_sha256(text: str) -> str:
    """The SHA-256 of a text as UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def _images(selected: Iterable[FeatureImages], recipes: Iterable[Recipe]) -> Iterable[SourceImage]:
    """Every natural image that a study shows or that its stimuli are made from."""
    yield from (ranked.image for images in selected for ranked in images.images)
    yield from (recipe.image for recipe in recipes if recipe.image)
    averaged = {(recipe.pool.pk, sha256) for recipe in recipes for sha256 in recipe.natural}
    for pool in sorted({pool for pool, _ in averaged}):
        yield from SourceImage.objects.filter(pool=pool, sha256__in=[sha256 for _, sha256 in averaged])
