"""Image pools: photographs are cut to square images, all checked before the first one is stored.

A pool comes to exist in one transaction, after its files: a pool that can be seen is complete.
"""

import os
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction
from django.db.models import Q

from stimuli import files
from stimuli.built_in import ORIGIN, built_in_photographs
from stimuli.crops import Square, centre_square, cut, scatter_squares
from stimuli.models import ImagePool, SourceImage
from stimuli.perceptual_hash import perceptual_hash
from stimuli.photographs import Photograph, PhotographError, find_photographs, photograph_sha256, read_photograph

CROPS_PER_PHOTOGRAPH = 22

# How the origin of a pool begins that was made from a folder, before the folder's name.
FOLDER = "folder "

# What to call an iterable through to show progress: it yields the same paths.
Progress = Callable[[list[Path]], Iterable[Path]]
Squares = Callable[[Photograph], list[Square]]


class PoolError(ValueError):
    """A pool cannot be made; the message says what to mend, one sentence a line."""


@dataclass(frozen=True)
class PlannedImage:
    """An image that a pool is to hold: this square of this photograph."""

    path: Path
    photograph_name: str
    photograph_sha256: str
    square: Square
    sha256: str
    perceptual_hash: int


@dataclass(frozen=True)
class ImportedPool:
    """What an import did: ``reused`` if the pool was there already, ``duplicates`` names images that came twice.

    ``transparent`` counts photographs that were put on white; none where they did not have to be read again.
    """

    pool: ImagePool
    images: int
    photographs: int
    reused: bool
    duplicates: tuple[str, ...]
    transparent: int = 0


def import_folder(folder: Path, *, name: str, size: int, progress: Progress = iter) -> ImportedPool:
    """Make a pool from a folder: the centre square of every photograph, ``size`` x ``size`` pixels.

    Raises:
        PoolError: a file cannot be used (all of them are listed, nothing is stored), or the name is taken.
    """
    paths = _found(lambda: find_photographs(folder))
    # The database takes UTF-8 only, a name of a folder may be of any bytes.
    origin = f"{FOLDER}{os.fsencode(folder.resolve().name).decode(errors='replace')}"
    if standing := _standing(paths, Q(origin__startswith=FOLDER), name=name, size=size):
        return standing
    plan = _plan(progress(paths), lambda photograph: [centre_square(photograph.image)], size)
    return _import(plan, name=name, origin=origin, size=size)


def import_built_in(*, name: str, size: int, seed: int, progress: Progress = iter) -> ImportedPool:
    """Make a pool from the built-in photographs: several hundred squares, scattered by a generator with ``seed``.

    Raises:
        PoolError: a photograph is missing from the wheels, or the name is taken.
    """
    paths = _found(built_in_photographs)
    origin = f"{ORIGIN}; crops with seed {seed}"
    if standing := _standing(paths, Q(origin=origin), name=name, size=size):
        return standing
    generator = random.Random(seed)
    plan = _plan(
        progress(paths),
        lambda photograph: scatter_squares(photograph.image, CROPS_PER_PHOTOGRAPH, generator),
        size,
    )
    return _import(plan, name=name, origin=origin, size=size)


@dataclass(frozen=True)
class _Plan:
    images: tuple[PlannedImage, ...]
    duplicates: tuple[str, ...]
    transparent: int


def _found(find: Callable[[], list[Path]]) -> list[Path]:
    try:
        return find()
    except PhotographError as error:
        raise PoolError(str(error)) from error


def _standing(paths: list[Path], made_alike: Q, *, name: str, size: int) -> ImportedPool | None:
    """The pool, if it was made in the same way from the same photographs and all its files are whole.

    Known from the hashes of photographs and images, because to cut every image again takes many times as long.

    Args:
        paths: of the photographs.
        made_alike: which pools have the same squares of the same photographs.
        name: of the pool.
        size: of its images.
    """
    pool = ImagePool.objects.filter(made_alike, name=name, image_size=size).first()
    if pool is None:
        return None
    try:
        given = sorted(photograph_sha256(path) for path in paths)
    except PhotographError:
        # The full import lists this file with all others that cannot be used.
        return None
    rows = list(pool.images.values_list("sha256", "photograph_sha256"))
    used = {photograph for _, photograph in rows}
    # As lists, so that a photograph that came twice goes through the full import, which says so.
    if given != sorted(used) or not all(files.is_whole(sha256) for sha256, _ in rows):
        return None
    _fill_in_hashes(pool)
    return ImportedPool(pool, len(rows), len(used), reused=True, duplicates=())


