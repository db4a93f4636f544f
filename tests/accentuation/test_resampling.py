"""Sparse resampling against a plain NumPy loop, and its gradient against finite differences."""

import math

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from accentuation.resampling import Resampling, bilinear


def numpy_weights(start: float, extent: float, pixels: int, size: int) -> np.ndarray:
    """Bilinear resampling with antialias, one weight at a time."""
    scale = extent / size
    weights = np.zeros((size, pixels))
    for out in range(size):
        centre = start + (out + 0.5) * scale
        for pixel in range(max(0, math.floor(start)), min(pixels, math.ceil(start + extent))):
            weights[out, pixel] = max(0.0, 1 - abs(pixel + 0.5 - centre) / max(scale, 1.0))
        weights[out] /= weights[out].sum()
    return weights


def doubles(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def two_stretches() -> Resampling:
    """One that shrinks and one that grows, on the first and the last of three lines of 7 pixels."""
    return bilinear(doubles(0.3, 2.5), doubles(6.2, 1.7), 7, 4, torch.tensor([0, 2]), 3)


@settings(max_examples=80, deadline=None)
@given(
    pixels=st.integers(1, 40),
    size=st.integers(1, 30),
    share=st.floats(0.05, 1),
    place=st.floats(0, 1),
)
def test_a_stretch_anywhere_is_resampled_as_the_loop_does_it(pixels, size, share, place):
    extent = share * pixels
    start = place * (pixels - extent)
    matrix = bilinear(doubles(start), doubles(extent), pixels, size, torch.tensor([0]), 1)
    # Times the identity, the sparse matrix is written out.
    dense = matrix.apply(torch.eye(pixels, dtype=torch.float64))
    np.testing.assert_allclose(dense.numpy(), numpy_weights(start, extent, pixels, size), atol=1e-9)


def test_each_stretch_reads_its_own_line():
    dense = two_stretches().apply(torch.eye(21, dtype=torch.float64)).numpy()
    expected = np.zeros((8, 21))
    expected[:4, :7] = numpy_weights(0.3, 6.2, 7, 4)
    expected[4:, 14:] = numpy_weights(2.5, 1.7, 7, 4)
    np.testing.assert_allclose(dense, expected, atol=1e-12)


def test_the_transposed_product_is_that_of_the_matrix_written_out():
    matrix = two_stretches()
    dense = matrix.apply(torch.eye(21, dtype=torch.float64))
    table = torch.rand(8, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(matrix.transposed_product(table), dense.T @ table)


def test_the_gradient_is_that_of_finite_differences():
    table = torch.rand(21, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(2), requires_grad=True)
    assert torch.autograd.gradcheck(two_stretches().apply, (table,))


def test_rows_that_no_stretch_touches_get_no_gradient():
    table = torch.rand(21, 2, dtype=torch.float64, requires_grad=True)
    two_stretches().apply(table).sum().backward()
    assert not table.grad[7:14].any()
    assert table.grad[:7].all()
