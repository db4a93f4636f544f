"""Which attempt follows another: what generation makes in the place of a stimulus that was rejected. No torch."""

import hashlib

from stimuli.models import Stimulus


def next_seed(seed: int) -> int:
    """The seed, 0 to 2**63 - 1, of the attempt that follows the one with this seed."""
    return int.from_bytes(hashlib.sha256(f"{seed}\nnext attempt".encode()).digest()[:8]) >> 1


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
