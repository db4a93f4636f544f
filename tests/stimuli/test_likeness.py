"""Likeness in pixels, by hand."""

import numpy as np
import pytest

from stimuli.likeness import saturation, ssim

SEED = np.random.default_rng(1).integers(30, 200, size=(16, 16, 3)).astype(np.uint8)


def test_an_image_is_wholly_like_itself() -> None:
    assert ssim(SEED, SEED) == 1.0
    assert saturation(SEED, SEED) == 0.0


def test_a_constant_against_another_is_the_luminance_term_alone() -> None:
    # Without variance structure and contrast are 1; what stays is (2ab + c) / (a² + b² + c), c = (0.01 * 255)².
    first, second = (np.full((8, 8, 3), value, np.uint8) for value in (100, 200))
    c = 2.55**2
    assert ssim(first, second) == pytest.approx((2 * 100 * 200 + c) / (100**2 + 200**2 + c), abs=1e-6)


def test_only_values_that_came_to_an_end_of_the_range_are_saturated() -> None:
    seed, shown = np.full((10, 10, 3), 128, np.uint8), np.full((10, 10, 3), 128, np.uint8)
    seed[0, :, 0] = 255  # there already
    shown[0, :, 0] = 255
    shown[1, :5, 1] = 0
    shown[2, :4, 2] = 255
    shown[3, :, 2] = 254
    assert saturation(shown, seed) == pytest.approx(9 / 300)
