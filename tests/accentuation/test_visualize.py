"""Noise-seeded visualisations: their spectrum, their feature, their seed."""

import pytest
import torch

from accentuation import AccentuationConfig, AccentuationError, FeatureError, mean_magnitude, measure, parse_feature
from accentuation import visualize as make
from accentuation.parametrization import FourierPhase

SHORT = AccentuationConfig(steps=10, crops=4, learning_rate=0.1)


def test_the_magnitude_of_one_image_is_that_of_its_own_parametrization(cat):
    phases = FourierPhase(cat)
    expected = phases.magnitude * torch.sigmoid(torch.tensor(5.0))
    magnitude = mean_magnitude([cat]).magnitude
    torch.testing.assert_close(magnitude.abs(), expected.abs())
    torch.testing.assert_close(magnitude[:, 0, 0], expected[:, 0, 0])


@pytest.mark.parametrize("colour", [(0.1, 0.1, 0.1), (0.1, 0.15, 0.35), (0.8, 0.3, 0.2)])
def test_it_begins_with_the_mean_colour_of_the_images_dark_ones_too(lite0, colour):
    plain = torch.tensor(colour)[:, None, None].expand(3, 48, 48)
    still = AccentuationConfig(steps=1, crops=1, learning_rate=1e-9)
    image = make(lite0, parse_feature("logit=285"), mean_magnitude([plain]), still, seed=1).image
    torch.testing.assert_close(image.mean(dim=(1, 2)), torch.tensor(colour), atol=1e-3, rtol=0)


def test_the_mean_is_over_the_images(cat, coffee):
    alone = [mean_magnitude([image]).magnitude for image in (cat, coffee)]
    torch.testing.assert_close(mean_magnitude([cat, coffee]).magnitude, (alone[0] + alone[1]) / 2)


def test_images_of_several_sizes_or_none_have_no_spectrum(cat):
    with pytest.raises(AccentuationError, match="must all have one size"):
        mean_magnitude([cat, cat[:, 1:]])
    with pytest.raises(AccentuationError, match="at least one image"):
        mean_magnitude([])


def test_it_raises_the_feature_from_noise(lite0, cat, coffee):
    feature, spectrum = parse_feature("blocks.3.1:channel=40"), mean_magnitude([cat, coffee])
    start = make(lite0, feature, spectrum, AccentuationConfig(steps=1, crops=2, learning_rate=1e-9), seed=1)
    end = make(lite0, feature, spectrum, SHORT, seed=1)
    assert end.activation > start.activation
    assert end.activation == pytest.approx(measure(lite0, end.image[None], feature).item())
    assert end.image.shape == cat.shape
    assert end.image.min() >= 0
    assert end.image.max() <= 1


def test_the_image_keeps_the_natural_magnitudes(lite0, cat, coffee):
    spectrum = mean_magnitude([cat, coffee])
    image = make(lite0, parse_feature("logit=285"), spectrum, SHORT, seed=1).image
    # Black and white are cut at half a thousandth and the gate may have lowered some, so correlation, not equality.
    both = (mean_magnitude([image]), spectrum)
    kept = torch.stack([each.magnitude.abs().log().flatten() for each in both])
    assert torch.corrcoef(kept)[0, 1] > 0.9


def test_its_seed_repeats_it_and_another_gives_another(lite0, cat):
    feature, config = parse_feature("logit=285"), AccentuationConfig(steps=2, crops=2)
    first, again, other = (make(lite0, feature, mean_magnitude([cat]), config, seed=seed).image for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert (first - other).abs().mean() > 0.05


def test_a_feature_that_does_not_exist_is_told(lite0, cat):
    with pytest.raises(FeatureError, match="from 0 to 999"):
        make(lite0, parse_feature("logit=1000"), mean_magnitude([cat]), SHORT, seed=1)
