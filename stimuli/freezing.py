"""Freezing the set of a protocol: everything is verified, then written down, and from then on it cannot change."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError

from stimuli.immutability import opened
from stimuli.models import FrozenSet, ImagePool, Rendition, SourceImage, Stimulus, WorkingPlan
from stimuli.protocol import ProtocolFile
from stimuli.renditions import needed_renditions
from stimuli.sets import Contents, contents, frozen_set_of, set_files, text_sha256, web_images
from stimuli.verification import problems, rejected_before, unfit

# Makes a sample of the stimuli again and returns what is to be recorded of it; raises if they differ.
Remake = Callable[[Contents], dict[str, Any]]


class FreezeError(ValueError):
    """The set cannot be frozen or discarded; the message says why in one sentence.

    Attributes:
        problems: a sentence for each thing that is wrong; empty where the message says all.
    """

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)
        for problem in problems:
            self.add_note(problem)  # so that a traceback names them


def freeze(file: ProtocolFile, *, remake: Remake | None = None) -> tuple[FrozenSet, bool]:
    """Freeze the set of a protocol; the same file again gives the set that stands, and False.

    Args:
        file: the protocol.
        remake: makes a sample again once all files are known to be whole; without it none is.

    Raises:
        ProtocolError: the images cannot be chosen.
        FreezeError: something is missing, damaged, out of bounds or rejected; or the slug is taken.
    """
    standing = frozen_set_of(file)
    if standing is not None:
        return standing, False
    _check_slug(file.protocol.slug)
    found = contents(file.protocol)
    stimuli = _fit_stimuli(found)
    renditions = needed_renditions(web_images(found.plan, found.images, stimuli), found.protocol.stimuli.files)
    verification = {
        "natural_images": len(found.images),
        "stimuli": len(stimuli),
        "files": len(set_files(found.images, stimuli, renditions)),
        **(remake(found) if remake else {"sample": 0}),
    }
    return _write(file, found, stimuli, renditions, verification), True


def discard(frozen: FrozenSet) -> None:
    """Delete a frozen set that no study stands on; its images and stimuli stay and may change again.

    Raises:
        FreezeError: a study stands on it.
    """
    try:
        with opened(frozen):
            frozen.delete()
    except ProtectedError as error:
        raise FreezeError(
            f"The set {frozen.slug!r} stays frozen, because the study made from it stands on it."
        ) from error


def _check_slug(slug: str) -> None:
    if FrozenSet.objects.filter(slug=slug).exists():
        raise FreezeError(
            f"The set {slug!r} was frozen from another protocol; give this one another `slug`, or discard that set "
            "with freeze_stimuli --discard, if no study stands on it."
        )


def _fit_stimuli(found: Contents) -> list[Stimulus]:
    """All stimuli of the set, each whole and fit to be shown."""
    wrong = list(problems(found))
    stimuli = [stimulus for stimulus in found.stimuli() if stimulus is not None]
    wrong += unfit(stimuli, found.protocol.stimuli.quality)
    wrong += rejected_before(stimuli)
    if wrong:
        raise FreezeError(
            f"Problems in the set {found.protocol.slug!r}: {len(wrong)}; nothing was frozen. generate_stimuli makes "
            "stimuli that are missing, damaged or rejected, import_images brings natural images back. What breaks a "
            "bound needs another attempt (reject it in the gallery, then generate_stimuli), other features, settings "
            "or bounds; a continuation that does not reach its level more steps, or lower percentiles. A record that "
            "was changed needs a backup of the database, or another attempt.",
            wrong,
        )
    return stimuli


@transaction.atomic
def _write(
    file: ProtocolFile,
    found: Contents,
    stimuli: Sequence[Stimulus],
    renditions: Sequence[Rendition],
    verification: dict[str, Any],
) -> FrozenSet:
    # Held until the set is there, so that nobody changes an image between its verification and its freezing.
    list(ImagePool.objects.select_for_update().filter(pk__in={image.pool_id for image in found.images}))
    _check_unchanged(stimuli, renditions)
    list(SourceImage.objects.select_for_update().filter(pk__in=[image.pk for image in found.images]))
    frozen = FrozenSet.objects.create(
        slug=file.protocol.slug,
        protocol=file.text,
        protocol_sha256=file.sha256,
        plan=found.plan,
        plan_sha256=text_sha256(found.plan),
        verification=verification,
    )
    with opened(frozen):
        frozen.images.set(found.images)
        frozen.stimuli.set(stimuli)
        frozen.features.set(found.features)
    WorkingPlan.objects.filter(slug=frozen.slug).delete()  # there is nothing left to do on it
    return frozen


def _check_unchanged(stimuli: Sequence[Stimulus], renditions: Sequence[Rendition]) -> None:
    """Lock the rows that were verified, and make sure that they are still the same."""
    locked = Stimulus.objects.select_for_update().filter(pk__in=[stimulus.pk for stimulus in stimuli])
    files_now = {row.pk: (row.sha256, row.mask_sha256) for row in locked}
    rejected = Stimulus.objects.filter(pk__in=files_now).exclude(rejection=None)
    scaled = Rendition.objects.select_for_update().filter(pk__in=[row.pk for row in renditions])
    same = files_now == {row.pk: (row.sha256, row.mask_sha256) for row in stimuli}
    same = same and {(row.pk, row.sha256) for row in scaled} == {(row.pk, row.sha256) for row in renditions}
    if not same or rejected.exists():
        raise FreezeError("The set changed while it was verified; run freeze_stimuli again.")
