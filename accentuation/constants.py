"""Small constant tensors, made once for each device: every step needs them, and a copy to a GPU makes it wait."""

from functools import cache

import torch
from torch import Tensor

Row = tuple[float, ...]


@cache
def constant(values: Row | tuple[Row, ...], device: torch.device, dtype: torch.dtype) -> Tensor:
    """These values as a tensor, which all share and nobody may change."""
    # Whoever asks first in inference mode must not leave a tensor to the others that forbids gradients.
    with torch.inference_mode(False):
        return torch.tensor(values, device=device, dtype=dtype)
