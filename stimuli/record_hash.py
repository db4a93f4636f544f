"""One hash over everything that is recorded of a generated image, so that a change of its record shows.

It is that of the record's canonical JSON: sorted keys, no spaces. Of the parameters it takes their own hash. Who can
write to the database can write the hash too; it finds mistakes and careless changes, and keeps nobody from anything.
"""

import hashlib
import json
from typing import Any

# What a row or an exported record says of the image itself; the moment of its making is not among them.
FIGURES = (
    "activation_before",
    "activation_after",
    "crop_activation_before",
    "crop_activation_after",
    "distance",
    "ssim",
    "saturation",
)
AS_THEY_ARE = ("config_sha256", "seed", "rank_after", "device", "made_with", "sha256", "format", "mask_sha256")
# Of the natural image that it began from: which square of which photograph.
SEED_IMAGE = ("sha256", "photograph_sha256", "left", "top", "side")


def record_sha256(record: Any, *, feature: str, network: Any, pool: str, image: Any) -> str:
    """The hash of a record.

    Args:
        record: a row of stimuli, or the exported record of one.
        feature: its name.
        network: a row or a record of networks.
        pool: its name.
        image: a row or a record of natural images; None for a kind without a seed image.
    """
    values = {
        "kind": str(record.kind),
        "feature": feature,
        "network": {"name": network.name, "weights_sha256": network.weights_sha256},
        "pool": pool,
        "image": None if image is None else {name: getattr(image, name) for name in SEED_IMAGE},
        "curve": [_number(value) for value in record.curve],
        **{name: _number(getattr(record, name)) for name in FIGURES},
        **{name: getattr(record, name) for name in AS_THEY_ARE},
    }
    return _canonical_sha256(values)


def config_hash(config: Any) -> str:
    """The hash of all parameters of a generation, of their canonical JSON likewise."""
    return _canonical_sha256(config)


def _canonical_sha256(values: Any) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _number(value: float | None) -> float | None:
    # As PostgreSQL gives it back, whose JSON knows no minus zero and writes large numbers out as whole ones.
    return None if value is None else float(value) + 0.0
