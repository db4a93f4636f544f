"""What counts as an image."""

from torch import Tensor

from accentuation.errors import AccentuationError


def check_image(image: Tensor) -> None:
    """Make sure that a tensor is an image, ``(3, H, W)`` in [0, 1].

    Raises:
        AccentuationError: it is not.
    """
    if image.ndim != 3 or image.shape[0] != 3 or 0 in image.shape:
        raise AccentuationError(f"The image must have shape (3, height, width), not {tuple(image.shape)}.")
    if not image.is_floating_point() or not bool(((image >= 0) & (image <= 1)).all()):
        raise AccentuationError("The image must hold floating point values from 0 to 1; divide 8-bit ones by 255.")
