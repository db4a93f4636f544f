"""Bilinear resampling as a sparse matrix: every output pixel is a weighted sum of the few input pixels near it.

As a dense matrix product, cutting 16 crops out of a 512 x 512 image costs as much as the network's own passes over
them, nearly all of it multiplications by zero. Measured on two CPU cores: 92 ms forward and backward, sparse 20 ms.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import FunctionCtx, once_differentiable
from torch.nn.functional import embedding_bag


@dataclass(frozen=True)
class Resampling:
    """A sparse matrix of R rows with K entries each, over the T rows of a table."""

    index: Tensor  # (R, K), rows of the table
    weight: Tensor  # (R, K)
    table_rows: int  # T

    def apply(self, table: Tensor) -> Tensor:
        """The matrix times ``table``: ``(T, F)`` to ``(R, F)``. Gradients flow to the table."""
        result: Tensor = _Product.apply(table, self)
        return result

    def product(self, table: Tensor) -> Tensor:
        """Likewise, without gradient."""
        return embedding_bag(self.index, table, per_sample_weights=self.weight, mode="sum")

    def transposed_product(self, table: Tensor) -> Tensor:
        """The transposed matrix times ``table``: ``(R, F)`` to ``(T, F)``.

        A sum over sorted entries, because additions scattered by many threads come out in another order each time.
        """
        index, weight, offsets = self._transposed
        return embedding_bag(index, table, offsets, per_sample_weights=weight, mode="sum")

    @cached_property
    def _transposed(self) -> tuple[Tensor, Tensor, Tensor]:
        sorted_index, order = self.index.flatten().sort(stable=True)
        first = torch.arange(self.table_rows, device=order.device)
        taps = self.index.shape[1]
        return order // taps, self.weight.flatten()[order], torch.searchsorted(sorted_index, first)


class _Product(Function):
    @staticmethod
    def forward(ctx: FunctionCtx, table: Tensor, resampling: Resampling) -> Tensor:
        ctx.resampling = resampling  # type: ignore[attr-defined]
        return resampling.product(table)

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor, None]:
        resampling: Resampling = ctx.resampling  # type: ignore[attr-defined]
        return resampling.transposed_product(gradient.contiguous()), None


def bilinear(start: Tensor, extent: Tensor, pixels: int, size: int, lines: Tensor, line_count: int) -> Resampling:
    """Resample stretches ``[start, start + extent]`` of lines of pixels, with antialias.

    A triangle around the centre of each output pixel, one input pixel wide on either side, or one output pixel where
    the stretch shrinks. Only pixels that the stretch touches are read. On the pixel grid this is what
    ``torch.nn.functional.interpolate(mode="bilinear", antialias=True)`` does with the slice.

    Args:
        start: ``(N,)``, in pixels.
        extent: ``(N,)``, in pixels, more than 0; the stretch lies inside the line.
        pixels: length of a line.
        size: length of each result.
        lines: ``(N,)``, the line that each stretch lies on.
        line_count: how many lines follow each other in the table.

    Returns:
        Row ``n size + s`` is pixel s of stretch n, over a table of ``line_count pixels`` rows.
    """
    start, extent = start[:, None, None], extent[:, None, None]
    step = extent / size  # input pixels per output pixel
    reach = step.clamp(min=1)  # half the width of the triangle
    centre = start + (torch.arange(size, device=start.device, dtype=start.dtype)[:, None] + 0.5) * step  # (N, size, 1)
    # As many pixels as have their middle inside the widest triangle that the line allows.
    taps = math.ceil(2 * max(1.0, pixels / size))
    pixel = (centre - reach - 0.5).floor().long() + 1 + torch.arange(taps, device=start.device)  # (N, size, taps)
    weight = (1 - (pixel.to(start.dtype) + 0.5 - centre).abs() / reach).clamp(min=0)
    weight = weight * ((pixel + 1 > start) & (pixel < start + extent) & (pixel >= 0) & (pixel < pixels))
    index = pixel.clamp(0, pixels - 1) + lines[:, None, None] * pixels
    return Resampling(
        index=index.reshape(-1, taps),
        weight=(weight / weight.sum(dim=-1, keepdim=True)).reshape(-1, taps),
        table_rows=line_count * pixels,
    )
