"""The distance to the seed and its balance, by hand and by an independent account."""

import numpy as np
import pytest
import torch

from accentuation.regularization import balance, latent_distances


def test_the_distance_is_the_length_over_channels_averaged_over_positions_and_crops():
    seed = torch.zeros(2, 2, 1, 2)
    latents = seed.clone()
    latents[0, :, 0, 0] = torch.tensor([3.0, 4])  # length 5 at one of the four positions
    latents[1, :, 0, 1] = torch.tensor([0.0, -1])  # length 1 at another
    assert latent_distances(latents, seed).mean().item() == pytest.approx((5 + 1) / 4)


def test_the_distance_between_tokens_is_the_length_over_their_channels():
    seed, latents = torch.zeros(1, 3, 2), torch.tensor([[[1.0, 0], [2, 0], [2, 0]]])
    assert latent_distances(latents, seed).item() == pytest.approx(3 / 2)


def test_its_gradient_is_the_direction_away_from_the_seed():
    generator = np.random.default_rng(1)
    latents, seed = generator.normal(size=(2, 2, 3, 4, 5))
    expected = np.empty_like(latents)
    for crop, y, x in np.ndindex(2, 4, 5):
        difference = latents[crop, :, y, x] - seed[crop, :, y, x]
        expected[crop, :, y, x] = difference / np.sqrt((difference**2).sum()) / (2 * 4 * 5)
    variable = torch.from_numpy(latents).requires_grad_()
    latent_distances(variable, torch.from_numpy(seed)).mean().backward()
    np.testing.assert_allclose(variable.grad.numpy(), expected, rtol=1e-9)


def test_its_gradient_at_the_seed_itself_is_zero_and_not_nan():
    seed = torch.rand(2, 3, 4, 5, generator=torch.Generator().manual_seed(2))
    latents = seed.clone().requires_grad_()
    latent_distances(latents, seed).mean().backward()
    assert torch.equal(latents.grad, torch.zeros_like(seed))


def test_the_balance_gives_both_gradients_of_each_image_one_size():
    feature = [torch.tensor([[1.0, -2], [0, 0]]), torch.tensor([[3.0], [4]])]
    distance = [torch.tensor([[0.5, 0], [1, 1]]), torch.tensor([[-1.0], [0]])]
    torch.testing.assert_close(balance(feature, distance), torch.tensor([6 / 1.5, 4 / 2]))


def test_there_is_nothing_to_balance_while_a_gradient_is_zero():
    assert balance([torch.zeros(1, 2)], [torch.ones(1, 2)]).tolist() == [0.0]
    assert balance([torch.ones(1, 2)], [torch.zeros(1, 2)]).tolist() == [0.0]
