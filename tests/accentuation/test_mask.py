"""The opacity mask and the blend."""

import pytest
import torch

from accentuation.mask import blend, opacity_masks


def test_the_mask_goes_from_the_least_important_pixel_to_the_percentile():
    importance = torch.arange(100.0).reshape(1, 10, 10).expand(3, -1, -1)
    mask = opacity_masks((importance)[None], 90.0)[
        0
    ]  # an image this small is not blurred; the 90th of 100 values is 89
    assert mask.shape == (1, 10, 10)
    torch.testing.assert_close(mask.flatten(), (torch.arange(100.0) / 89).clamp(max=1))


def test_the_mask_is_the_mean_over_channels():
    importance = torch.zeros(3, 2, 2)
    importance[:, 0, 0] = torch.tensor([1.0, 2, 6])  # mean 3
    importance[1, 1, 1] = 3.0  # mean 1
    torch.testing.assert_close(opacity_masks((importance)[None], 100.0)[0][0], torch.tensor([[1.0, 0], [0, 1 / 3]]))


def test_a_feature_without_any_gradient_leaves_the_mask_empty():
    assert torch.equal(opacity_masks((torch.zeros(3, 8, 8))[None], 99.0)[0], torch.zeros(1, 8, 8))


def test_a_large_mask_is_blurred_where_it_jumps_and_stays_in_range():
    importance = torch.zeros(3, 200, 200)
    importance[:, :, 100:] = 1.0
    mask = opacity_masks((importance)[None], 99.0)[0]
    assert 0.1 < mask[0, 100, 99] < 0.5 < mask[0, 100, 100] < 0.9
    assert mask[0, 100, 80] == 0
    assert mask[0, 100, 120] == pytest.approx(1)
    assert mask.min() >= 0
    assert mask.max() <= 1


def test_the_blend_shows_the_image_where_the_mask_is_opaque():
    image, seed = torch.ones(3, 1, 3), torch.zeros(3, 1, 3)
    shown = blend(image, seed, torch.tensor([[[0.0, 0.25, 1]]]))
    torch.testing.assert_close(shown, torch.tensor([0.0, 0.25, 1]).expand(3, 1, 3))


def test_the_strength_is_the_opacity_where_the_mask_is_full():
    image, seed = torch.ones(3, 1, 2), torch.zeros(3, 1, 2)
    shown = blend(image, seed, torch.tensor([[[0.5, 1]]]), strength=0.4)
    torch.testing.assert_close(shown, torch.tensor([0.2, 0.4]).expand(3, 1, 2))


def test_masks_of_a_batch_do_not_see_each_other():
    importance = torch.rand(2, 3, 60, 60, generator=torch.Generator().manual_seed(1))
    importance[1] *= 100
    together = opacity_masks(importance, 95.0)
    for place in range(2):
        torch.testing.assert_close(together[place], opacity_masks(importance[place : place + 1], 95.0)[0])


def test_where_fewer_pixels_than_the_percentile_have_a_gradient_these_are_opaque():
    importance = torch.zeros(3, 10, 10)  # an image this small is not blurred
    importance[:, 3, 4], importance[:, 5, 6] = 2.0, 1.0
    mask = opacity_masks(importance[None], 90.0)[0, 0]
    assert mask.nonzero().tolist() == [[3, 4], [5, 6]]
    assert mask[3, 4] == mask[5, 6] == 1


def test_the_lowest_percentile_makes_all_opaque_but_the_least_important_pixel():
    importance = torch.arange(100.0).reshape(1, 10, 10).expand(3, -1, -1)
    mask = opacity_masks(importance[None], 0.01)[0].flatten()
    assert mask[0] == 0
    assert (mask[1:] == 1).all()
