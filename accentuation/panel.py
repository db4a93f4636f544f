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
    """
    mask = accentuation.mask.expand(3, -1, -1)
    pictures = [to_picture(image) for image in (seed_image, accentuation.image, mask, accentuation.blend)]
    width, height = pictures[0].size
    row = Image.new("RGB", (len(pictures) * (width + GAP) - GAP, height), "white")
    for place, picture in enumerate(pictures):
        row.paste(picture, (place * (width + GAP), 0))
    return row


def to_picture(image: Tensor) -> Image.Image:
    """From ``(3, H, W)`` in [0, 1] to an 8-bit RGB picture."""
    pixels = image.detach().clamp(0, 1).mul(255).round().to(device="cpu", dtype=torch.uint8)
    return Image.fromarray(pixels.permute(1, 2, 0).numpy())


def to_tensor(picture: Image.Image) -> Tensor:
    """From a picture of any mode to ``(3, H, W)`` in [0, 1], upright as its camera held it.

    An alpha channel is dropped.

    Raises:
        AccentuationError: it is no picture, but a file's name, an array or a tensor.
    """
    if not isinstance(picture, Image.Image):
        raise AccentuationError(
            f"`to_tensor` takes a picture of Pillow, not a {type(picture).__qualname__}; "
            "`read_photograph` reads a file, and `Image.fromarray` makes a picture of an array."
        )
    pixels = np.array(to_rgb(ImageOps.exif_transpose(picture)), dtype=np.float32)  # (H, W, 3)
    return torch.from_numpy(pixels).permute(2, 0, 1).contiguous() / 255


def to_rgb(picture: Image.Image) -> Image.Image:
    """In 8-bit red, green and blue; the 16-bit greys of scanners and telescopes would be clipped to white by Pillow."""
    if picture.mode.startswith("I"):
        return Image.fromarray((np.asarray(picture).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8)).convert("RGB")
    return picture.convert("RGB")
