"""Which images and stimuli a frozen plan names. No torch.

The plan's form is that of :mod:`stimuli.plan`; here it may come from a stranger, so nothing of it is believed.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

# Kind, feature, SHA-256 of the seed image if there is one, SHA-256 of the config, seed of the random numbers.
RecipeKey = tuple[str, str, str | None, str, int]


@dataclass(frozen=True)
class NamedInPlan:
    """What a plan names.

    Attributes:
        images: the natural images that the study shows or that stimuli begin from, by their SHA-256.
        stimuli: the recipes.
        samples: the hashes of samples of natural images (``spectrum_sha256``) that stimuli take their colours from.
        header: the plan's own words of study, network and pool.
    """

    images: frozenset[str]
    stimuli: frozenset[RecipeKey]
    samples: frozenset[str]
    header: dict[str, Any]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)


class _Image(_Part):
    sha256: str


class _Query(_Part):
    strong: _Image
    weak: _Image


class _Stimulus(_Part):
    kind: str
    image: str | None
    config_sha256: str
    seed: int


class _Batch(_Part):
    references: list[_Image]
    weak_references: list[_Image]
    queries: list[_Query]
    stimuli: list[_Stimulus]


class _Feature(_Part):
    feature: str
    batches: list[_Batch]
    stimuli: list[_Stimulus]


class _Plan(_Part):
    slug: str
    seed: int
    model: dict[str, Any]
    pool: dict[str, Any]
    configs: dict[str, dict[str, Any]]
    features: list[_Feature]


def named_in_plan(text: str) -> NamedInPlan:
    """Read a plan's text.

    Raises:
        ValueError: it is not a plan as :func:`stimuli.plan.plan_text` writes it, to the byte.
    """
    data = json.loads(text)
    if json.dumps(data, indent=2, sort_keys=True) + "\n" != text:
        raise ValueError("it is not written as plans are")
    try:
        plan = _Plan.model_validate(data)
    except ValidationError as error:
        raise ValueError(str(error.errors()[0]["msg"])) from error
    stimuli = [(feature.feature, one) for feature in plan.features for one in _stimuli(feature)]
    return NamedInPlan(
        images=frozenset({*_shown(plan), *(one.image for _, one in stimuli if one.image)}),
        stimuli=frozenset((one.kind, name, one.image, one.config_sha256, one.seed) for name, one in stimuli),
        samples=frozenset(str(one["spectrum_sha256"]) for one in plan.configs.values() if "spectrum_sha256" in one),
        header={name: data[name] for name in ("slug", "seed", "model", "pool")},
    )


def _stimuli(feature: _Feature) -> Iterator[_Stimulus]:
    yield from feature.stimuli
    for batch in feature.batches:
        yield from batch.stimuli


def _shown(plan: _Plan) -> Iterator[str]:
    for batch in (batch for feature in plan.features for batch in feature.batches):
        yield from (one.sha256 for one in (*batch.references, *batch.weak_references))
        for query in batch.queries:
            yield from (query.strong.sha256, query.weak.sha256)
