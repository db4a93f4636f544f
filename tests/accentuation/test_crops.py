"""Crops against torch's own resize on the pixel grid."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from accentuation import AccentuationConfig
from accentuation.crops import Boxes, CropSource, cut, draw_boxes, draw_noise
from accentuation.streams import stream


def random_image(height: int, width: int) -> torch.Tensor:
    return torch.rand(3, height, width, generator=torch.Generator().manual_seed(height * 1000 + width))


def crop_source(config: AccentuationConfig, size: int, *seeds: int) -> CropSource:
    return CropSource(30, 40, size, config, seeds)


@pytest.mark.parametrize(
    ("top", "left", "side", "size"),
    [(0, 0, 20, 20), (3, 5, 12, 20), (0, 9, 20, 7), (11, 2, 5, 5), (2, 0, 17, 9), (4, 4, 1, 6)],
)
def test_a_box_on_the_pixel_grid_is_resized_as_torch_resizes_the_slice(top, left, side, size):
    image = random_image(20, 31)
    box = Boxes(*(torch.tensor([float(value)]) for value in (top, left, side)))
    crops = cut(box, 20, 31, size)
    expected = torch.nn.functional.interpolate(
        image[None, :, top : top + side, left : left + side], size=(size, size), mode="bilinear", antialias=True
    )
    torch.testing.assert_close(crops.take(image[None]), expected, atol=1e-5, rtol=0)


def test_many_boxes_at_once_are_the_boxes_one_by_one():
    image = random_image(33, 21)
    boxes = draw_boxes(7, 33, 21, 0.1, 0.9, torch.Generator().manual_seed(6))
    together = cut(boxes, 33, 21, 10).take(image[None])
    for number in range(7):
        box = Boxes(boxes.top[number, None], boxes.left[number, None], boxes.side[number, None])
        torch.testing.assert_close(together[number, None], cut(box, 33, 21, 10).take(image[None]))


@settings(max_examples=50, deadline=None)
@given(height=st.integers(1, 300), width=st.integers(1, 300), seed=st.integers(0, 2**32 - 1))
def test_boxes_lie_inside_the_image_and_their_sides_in_the_range(height, width, seed):
    boxes = draw_boxes(64, height, width, 0.05, 0.99, torch.Generator().manual_seed(seed))
    short = min(height, width)
    assert (boxes.side >= 0.0499 * short).all()
    assert (boxes.side <= 0.9901 * short).all()
    assert (boxes.top >= 0).all()
    assert (boxes.left >= 0).all()
    assert (boxes.top + boxes.side <= height * 1.00001).all()
    assert (boxes.left + boxes.side <= width * 1.00001).all()


def test_the_sides_fill_their_range_evenly():
    boxes = draw_boxes(20_000, 100, 200, 0.05, 0.99, torch.Generator().manual_seed(7))
    shares = np.histogram(boxes.side.numpy(), bins=10, range=(5, 99))[0] / 20_000
    np.testing.assert_allclose(shares, 0.1, atol=0.01)


def noise_of(gaussian: float, uniform: float, seed: int) -> torch.Tensor:
    noise, spare = torch.full((2, 100_000), torch.nan)
    config = AccentuationConfig(gaussian_noise=gaussian, uniform_noise=uniform)
    draw_noise(noise, spare, config, torch.Generator().manual_seed(seed))
    return noise


def test_the_noise_has_the_spread_that_was_asked_and_no_mean():
    gaussian, uniform, both = noise_of(0.02, 0.0, 8), noise_of(0.0, 0.02, 9), noise_of(0.02, 0.02, 10)
    assert gaussian.std().item() == pytest.approx(0.02, rel=0.02)
    assert uniform.std().item() == pytest.approx(0.02 / math.sqrt(12), rel=0.02)
    assert both.std().item() == pytest.approx(0.02 * math.sqrt(13 / 12), rel=0.02)
    assert uniform.abs().max() <= 0.01
    for noise in (gaussian, uniform, both):
        assert abs(noise.mean()) < 3e-4


def test_without_noise_none_is_drawn():
    config = AccentuationConfig(crops=2, gaussian_noise=0.0, uniform_noise=0.0)
    assert crop_source(config, 8, 1).draw().noise is None


def test_two_images_see_the_same_boxes_and_the_same_noise():
    config = AccentuationConfig(crops=5)
    crops = crop_source(config, 16, 9).draw()
    plain = replace(crops, noise=None)
    first, second = random_image(30, 40), random_image(30, 40) * 0.5
    torch.testing.assert_close(
        crops.take(first[None]) - plain.take(first[None]), crops.take(second[None]) - plain.take(second[None])
    )
    assert (crops.take(first[None]) - plain.take(first[None])).abs().max() > 0.01


def test_steps_see_different_crops_and_a_seed_repeats_them():
    image, config = random_image(30, 40), AccentuationConfig(crops=2)
    source, again, other = (crop_source(config, 8, seed) for seed in (1, 1, 2))
    first, second = source.draw().take(image[None]), source.draw().take(image[None])
    assert not torch.equal(first, second)
    assert torch.equal(again.draw().take(image[None]), first)
    assert not torch.equal(other.draw().take(image[None]), first)


def test_crops_keep_the_channels_last_order_that_the_network_is_fast_with():
    crops = crop_source(AccentuationConfig(crops=2), 8, 1).draw().take(random_image(30, 40)[None])
    assert crops.is_contiguous(memory_format=torch.channels_last)


def test_a_batch_sees_the_crops_of_its_members_one_by_one_also_after_one_has_left():
    config, images = AccentuationConfig(crops=3), torch.stack([random_image(30, 40), random_image(30, 40) * 0.5])
    together, alone = crop_source(config, 8, 4, 5), crop_source(config, 8, 5)
    torch.testing.assert_close(together.draw().take(images)[3:], alone.draw().take(images[1:]))
    together.keep([1])
    torch.testing.assert_close(together.draw().take(images[1:]), alone.draw().take(images[1:]))


def test_the_sizes_of_boxes_and_their_noise_have_nothing_to_do_with_each_other():
    config = AccentuationConfig(crops=3000)
    crops = CropSource(8, 8, 1, config, [1]).draw()
    boxes = draw_boxes(3000, 8, 8, config.crop_min, config.crop_max, stream(1, "boxes"))
    assert torch.equal(crops.columns.weight, cut(boxes, 8, 8, 1).columns.weight)  # these are its boxes
    noise = crops.noise.flatten()
    for values in (boxes.side, boxes.top, boxes.left):
        for part in (noise[:3000], noise[:3000].abs(), noise[-3000:].abs()):
            assert abs(torch.corrcoef(torch.stack([values, part]))[0, 1]) < 0.1
