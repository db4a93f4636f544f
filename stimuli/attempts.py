"""Which attempt follows another: what generation makes in the place of a stimulus that was rejected. No torch."""

import hashlib
from collections.abc import Iterator

from stimuli.models import Stimulus

# More attempts at one image than anybody has the patience for.
MOST_ATTEMPTS = 100


def next_seed(seed: int) -> int:
    """The seed, 0 to 2**63 - 1, of the attempt that follows the one with this seed."""
    return int.from_bytes(hashlib.sha256(f"{seed}\nnext attempt".encode()).digest()[:8]) >> 1


def later_seeds(seed: int) -> Iterator[int]:
    """The seeds of the attempts that follow the one with this seed, in their order."""
    for _ in range(MOST_ATTEMPTS):
        seed = next_seed(seed)
        yield seed


def next_attempt(stimulus: Stimulus) -> Stimulus | None:
    """What was made in the place of this stimulus; None while nothing was."""
    return Stimulus.objects.filter(
        kind=stimulus.kind,
        feature=stimulus.feature_id,
        pool=stimulus.pool_id,
        image=stimulus.image_id,
        config_sha256=stimulus.config_sha256,
        seed=next_seed(stimulus.seed),
    ).first()
