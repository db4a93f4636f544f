"""A colour space whose axes are nearly uncorrelated in natural images.

The matrix is the one of Lucid (Olah, Mordvintsev and Schubert, "Feature Visualization", Distill 2017), the normalised
square root of the colour covariance of ImageNet. Its rows are, roughly, lightness, red against blue, and green against
magenta. An optimiser that moves every parameter by a like amount, as Adam does, then moves colours as nature does.
"""

import torch
from torch import Tensor

from accentuation.constants import Row, constant

COLOR_MATRIX = (
    (0.56282854, 0.58447580, 0.58447580),
    (0.19482528, 0.0, -0.19482528),
    (0.04329450, -0.10823626, 0.06494176),
)
_INVERSE = tuple(map(tuple, torch.linalg.inv(torch.tensor(COLOR_MATRIX, dtype=torch.float64)).tolist()))


def correlate_colors(image: Tensor) -> Tensor:
    """From decorrelated axes to red, green and blue: each pixel, as a row vector, times the matrix.

    Args:
        image: ``(..., 3, H, W)``, unbounded.

    Returns:
        ``(..., 3, H, W)``, unbounded.
    """
    return _multiply(image, COLOR_MATRIX)


def decorrelate_colors(image: Tensor) -> Tensor:
    """The inverse of :func:`correlate_colors`."""
    return _multiply(image, _INVERSE)


def _multiply(image: Tensor, matrix: tuple[Row, ...]) -> Tensor:
    return torch.einsum("...chw,cd->...dhw", image, constant(matrix, image.device, image.dtype))
