"""Between tensors and pictures."""

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from accentuation.accentuate import Accentuation
from accentuation.errors import AccentuationError

GAP = 4  # white pixels between the pictures of a panel


def panel(seed_image: Tensor, accentuation: Accentuation) -> Image.Image:
    """The seed, its accentuation, the opacity mask and the blend, from left to right.

    Args:
        seed_image: ``(3, H, W)`` in [0, 1], the one that was accentuated.
        accentuation: what came of it.

    Raises:
        AccentuationError: they are something else, or the seed has another shape than what came of it.
    """
    if not isinstance(seed_image, Tensor) or not isinstance(accentuation, Accentuation):
        raise AccentuationError("A panel is made of the seed image, a tensor, and of what `accentuate` made of it.")
    if seed_image.shape != accentuation.image.shape:
        raise AccentuationError(
            f"The seed has shape {tuple(seed_image.shape)} and its accentuation {tuple(accentuation.image.shape)}; "
            "give the image that was accentuated."
        )
    shown = (seed_image, accentuation.image, accentuation.mask, accentuation.blend)
    pictures = [to_picture(image) for image in shown]
    width, height = pictures[0].size
    row = Image.new("RGB", (len(pictures) * (width + GAP) - GAP, height), "white")
    for place, picture in enumerate(pictures):
        row.paste(picture, (place * (width + GAP), 0))
    return row


def to_picture(image: Tensor) -> Image.Image:
    """From ``(3, H, W)``, or a grey ``(1, H, W)`` such as a mask, in [0, 1] to an 8-bit RGB picture.

    Raises:
        AccentuationError: it is no tensor, or has another shape.
    """
    if not isinstance(image, Tensor):
        raise AccentuationError(
            f"A picture is made of a tensor, not of a {type(image).__qualname__}; of an `Accentuation`, of its `blend`."
        )
    if image.ndim != 3 or image.shape[0] not in {1, 3}:
        raise AccentuationError(
            f"A picture is made of shape (3, height, width) or (1, height, width), not {tuple(image.shape)}; "
            "take one image of a batch by its number."
        )
    pixels = image.expand(3, -1, -1).detach().clamp(0, 1).mul(255).round().to(device="cpu", dtype=torch.uint8)
    return Image.fromarray(pixels.permute(1, 2, 0).numpy())


def to_tensor(picture: Image.Image) -> Tensor:
    """From a picture of any mode to ``(3, H, W)`` in [0, 1], upright as its camera held it.

    Transparent parts are put on white.

    Raises:
        AccentuationError: it is no picture, but a file's name, an array or a tensor; or its values have no known range.
    """
    if not isinstance(picture, Image.Image):
        raise AccentuationError(
            f"`to_tensor` takes a picture of Pillow, not a {type(picture).__qualname__}; "
            "`read_photograph` reads a file, and `Image.fromarray` makes a picture of an array."
        )
    pixels = np.array(to_rgb(ImageOps.exif_transpose(picture)), dtype=np.float32)  # (H, W, 3)
    return torch.from_numpy(pixels).permute(2, 0, 1).contiguous() / 255


def to_rgb(picture: Image.Image) -> Image.Image:
    """In 8-bit red, green and blue, transparent parts on white: what lies hidden below them is often black or noise.

    Raises:
        AccentuationError: its values are floating point or 32-bit numbers, whose range is not known.
    """
    if picture.mode == "F" or (picture.mode == "I" and not 255 < np.asarray(picture).max() < 2**16):
        raise AccentuationError(
            "The picture holds floating point or 32-bit values, of which nobody says what black and white are; "
            "save it in 8 or 16 bits."
        )
    if picture.mode.startswith("I"):  # the 16-bit greys of scanners and telescopes, which Pillow would clip to white
        return Image.fromarray((np.asarray(picture).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8)).convert("RGB")
    if picture.has_transparency_data:
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture.convert("RGBA"))
    return picture.convert("RGB")
