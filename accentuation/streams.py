"""Streams of random numbers: one seed, and for each purpose a generator that is independent of the others."""

from numbers import Integral
from typing import Literal

import numpy as np
import torch

from accentuation.errors import AccentuationError

# The places are part of the seeds: a new purpose goes to the end.
_PURPOSES = ("boxes", "noise", "phases", "weights", "copies")
Purpose = Literal["boxes", "noise", "phases", "weights", "copies"]


def stream_seed(seed: int, purpose: Purpose) -> int:
    """The seed of the stream for a purpose.

    Generators with one seed give one sequence, whatever is made of it: boxes and noise of the same seed would go
    together, a small box with little noise.

    Raises:
        AccentuationError: the seed is not a whole number from 0 to 2**64 - 1.
    """
    if not isinstance(seed, Integral) or not 0 <= seed < 2**64:
        raise AccentuationError(f"The seed must be a whole number from 0 to 2**64 - 1, not {seed!r}.")
    sequence = np.random.SeedSequence(int(seed), spawn_key=(_PURPOSES.index(purpose),))
    return int(sequence.generate_state(1, np.uint64)[0])


def stream(seed: int, purpose: Purpose, device: torch.device | None = None) -> torch.Generator:
    """A generator of the stream for a purpose, on the CPU unless told otherwise.

    Raises:
        AccentuationError: as for :func:`stream_seed`.
    """
    return torch.Generator(device or torch.device("cpu")).manual_seed(stream_seed(seed, purpose))
