"""Square crops: inside the photograph, apart from each other, with something to be seen."""

import random
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from stimuli.built_in import built_in_photographs
from stimuli.crops import MAX_OVERLAP, MIN_CONTRAST, Square, centre_square, cut, scatter_squares
from stimuli.photographs import read_photograph


@given(st.integers(1, 400), st.integers(1, 400))
def test_the_centre_square_is_the_largest_and_lies_in_the_middle(width: int, height: int) -> None:
    square = centre_square(Image.new("RGB", (width, height)))
    assert square.side == min(width, height)
    assert abs(2 * square.left + square.side - width) <= 1
    assert abs(2 * square.top + square.side - height) <= 1


@given(*[st.builds(Square, st.integers(0, 20), st.integers(0, 20), st.integers(1, 15))] * 2)
def test_the_overlap_is_that_of_the_pixel_sets(first: Square, second: Square) -> None:
    def pixels(square: Square) -> set[tuple[int, int]]:
        return {(x + square.left, y + square.top) for x in range(square.side) for y in range(square.side)}

    expected = len(pixels(first) & pixels(second)) / len(pixels(first) | pixels(second))
    assert first.overlap(second) == pytest.approx(expected)


def test_scattered_squares_are_inside_apart_and_full_of_contrast() -> None:
    photograph = next(path for path in built_in_photographs() if path.name == "china.jpg")
    image = read_photograph(photograph).image
    squares = scatter_squares(image, 20, random.Random(1))
    assert len(squares) == 20
    luminance = np.asarray(image.convert("L"), dtype=float)
    for number, square in enumerate(squares):
        assert 0 <= square.left <= image.width - square.side
        assert 0 <= square.top <= image.height - square.side
        assert all(square.overlap(other) < MAX_OVERLAP for other in squares[:number])
        half = square.side // 2
        part = luminance[square.top : square.top + 2 * half, square.left : square.left + 2 * half]
        quarters = part.reshape(2, half, 2, half).std(axis=(1, 3))
        assert quarters.mean() >= MIN_CONTRAST - 1e-6


def test_the_same_seed_scatters_the_same_squares() -> None:
    image = read_photograph(built_in_photographs()[0]).image
    assert scatter_squares(image, 5, random.Random(3)) == scatter_squares(image, 5, random.Random(3))
    assert scatter_squares(image, 5, random.Random(3)) != scatter_squares(image, 5, random.Random(4))


def test_a_plain_image_gives_no_scattered_squares() -> None:
    assert scatter_squares(Image.new("RGB", (300, 300), "skyblue"), 3, random.Random(0)) == []


def test_it_cuts_what_the_square_shows() -> None:
    pixels = np.zeros((100, 140, 3), dtype=np.uint8)
    pixels[20:84, 30:94] = (200, 100, 50)
    with Image.open(BytesIO(cut(Image.fromarray(pixels), Square(30, 20, 64), 64))) as image:
        assert image.format == "PNG"
        assert np.array_equal(np.asarray(image), pixels[20:84, 30:94])
