"""Tensors as pictures and back."""

import numpy as np
import pytest
import torch
from PIL import Image

from accentuation import Accentuation, AccentuationError, panel, to_picture, to_tensor


def test_a_picture_survives_the_way_to_a_tensor_and_back():
    pixels = np.random.default_rng(1).integers(0, 256, (7, 5, 3), dtype=np.uint8)
    tensor = to_tensor(Image.fromarray(pixels))
    assert tensor.shape == (3, 7, 5)
    assert np.array_equal(np.asarray(to_picture(tensor)), pixels)


def test_a_grey_picture_becomes_red_green_and_blue():
    grey = Image.new("L", (2, 3), 51)
    torch.testing.assert_close(to_tensor(grey), torch.full((3, 3, 2), 0.2))


@pytest.mark.parametrize("mode", ["RGBA", "RGBa", "LA", "P", "L", "RGB"])
def test_transparent_parts_are_put_on_white_whatever_lies_hidden_below(mode):
    picture = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    picture.putpixel((1, 0), (0, 0, 0, 255))
    if mode in {"P", "L", "RGB"}:  # one colour is said to be transparent
        picture = Image.new(mode, (2, 1), 0)
        picture.putpixel((1, 0), {"RGB": (60, 60, 60)}.get(mode, 60))
        picture.info["transparency"] = (0, 0, 0) if mode == "RGB" else 0
    image = to_tensor(picture.convert(mode))
    assert image[:, 0, 0].tolist() == [1, 1, 1]
    assert image[:, 0, 1].max() < 0.5


def test_half_transparent_parts_let_half_the_white_through():
    half = to_tensor(Image.new("RGBA", (1, 1), (255, 0, 0, 128)))
    torch.testing.assert_close(half[:, 0, 0], torch.tensor([1, 127 / 255, 127 / 255]), atol=1 / 255, rtol=0)


def test_a_grey_of_sixteen_bits_keeps_its_levels():
    grey = Image.new("I;16", (2, 3), 51 * 256)
    torch.testing.assert_close(to_tensor(grey), torch.full((3, 3, 2), 0.2))


@pytest.mark.parametrize("values", [np.float32(0.5), np.int32(200), np.int32(70_000)])
def test_values_of_which_nobody_says_what_is_white_are_refused(values):
    with pytest.raises(AccentuationError, match="save it in 8 or 16 bits"):
        to_tensor(Image.fromarray(np.full((2, 3), values)))


def test_what_is_no_tensor_makes_no_picture_and_no_panel():
    with pytest.raises(AccentuationError, match="A picture is made of a tensor, not of a ndarray"):
        to_picture(np.zeros((3, 2, 2)))
    with pytest.raises(AccentuationError, match="A panel is made of the seed image"):
        panel(torch.zeros(3, 2, 2), torch.zeros(3, 2, 2))


def test_the_panel_shows_seed_accentuation_mask_and_blend_in_this_order():
    levels = [torch.full((3, 6, 5), level) for level in (0.2, 0.4, 0.6, 0.8)]
    seed, image, mask, blended = levels
    made = Accentuation(image, mask[:1], blended, 0.0, 1.0, torch.zeros(1), torch.zeros(1))
    picture = np.asarray(panel(seed, made))
    assert picture.shape == (6, 4 * 5 + 3 * 4, 3)
    assert [int(picture[3, x, 0]) for x in (2, 7, 11, 20, 29)] == [51, 255, 102, 153, 204]


@pytest.mark.parametrize("shape", [(3, 5, 6), (3, 6, 4), (1, 3, 6, 5)])
def test_a_panel_of_another_seed_is_refused(shape):
    image = torch.zeros(3, 6, 5)
    made = Accentuation(image, image[:1], image, 0.0, 1.0, torch.zeros(1), torch.zeros(1))
    with pytest.raises(AccentuationError, match=r"its accentuation \(3, 6, 5\); give the image that was accentuated"):
        panel(torch.zeros(shape), made)


def test_a_mask_becomes_a_grey_picture():
    mask = torch.tensor([[[0.0, 0.2, 1.0]]])
    assert np.array_equal(np.asarray(to_picture(mask)), np.array([[[0] * 3, [51] * 3, [255] * 3]]))


@pytest.mark.parametrize("shape", [(1, 3, 4, 4), (4, 4), (2, 4, 4), (4, 4, 3)])
def test_what_is_not_one_image_makes_no_picture(shape):
    with pytest.raises(AccentuationError, match=r"take one image of a batch by its number"):
        to_picture(torch.zeros(shape))


def test_a_picture_that_its_camera_held_sideways_is_turned_upright():
    picture = Image.new("RGB", (30, 20), "blue")
    picture.paste("red", (0, 0, 15, 20))
    picture.getexif()[0x0112] = 6  # to be turned clockwise by a quarter
    image = to_tensor(picture)
    assert image.shape == (3, 30, 20)
    assert image[:, 2, 10].tolist() == [1, 0, 0]
    assert image[:, 27, 10].tolist() == [0, 0, 1]


@pytest.mark.parametrize("other", ["photo.jpg", np.zeros((2, 2, 3)), torch.zeros(3, 2, 2)])
def test_what_is_no_picture_is_told_how_to_become_a_tensor(other):
    with pytest.raises(AccentuationError, match=f"not a {type(other).__name__}; `read_photograph` reads a file"):
        to_tensor(other)
