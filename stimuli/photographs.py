"""Photographs as they come from outside: read, checked, and brought to one form.

This is the border for image files. What passes it is an upright 8-bit RGB image without metadata.
"""

import hashlib
import struct
import unicodedata
import warnings
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

MIN_SIDE = 64
MAX_PIXELS = 50_000_000
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"})

# Control characters, line ends and bytes that are not UTF-8 (which Python reads as surrogates, and no database takes).
_UNSHOWN = frozenset({"Cc", "Cs", "Zl", "Zp"})
# What Pillow's decoders raise on a file that ends early or is damaged inside.
_DECODER_ERRORS = (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error)
# Modes of 8 bits a channel; the others (16 bit, float) would lose their range without a word.
_EIGHT_BIT_MODES = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV"})


class PhotographError(ValueError):
    """A file cannot be used as a photograph; the message says why, in one sentence."""


@dataclass(frozen=True)
class Photograph:
    """One photograph: ``image`` is upright RGB, on white where it ``was_transparent``; ``sha256`` is the file's."""

    name: str
    sha256: str
    image: Image.Image
    was_transparent: bool = False


def find_photographs(folder: Path) -> list[Path]:
    """The image files in a folder and its subfolders, hidden ones left out, in the order of their paths.

    Raises:
        PhotographError: the folder is missing or holds no image files.
    """
    if not folder.is_dir():
        raise PhotographError(f"The folder {folder} does not exist or is not a folder; check its path.")
    paths = sorted(path for path in folder.rglob("*") if _is_candidate(path.relative_to(folder)) and path.is_file())
    if not paths:
        raise PhotographError(
            f"The folder {folder} holds no image files; put photographs in it ({', '.join(sorted(SUFFIXES))})."
        )
    return paths


def left_out(folder: Path) -> Counter[str]:
    """How many files of a folder and its subfolders are no photographs, each counted under the first reason."""
    reasons = {path: _reason_to_leave_out(folder, path) for path in folder.rglob("*")}
    return Counter(reason for reason in reasons.values() if reason)


def _reason_to_leave_out(folder: Path, path: Path) -> str:
    """Empty for a photograph, and for a folder, whose files count."""
    if path.is_symlink() and not path.exists():
        return "links that lead nowhere"
    if not path.is_file():
        return "" if path.is_dir() else "no files"
    inside = path.relative_to(folder)
    if any(part.startswith(".") for part in inside.parts):
        return "hidden"
    return "" if _is_candidate(inside) else "of other endings"


def read_photograph(path: Path) -> Photograph:
    """Read and check one image file.

    Raises:
        PhotographError: not readable, not an image, damaged, too small, too large, or not 8 bits a channel.
    """
    # Not str.isprintable: it refuses spaces that are not ASCII, which some systems put into the names they give.
    if any(unicodedata.category(character) in _UNSHOWN for character in str(path)):
        raise PhotographError(f"The path {str(path)!a} holds characters that cannot be shown; rename it.")
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            # Pillow warns where we refuse or accept, at limits of its own; ours are checked below.
            warnings.simplefilter("ignore")
            opened = Image.open(file)
            _check_form(path, opened)
            image, was_transparent = _upright_rgb(path, opened)
            file.seek(0)
            return Photograph(path.name, hashlib.file_digest(file, "sha256").hexdigest(), image, was_transparent)
    except PhotographError:
        raise
    except UnidentifiedImageError as error:
        raise PhotographError(f"{path} is not an image, whatever its name says; remove it or replace it.") from error
    except Image.DecompressionBombError as error:
        raise PhotographError(_too_large(path)) from error
    except OSError as error:
        raise PhotographError(f"{path} cannot be read ({error.strerror or error}); check the file.") from error
    except _DECODER_ERRORS as error:
        raise PhotographError(f"{path} is truncated or damaged; copy it again from its source.") from error


def photograph_sha256(path: Path) -> str:
    """The SHA-256 of an image file as it came, without decoding it.

    Raises:
        PhotographError: not readable.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise PhotographError(f"{path} cannot be read ({error.strerror or error}); check the file.") from error


def _is_candidate(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not any(part.startswith(".") for part in path.parts)


def _check_form(path: Path, image: Image.Image) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise PhotographError(_too_large(path))
    if min(width, height) < MIN_SIDE:
        raise PhotographError(
            f"{path} is too small ({width} x {height} pixels); the shorter side needs at least {MIN_SIDE} pixels."
        )
    # Pillow opens 16-bit colour as 8-bit RGB; only how it will unpack the pixels tells.
    sixteen_bit = any(";16" in str(tile[3]) for tile in getattr(image, "tile", ()))
    if image.mode not in _EIGHT_BIT_MODES or sixteen_bit:
        raise PhotographError(f"{path} does not have 8 bits a channel (mode {image.mode}); save it as 8-bit RGB.")


def _upright_rgb(path: Path, image: Image.Image) -> tuple[Image.Image, bool]:
    """Decode, turn as the EXIF orientation says, put transparent parts on white, drop all metadata.

    The second value says whether there were transparent parts.
    """
    try:
        image.load()
        upright = ImageOps.exif_transpose(image)
        was_transparent = False
        if upright.has_transparency_data:
            transparent = upright.convert("RGBA")
            was_transparent = transparent.getchannel("A").getextrema() != (255, 255)
            upright = Image.alpha_composite(Image.new("RGBA", transparent.size, "white"), transparent)
        rgb = upright.convert("RGB")
    except _DECODER_ERRORS as error:
        raise PhotographError(f"{path} is truncated or damaged; copy it again from its source.") from error
    rgb.info.clear()
    return rgb, was_transparent


def _too_large(path: Path) -> str:
    return f"{path} is too large (more than {MAX_PIXELS // 1_000_000} million pixels); save a smaller copy."
