"""What counts as an image."""

import torch
from torch import Tensor

from accentuation.errors import AccentuationError

# A blend of two images may leave the range by a rounding error, and is an image all the same.
ROUNDING = 1e-4


def check_image(image: Tensor) -> None:
    """Make sure that a tensor is an image, ``(3, H, W)`` in [0, 1].

    Raises:
        AccentuationError: it is not.
    """
    _check_tensor(image)
    if image.ndim != 3 or image.shape[0] != 3 or 0 in image.shape:
        raise AccentuationError(f"The image must have shape (3, height, width), not {tuple(image.shape)}.")
    _check_values(image)


def check_images(images: Tensor) -> None:
    """Make sure that a tensor is a batch of images, ``(B, 3, H, W)`` in [0, 1].

    Raises:
        AccentuationError: it is not.
    """
    _check_tensor(images)
    if images.ndim != 4 or images.shape[1] != 3 or 0 in images.shape:
        raise AccentuationError(
            f"The images must have shape (batch, 3, height, width), not {tuple(images.shape)}; "
            "`image[None]` makes a batch of one."
        )
    _check_values(images)


def _check_tensor(image: object) -> None:
    if not isinstance(image, Tensor):
        kind = f"{type(image).__module__}.{type(image).__qualname__}"
        raise AccentuationError(
            f"The image must be a tensor, not a {kind}; `to_tensor` makes one of a picture, "
            "and `read_photograph` of a file."
        )


def _check_values(images: Tensor) -> None:
    if not images.is_floating_point():
        raise AccentuationError(
            f"The image must hold floating point values from 0 to 1, not {images.dtype}; divide 8-bit ones by 255."
        )
    if not bool(torch.isfinite(images).all()):
        raise AccentuationError("The image holds values that are not finite (NaN or infinity); mend or replace it.")
    if not bool(((images >= -ROUNDING) & (images <= 1 + ROUNDING)).all()):
        low, high = float(images.min()), float(images.max())
        raise AccentuationError(
            f"The image must hold values from 0 to 1, not from {low:.4g} to {high:.4g}; divide 8-bit ones by 255."
        )
