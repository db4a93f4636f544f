"""The modes of PyTorch in which the library computes, whatever the caller's."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def own_modes(device: torch.device) -> Iterator[None]:
    """Neither inference mode, which forbids every gradient, nor autocast, which rounds what is asked in full precision.

    Gradients are on inside, also where the caller has switched them off.
    """
    with torch.inference_mode(False), torch.autocast(device.type, enabled=False), torch.enable_grad():
        yield
