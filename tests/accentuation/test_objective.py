"""What a step sees, against NumPy that knows the tiny network by hand."""

import numpy as np
import pytest
import torch

from accentuation import AccentuationConfig, parse_feature
from accentuation.crops import CropSource
from accentuation.objective import look
from accentuation.reading import frozen

GENERATOR = torch.Generator().manual_seed(11)
START = torch.rand(2, 3, 9, 11, generator=GENERATOR)
IMAGES = (START + 0.1 * torch.randn(START.shape, generator=GENERATOR)).clamp(0, 1)
CONFIG = AccentuationConfig(crops=3)
CROPS = CropSource(9, 11, 8, CONFIG, [1, 2]).draw()
CHANNELS = [parse_feature("mix:channel=0"), parse_feature("mix:channel=1")]


def dense_matrices() -> tuple[np.ndarray, np.ndarray]:
    """The rows ``(6 crops, 8, 9)`` and columns ``(6 crops, 8, 11)`` of the crops, written out."""
    rows, columns = np.zeros((6, 8, 9)), np.zeros((6, 8, 11))
    for crop, pixel in np.ndindex(6, 8):
        place = 8 * crop + pixel
        # The rows of all crops follow each other in the table, the columns of both images.
        np.add.at(rows[crop, pixel], CROPS.rows.index[place] - 9 * crop, CROPS.rows.weight[place])
        np.add.at(columns[crop, pixel], CROPS.columns.index[place] - 11 * (crop // 3), CROPS.columns.weight[place])
    return rows, columns


def numpy_crops(images: torch.Tensor) -> np.ndarray:
    """``(2, 3 crops, 3, 8, 8)``, one product for each crop and colour."""
    rows, columns = dense_matrices()
    noise = CROPS.noise.double().numpy()
    taken = np.empty((2, 3, 3, 8, 8))
    for image, crop, color in np.ndindex(2, 3, 3):
        place = 3 * image + crop
        taken[image, crop, color] = rows[place] @ images[image, color].double().numpy() @ columns[place].T
        taken[image, crop, color] += noise[place, :, :, color]
    return taken


def test_activations_are_the_means_over_an_images_own_crops(tiny):
    with frozen(tiny.module):
        seen = look(tiny, IMAGES, START, CROPS, CHANNELS, "mix")
    crops = numpy_crops(IMAGES)
    # mix doubles red and negates green, of images normalised as (x - 0.5) / 0.25
    expected = [(2 * (crops[0, :, 0] - 0.5) / 0.25).mean(), (-(crops[1, :, 1] - 0.5) / 0.25).mean()]
    np.testing.assert_allclose(seen.activations.numpy(), expected, rtol=1e-4, atol=1e-5)


def test_the_gradient_of_a_channel_is_the_weight_of_each_pixel_in_the_crops(tiny):
    with frozen(tiny.module):
        seen = look(tiny, IMAGES, START, CROPS, CHANNELS, "mix")
    rows, columns = dense_matrices()
    expected = np.zeros((2, 3, 9, 11))
    for image, (color, slope) in enumerate([(0, 2 / 0.25), (1, -1 / 0.25)]):
        for crop in range(3 * image, 3 * image + 3):
            expected[image, color] += slope * np.outer(rows[crop].sum(axis=0), columns[crop].sum(axis=0)) / (3 * 64)
    np.testing.assert_allclose(seen.feature_gradient.numpy(), expected, rtol=1e-4, atol=1e-7)


def test_distances_and_their_gradient_are_those_of_the_crops(tiny):
    with frozen(tiny.module):
        seen = look(tiny, IMAGES, START, CROPS, CHANNELS, "mix")
    difference = (numpy_crops(IMAGES) - numpy_crops(START)) / 0.25  # the noise is the same and falls away
    latents = np.stack([2 * difference[:, :, 0], -difference[:, :, 1]], axis=2)  # (2, crops, 2, 8, 8)
    lengths = np.sqrt((latents**2).sum(axis=2))
    np.testing.assert_allclose(seen.distances.numpy(), lengths.mean(axis=(1, 2, 3)), rtol=1e-4)

    rows, columns = dense_matrices()
    expected = np.zeros((2, 3, 9, 11))
    for image, crop in np.ndindex(2, 3):
        place = 3 * image + crop
        for color, slope in ((0, 2 / 0.25), (1, -1 / 0.25)):
            direction = latents[image, crop, color] / lengths[image, crop] * slope / (3 * 64)
            expected[image, color] += rows[place].T @ direction @ columns[place]
    np.testing.assert_allclose(seen.distance_gradient.numpy(), expected, rtol=1e-3, atol=1e-6)


def test_without_a_layer_there_is_no_distance(tiny):
    with frozen(tiny.module):
        seen = look(tiny, IMAGES, START, CROPS, CHANNELS, None)
    assert seen.distances.tolist() == [0.0, 0.0]
    assert not seen.distance_gradient.any()


def test_a_distance_in_pixel_space_is_that_of_the_crops_themselves(tiny):
    with frozen(tiny.module):
        seen = look(tiny, IMAGES, START, CROPS, CHANNELS, "input")
    lengths = np.sqrt(((numpy_crops(IMAGES) - numpy_crops(START)) ** 2).sum(axis=2))
    np.testing.assert_allclose(seen.distances.numpy(), lengths.mean(axis=(1, 2, 3)), rtol=1e-4)


def test_features_of_several_layers_share_one_pass(tiny):
    runs = []
    handle = tiny.module.mix.register_forward_hook(lambda *_: runs.append(1))
    with frozen(tiny.module):
        seen = look(tiny, IMAGES, START, CROPS, [parse_feature("mix:channel=0"), parse_feature("logit=1")], "mix")
    handle.remove()
    assert len(runs) == 2  # the images, and their seeds
    crops = numpy_crops(IMAGES)[1]
    relu = np.maximum(2 * (crops[:, 0] - 0.5) / 0.25, 0).mean() + np.maximum(-(crops[:, 1] - 0.5) / 0.25, 0).mean()
    assert seen.activations[1].item() == pytest.approx(relu, rel=1e-4)
