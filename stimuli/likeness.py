"""How like its seed a generated image is, in pixels. No torch."""

import numpy as np
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

ENDS = (0, 255)


def ssim(shown: NDArray[np.uint8], seed: NDArray[np.uint8]) -> float:
    """Structural similarity (Wang et al. 2004), mean over positions and colours; 1 where the two are equal.

    Args:
        shown: ``(H, W, 3)``, at least 7 pixels on either side.
        seed: of the same shape.
    """
    return float(structural_similarity(shown, seed, channel_axis=2, data_range=255))  # type: ignore[no-untyped-call]


def saturation(shown: NDArray[np.uint8], seed: NDArray[np.uint8] | None = None) -> float:
    """The share of colour values that are 0 or 255 and were not in the seed.

    Args:
        shown: ``(H, W, 3)``.
        seed: of the same shape; None for a picture that has none.
    """
    ends = np.isin(shown, ENDS)
    return float(np.mean(ends if seed is None else ends & ~np.isin(seed, ENDS)))
