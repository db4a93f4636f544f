"""Attribution maps as colours."""

import matplotlib
import pytest
import torch

from accentuation import AccentuationError
from accentuation.overlay import overlay


def color(name, level):
    return torch.tensor(matplotlib.colormaps[name](level)[:3], dtype=torch.float32)


def test_a_map_without_negative_values_goes_from_dark_to_yellow():
    made = overlay(torch.zeros(3, 1, 3), torch.tensor([[[0.0, 1, 2]]]), opacity=1.0, percentile=100)
    assert made.shape == (3, 1, 3)
    torch.testing.assert_close(made[:, 0, 0], color("viridis", 0.0), atol=1e-6, rtol=0)
    torch.testing.assert_close(made[:, 0, 1], color("viridis", 128), atol=1e-6, rtol=0)
    torch.testing.assert_close(made[:, 0, 2], color("viridis", 1.0), atol=1e-6, rtol=0)


def test_a_signed_map_is_dark_at_zero_blue_below_and_red_above():
    made = overlay(torch.zeros(3, 1, 3), torch.tensor([[[-4.0, 0, 4]]]), opacity=1.0)
    below, zero, above = made[:, 0].unbind(dim=1)
    assert float(zero.max()) < 0.15
    assert below[2] > below[0]
    assert above[0] > above[2]


def test_the_image_shows_through_in_grey():
    image = torch.zeros(3, 1, 2)
    image[0, 0, 0] = 1  # red, whose brightness is 0.299
    made = overlay(image, torch.zeros(1, 1, 2), opacity=0.25)
    difference = made[:, 0, 0] - made[:, 0, 1]
    torch.testing.assert_close(difference, torch.full((3,), 0.75 * 0.299))


def test_a_single_outlier_does_not_darken_the_others():
    values = torch.ones(1, 20, 20)
    values[0, 0, 0] = 1e6
    made = overlay(torch.zeros(3, 20, 20), values, opacity=1.0)
    torch.testing.assert_close(made[:, 5, 5], color("viridis", 1.0), atol=1e-6, rtol=0)


def test_a_map_of_one_pixel_and_an_empty_one_can_be_shown():
    one = torch.zeros(1, 20, 20)
    one[0, 3, 4] = 2
    made = overlay(torch.zeros(3, 20, 20), one, opacity=1.0)
    torch.testing.assert_close(made[:, 3, 4], color("viridis", 1.0), atol=1e-6, rtol=0)
    empty = overlay(torch.zeros(3, 20, 20), torch.zeros(1, 20, 20), opacity=1.0)
    torch.testing.assert_close(empty[:, 3, 4], color("viridis", 0.0), atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("attribution", "settings", "message"),
    [
        (torch.zeros(1, 2, 3), {}, r"one size, not \(3, 2, 2\) and \(1, 2, 3\)"),
        (torch.full((1, 2, 2), float("nan")), {}, "not finite"),
        (torch.zeros(1, 2, 2), {"opacity": 1.5}, "opacity of an overlay must be from 0 to 1"),
        (torch.zeros(1, 2, 2), {"percentile": 0}, "more than 0 and at most 100"),
    ],
)
def test_what_cannot_be_shown_is_named(attribution, settings, message):
    with pytest.raises(AccentuationError, match=message):
        overlay(torch.zeros(3, 2, 2), attribution, **settings)
