"""The seed survives the way to parameters and back, by an independent NumPy account and for any 8-bit image."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from accentuation.color import COLOR_MATRIX, correlate_colors, decorrelate_colors
from accentuation.parametrization import Fourier, FourierPhase, Pixel, parametrize

SIDES = st.integers(min_value=1, max_value=23)
EIGHT_BIT_IMAGES = st.tuples(st.just(3), SIDES, SIDES).flatmap(lambda shape: hnp.arrays(np.uint8, shape))


def as_image(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels.astype(np.float32) / 255)


def numpy_image(magnitude: np.ndarray, gate: np.ndarray, phase: np.ndarray, height: int, width: int) -> np.ndarray:
    """The formula of the method, pixel by pixel where the library uses a tensor product."""
    strength = magnitude / (1 + np.exp(-gate))
    decorrelated = np.fft.irfft2(strength * np.exp(1j * phase), s=(height, width))
    image = np.empty_like(decorrelated)
    for y in range(height):
        for x in range(width):
            lightness, red_blue, green_magenta = decorrelated[:, y, x]
            rows = np.array(COLOR_MATRIX)
            image[:, y, x] = lightness * rows[0] + red_blue * rows[1] + green_magenta * rows[2]
    return 1 / (1 + np.exp(-image))


@pytest.mark.parametrize("kind", [FourierPhase, Fourier, Pixel])
@settings(max_examples=150, deadline=None)
@given(pixels=EIGHT_BIT_IMAGES)
def test_it_starts_at_the_seed_for_any_8_bit_image(kind, pixels):
    image = as_image(pixels)
    assert (kind(image)() - image).abs().max() < 1e-3


@pytest.mark.parametrize("kind", [FourierPhase, Fourier, Pixel])
def test_it_starts_at_the_seed_for_a_large_image_of_black_and_white_noise(kind):
    pixels = np.random.default_rng(0).integers(0, 2, (3, 511, 767), dtype=np.uint8) * 255
    assert (kind(as_image(pixels))() - as_image(pixels)).abs().max() < 1e-3


@settings(max_examples=30, deadline=None)
@given(pixels=EIGHT_BIT_IMAGES, seed=st.integers(0, 2**32 - 1))
def test_it_makes_the_image_that_the_formula_makes_at_any_parameters(pixels, seed):
    parametrization = FourierPhase(as_image(pixels)).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        parametrization.phase += torch.randn(parametrization.phase.shape, generator=generator)
        parametrization.gate += torch.randn(parametrization.gate.shape, generator=generator)
        image = parametrization().numpy()
    expected = numpy_image(
        parametrization.magnitude.numpy(),
        parametrization.gate.detach().numpy(),
        parametrization.phase.detach().numpy(),
        *pixels.shape[1:],
    )
    np.testing.assert_allclose(image, expected, atol=1e-9)


@pytest.mark.parametrize(("height", "width"), [(6, 6), (5, 6), (6, 5), (5, 5), (1, 1)])
def test_the_waves_without_a_phase_are_those_that_are_their_own_mirror(height, width):
    spectrum = np.fft.rfft2(np.random.default_rng(1).random((height, width)))
    phases = FourierPhase(torch.rand(3, height, width, generator=torch.Generator().manual_seed(2))).phase
    assert ((phases[0] == 0).numpy() == (np.abs(spectrum.imag) < 1e-12)).all()


def test_a_dark_image_fades_to_grey_at_most_and_never_turns_bright():
    """Of one colour, so that nothing but its mean can move, and asked for light in steps of Adam."""
    parametrization = FourierPhase(torch.full((1, 3, 16, 16), 0.2))
    optimizer = torch.optim.Adam(parametrization.parameters(), lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        (-parametrization().mean()).backward()
        optimizer.step()
    assert 0.3 < parametrization().mean() <= 0.5
    assert parametrization.phase.abs().max() == 0


def test_its_gradient_is_the_slope_of_the_image():
    generator = torch.Generator().manual_seed(3)
    parametrization = FourierPhase(torch.rand(3, 4, 5, generator=generator, dtype=torch.float64))

    def image(phase: torch.Tensor, gate: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(parametrization, {"phase": phase, "gate": gate}, ())

    phase, gate = (parameter.detach().requires_grad_() for parameter in parametrization.parameters())
    assert torch.autograd.gradcheck(image, (phase, gate))


def test_the_gate_may_lower_a_magnitude_to_nothing_and_raise_it_by_no_more_than_a_hundredth():
    parametrization = FourierPhase(torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(4)))
    seed_magnitude = parametrization.magnitude * torch.sigmoid(torch.tensor(5.0))
    with torch.no_grad():
        parametrization.gate.fill_(-40.0)
        closed = parametrization()
        parametrization.gate.fill_(40.0)
    torch.testing.assert_close(closed, torch.full_like(closed, 0.5))
    assert (parametrization.magnitude.abs() <= 1.01 * seed_magnitude.abs()).all()


def test_grey_is_lightness_alone_and_the_colour_spaces_are_inverse():
    colours = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    torch.testing.assert_close(decorrelate_colors(correlate_colors(colours)), colours)
    lightness = torch.tensor([2.0, 0, 0])[:, None, None]
    torch.testing.assert_close(
        correlate_colors(lightness), 2 * torch.tensor([0.56282854, 0.58447580, 0.58447580])[:, None, None]
    )


@pytest.mark.parametrize("kind", [Fourier, Pixel])
def test_the_others_have_the_slope_of_their_image_too(kind):
    generator = torch.Generator().manual_seed(6)
    parametrization = kind(torch.rand(3, 4, 5, generator=generator, dtype=torch.float64))
    (name,) = dict(parametrization.named_parameters())

    def image(values: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(parametrization, {name: values}, ())

    (parameter,) = parametrization.parameters()
    assert torch.autograd.gradcheck(image, (parameter.detach().requires_grad_(),))


def test_plain_fourier_moves_low_frequencies_more():
    parametrization = Fourier(torch.full((3, 8, 8), 0.5))
    assert parametrization.scale[0, 0] == 8  # the mean counts as one cycle over the image
    assert parametrization.scale[0, 1] == pytest.approx(1 / (1 / 8))
    assert parametrization.scale[4, 4] == pytest.approx(1 / np.hypot(0.5, 0.5))


def test_pixels_are_the_logits_in_decorrelated_colours():
    image = torch.rand(3, 4, 5, generator=torch.Generator().manual_seed(7))
    expected = np.linalg.inv(np.array(COLOR_MATRIX).T) @ np.log((image / (1 - image)).numpy()).reshape(3, -1)
    np.testing.assert_allclose(Pixel(image).logits.detach().numpy().reshape(3, -1), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["fourier_phase", "fourier", "pixel"])
def test_a_batch_that_loses_members_keeps_the_images_of_the_others(name):
    images = torch.rand(3, 3, 6, 5, generator=torch.Generator().manual_seed(8))
    parametrization = parametrize(name, images)
    parametrization.keep(torch.tensor([2, 0]))
    torch.testing.assert_close(parametrization(), images[[2, 0]], atol=1e-3, rtol=0)
