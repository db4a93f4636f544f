"""From a photograph's file to what can be accentuated."""

import warnings
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from accentuation.errors import AccentuationError
from accentuation.panel import to_rgb, to_tensor


def read_photograph(path: Path | str, shorter_side: int) -> Tensor:
    """A photograph, upright as its camera held it, made smaller where it is larger than wanted.

    Args:
        path: a picture in any format that Pillow reads.
        shorter_side: of the result at most, in pixels; the aspect ratio is kept, and smaller photographs are too.

    Returns:
        ``(3, H, W)`` in [0, 1], transparent parts on white.

    Raises:
        AccentuationError: the file is missing or is not a picture, or the side is no length in whole pixels.
    """
    if not isinstance(shorter_side, int) or shorter_side < 1:
        raise AccentuationError(
            f"The size must be a whole number of at least 1 pixel, that of the shorter side, not {shorter_side!r}."
        )
    picture = _read(path)
    scale = shorter_side / min(picture.size)
    if scale < 1:
        width, height = (max(shorter_side, round(side * scale)) for side in picture.size)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    return to_tensor(picture)


def _read(path: Path | str) -> Image.Image:
    try:
        with warnings.catch_warnings():
            # A picture of some hundred megapixels is no attack here, and one beyond that is an error below.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                return to_rgb(ImageOps.exif_transpose(picture))
    except UnidentifiedImageError as error:
        raise AccentuationError(f"{path} is not a picture that Pillow can read; give a JPEG or PNG file.") from error
    except Image.DecompressionBombError as error:
        raise AccentuationError(f"{path} has too many pixels; make it smaller first.") from error
    except FileNotFoundError as error:
        raise AccentuationError(f"There is no file {path}; check its name.") from error
    except IsADirectoryError as error:
        raise AccentuationError(f"{path} is a folder; give a picture in it.") from error
    except AttributeError as error:
        raise AccentuationError(f"A photograph is read from the path of its file, not from {path!r}.") from error
    except (OSError, SyntaxError, ValueError) as error:  # no permission, or a file that is cut short
        raise AccentuationError(f"{path} cannot be read as a picture ({error}); check the file.") from error
