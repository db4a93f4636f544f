"""The files that browsers are sent: every image of a study in one format and in the same sizes, made once. No torch.

All of an image's kinds and both queries go the same way, so that neither format nor size tells them apart.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from django.db import transaction

from stimuli import files
from stimuli.immutability import refusals
from stimuli.models import Rendition, SourceImage, Stimulus
from stimuli.orders import FormatName
from stimuli.pictures import decode, encode, scaled
from stimuli.protocol import FilesTable

WebImage = SourceImage | Stimulus

# Colour values, of 255, between two encodings of one picture: the rounding of a scaling filter; the noise of WebP.
_FARTHEST = {"png": 2, "webp": 24}
_MEAN_APART = 1.0


@dataclass(frozen=True)
class WebFile:
    """A file for a browser: which one, and what it is."""

    sha256: str
    format: FormatName

    @property
    def content_type(self) -> str:
        """As HTTP names the format."""
        return f"image/{self.format}"


@dataclass(frozen=True)
class _Wanted:
    """A rendition that a study needs."""

    image: WebImage
    width: int
    format: FormatName

    @property
    def key(self) -> tuple[str, int, str]:
        return self.image.sha256, self.width, self.format


def web_widths(table: FilesTable, image_size: int) -> list[int]:
    """The widths in which images of this size are sent, ascending: those of the protocol that are smaller, and all."""
    return sorted({width for width in table.widths if width < image_size} | {image_size})


def web_file(image: WebImage, table: FilesTable, width: int) -> WebFile | None:
    """The file of an image at a width; None for a width that is not sent, or where it has not been made."""
    if width not in web_widths(table, image.pool.image_size):
        return None
    wanted = _Wanted(image, width, table.format)
    if _is_original(wanted):
        return WebFile(image.sha256, wanted.format)
    made = Rendition.objects.filter(original_sha256=image.sha256, width=width, format=wanted.format).first()
    return WebFile(made.sha256, wanted.format) if made else None


def make_renditions(images: Iterable[WebImage], table: FilesTable) -> Iterator[Rendition]:
    """Make what is missing, or whose file is, and yield each as it is kept.

    Raises:
        OSError: an image cannot be read, or a file cannot be stored.
        FrozenError: the file of a rendition of a frozen set was lost and comes out differently now.
    """
    wanted = list({one.key: one for image in images for one in _wanted(image, table)}.values())
    made = _made(wanted)
    missing = [one for one in wanted if one.key not in made or not files.is_whole(made[one.key])]
    for sha256, sizes in groupby(missing, key=lambda one: one.image.sha256):
        picture = decode(files.read(sha256))
        for one in sizes:
            kept = files.store(encode(scaled(picture, one.width), one.format))
            with refusals(), transaction.atomic():
                made_now = Rendition.objects.update_or_create(
                    original_sha256=sha256, width=one.width, format=one.format, defaults={"sha256": kept}
                )[0]
            yield made_now


def needed_renditions(images: Iterable[WebImage], table: FilesTable) -> list[Rendition]:
    """The renditions of these images that the table asks for and that were made, in a fixed order."""
    wanted = {one.key for image in images for one in _wanted(image, table)}
    rows = Rendition.objects.filter(original_sha256__in={key[0] for key in wanted})
    found = rows.order_by("original_sha256", "width", "format")
    return [row for row in found if (row.original_sha256, row.width, row.format) in wanted]


def wrong_renditions(images: Iterable[WebImage], table: FilesTable) -> Iterator[str]:
    """A sentence for each rendition that the table asks for and that was not made, or is not its original's.

    Files that are damaged are passed over: whoever asks this has hashed them.
    """
    wanted = {one.key: one for image in images for one in _wanted(image, table)}
    made = _made(wanted.values())
    for key, one in wanted.items():
        what = f"The image {one.image.sha256[:12]} in {one.width} px as {one.format.upper()}"
        if key not in made:
            yield f"{what} has not been made."
        elif not _is_in_order(one, made[key]):
            yield f"{what} does not show its original."


def _is_in_order(one: _Wanted, sha256: str) -> bool:
    if not (files.is_whole(sha256) and files.is_whole(one.image.sha256)):
        return True
    return is_rendition(files.read(sha256), files.read(one.image.sha256), one.width, one.format)


def is_rendition(data: bytes, original: bytes, width: int, image_format: FormatName) -> bool:
    """Whether a file shows its original, scaled to a width and encoded.

    It is compared with what is made of the original now, in pixels, because another release of the libraries writes
    other bytes; how far they may then be apart was chosen so that no change that a person could see is let through.

    Raises:
        OSError: one of the files is no picture.
    """
    again = encode(scaled(decode(original), width), image_format)
    if again == data:
        return True
    shown, expected = decode(data), decode(again)
    if shown.size != expected.size:
        return False
    apart = np.abs(np.asarray(shown).astype(int) - np.asarray(expected).astype(int))
    return bool(apart.max() <= _FARTHEST[image_format] and apart.mean() <= _MEAN_APART)


def lacks_renditions(image: WebImage, table: FilesTable) -> bool:
    """Whether a file that browsers would ask for is not there."""
    found = [web_file(image, table, width) for width in web_widths(table, image.pool.image_size)]
    return any(file is None or not files.is_there(file.sha256) for file in found)


def _wanted(image: WebImage, table: FilesTable) -> list[_Wanted]:
    wanted = [_Wanted(image, width, table.format) for width in web_widths(table, image.pool.image_size)]
    return [one for one in wanted if not _is_original(one)]


def _is_original(wanted: _Wanted) -> bool:
    """Whether the original serves as it is: in its own size and the format asked for."""
    image = wanted.image
    own = image.format if isinstance(image, Stimulus) else "png"
    return wanted.width == image.pool.image_size and wanted.format == own


def _made(wanted: Iterable[_Wanted]) -> dict[tuple[str, int, str], str]:
    rows = Rendition.objects.filter(original_sha256__in={one.image.sha256 for one in wanted})
    return {(row.original_sha256, row.width, row.format): row.sha256 for row in rows}