def _plan(paths: Iterable[Path], squares: Squares, size: int) -> _Plan:
    """Read every photograph and note what would be stored; pixels are not kept, so any number fits in memory."""
    planned: dict[str, PlannedImage] = {}
    duplicates: list[str] = []
    problems: list[str] = []
    transparent = 0
    for path in paths:
        try:
            photograph = read_photograph(path)
            images = _images_of(path, photograph, squares(photograph), size)
        except PhotographError as error:
            problems.append(str(error))
            continue
        transparent += photograph.was_transparent
        for image in images:
            first = planned.setdefault(image.sha256, image)
            if first is not image:
                duplicates.append(f"{path.name} shows the same as {first.path.name}")
    if problems:
        raise PoolError("\n".join([*problems, "Nothing was imported."]))
    return _Plan(tuple(planned.values()), tuple(duplicates), transparent)


def _images_of(path: Path, photograph: Photograph, squares: list[Square], size: int) -> list[PlannedImage]:
    return [_planned(path, photograph, square, cut(photograph.image, square, size)) for square in squares]


def _planned(path: Path, photograph: Photograph, square: Square, png: bytes) -> PlannedImage:
    return PlannedImage(path, photograph.name, photograph.sha256, square, files.sha256_of(png), perceptual_hash(png))


def _import(plan: _Plan, *, name: str, origin: str, size: int) -> ImportedPool:
    existing = ImagePool.objects.filter(name=name).first()
    if existing is not None:
        _check_same(existing, plan, size)
    _store_files(plan.images, size)
    if existing is not None:
        _fill_in_hashes(existing)
    pool = existing or _create_pool(plan.images, name=name, origin=origin, size=size)
    photographs = len({image.photograph_sha256 for image in plan.images})
    return ImportedPool(pool, len(plan.images), photographs, existing is not None, plan.duplicates, plan.transparent)


def _check_same(pool: ImagePool, plan: _Plan, size: int) -> None:
    """A pool never changes: its name may be used again only for the same images, whatever their folder is called."""
    if pool.image_size != size:
        raise PoolError(
            f"The pool {pool.name!r} exists and was made otherwise ({pool.origin}, {pool.image_size} px); "
            "choose another name with --pool."
        )
    if set(pool.images.values_list("sha256", flat=True)) != {image.sha256 for image in plan.images}:
        raise PoolError(f"The pool {pool.name!r} exists and holds other images; choose another name with --pool.")


def _store_files(images: Iterable[PlannedImage], size: int) -> None:
    """Write the files that are not there yet, or not whole."""
    for path, missing in _by_photograph(image for image in images if not files.is_whole(image.sha256)):
        photograph = read_photograph(path)
        for image in missing:
            if files.store(cut(photograph.image, image.square, size)) != image.sha256:
                raise PoolError(f"{path} changed while it was imported; import again when it is at rest.")


def _fill_in_hashes(pool: ImagePool) -> None:
    """Look at the images of a pool that was imported before perceptual hashes were kept; their files are whole."""
    for image in pool.images.filter(perceptual_hash=None).iterator():
        image.perceptual_hash = perceptual_hash(files.read(image.sha256))
        image.save(update_fields=["perceptual_hash"])


def _by_photograph(images: Iterable[PlannedImage]) -> Iterator[tuple[Path, list[PlannedImage]]]:
    groups: dict[Path, list[PlannedImage]] = {}
    for image in images:
        groups.setdefault(image.path, []).append(image)
    yield from groups.items()


@transaction.atomic
def _create_pool(images: Iterable[PlannedImage], *, name: str, origin: str, size: int) -> ImagePool:
    pool = ImagePool.objects.create(name=name, origin=origin, image_size=size)
    SourceImage.objects.bulk_create(
        (
            SourceImage(
                pool=pool,
                sha256=image.sha256,
                photograph_sha256=image.photograph_sha256,
                photograph_name=image.photograph_name,
                left=image.square.left,
                top=image.square.top,
                side=image.square.side,
                perceptual_hash=image.perceptual_hash,
            )
            for image in images
        ),
        batch_size=1000,
    )
    return pool
