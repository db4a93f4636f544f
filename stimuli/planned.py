"""What a plan says of one feature, read back from the text that plan_stimuli writes and frozen sets keep. No torch."""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from stimuli.models import Feature, ImagePool


@dataclass(frozen=True)
class PlannedImage:
    """A natural image at its place: its SHA-256, its rank (1 is the strongest) and its activation."""

    sha256: str
    rank: int
    activation: float


@dataclass(frozen=True)
class PlannedPair:
    """Two query images, and how difficult it is to choose between them: ``easy``, or a percentile as ``95``."""

    difficulty: str
    strong: PlannedImage
    weak: PlannedImage


@dataclass(frozen=True)
class PlannedBatch:
    """What a trial on this batch of a feature is made of; batches are counted from 1."""

    number: int
    references: tuple[PlannedImage, ...]
    weak_references: tuple[PlannedImage, ...]
    queries: tuple[PlannedPair, ...]


@dataclass(frozen=True)
class PlannedFeature:
    """A feature of the plan, ``practice`` or ``main``, with its batches."""

    phase: str
    batches: tuple[PlannedBatch, ...]


def planned_feature(plan: str, feature: Feature, pool: ImagePool) -> PlannedFeature | None:
    """What the plan says of this feature on this pool; None where it is about others, or where no plan was kept."""
    if not plan:  # of a set from before plans were kept
        return None
    found = _read(plan)
    asked = (feature.model.name, feature.model.weights_sha256, pool.name)
    if (found["model"]["name"], found["model"]["weights_sha256"], found["pool"]["name"]) != asked:
        return None
    one = next((one for one in found["features"] if one["feature"] == feature.name), None)
    return PlannedFeature(one["phase"], tuple(_batch(batch) for batch in one["batches"])) if one else None


@lru_cache(maxsize=4)  # the plan of a large study has megabytes, and the pages of its features follow each other
def _read(plan: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(plan)
    return found


def _batch(batch: dict[str, Any]) -> PlannedBatch:
    return PlannedBatch(
        number=batch["batch"],
        references=tuple(PlannedImage(**image) for image in batch["references"]),
        weak_references=tuple(PlannedImage(**image) for image in batch["weak_references"]),
        queries=tuple(
            PlannedPair(pair["difficulty"], PlannedImage(**pair["strong"]), PlannedImage(**pair["weak"]))
            for pair in batch["queries"]
        ),
    )
