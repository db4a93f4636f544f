"""Which images stand in a study's trials: references and queries of every feature.

A pure function of the protocol and the database, so that the generator of stimuli and the study site
arrive at the same images independently. No torch.

For one feature, going down the ranks of its pool: the references are the strongest images, the strong
query is the one just inside them; going up from the weakest, the weak query comes first. This is the easy
level of Borowski et al. (2021). All images of one feature come from different photographs. A query is
never a reference of any feature of the study, nor a query of another.
"""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from stimuli.models import Activation, Feature, ImagePool, SourceImage, VisionModel
from stimuli.networks import NotSurveyedError, surveyed_network
from stimuli.protocol import Protocol, ProtocolError

Phase = Literal["practice", "main"]


@dataclass(frozen=True)
class RankedImage:
    """An image with its activation and its rank among the images of the pool, 1 being the strongest."""

    image: SourceImage
    activation: float
    rank: int


@dataclass(frozen=True)
class FeatureImages:
    """The images of one feature: references from the strongest down, and the two queries."""

    feature: Feature
    phase: Phase
    references: tuple[RankedImage, ...]
    strong: RankedImage
    weak: RankedImage


@dataclass(frozen=True)
class _Candidates:
    """A feature, all images of the pool from the strongest down, and the references among them."""

    feature: Feature
    phase: Phase
    ranked: tuple[RankedImage, ...]
    references: tuple[RankedImage, ...]


def select_images(protocol: Protocol) -> list[FeatureImages]:
    """The images of every feature of the study, the main features first, in the order of the protocol.

    Raises:
        ProtocolError: pool or network are unknown, features are not surveyed over the pool (all of them are named,
            with the command that surveys them), or images are too few.
    """
    stimuli = protocol.stimuli
    pool = _pool(stimuli.pool)
    named: list[tuple[Phase, str]] = [
        *(("main", name) for name in stimuli.features),
        *(("practice", name) for name in stimuli.practice_features),
    ]
    features = _surveyed(protocol, pool, [name for _, name in named])
    candidates = [_candidates(features[name], pool, phase, stimuli.references) for phase, name in named]
    # All references are settled before the first query, because no query may be any feature's reference.
    taken = {reference.image.pk for one in candidates for reference in one.references}
    selected = []
    for one in candidates:
        images = _with_queries(one, taken)
        if images is None:
            raise ProtocolError(_too_few(one, taken, protocol))
        taken |= {images.strong.image.pk, images.weak.image.pk}
        selected.append(images)
    return selected


def _pool(name: str) -> ImagePool:
    pool = ImagePool.objects.filter(name=name).first()
    if pool is None:
        known = ", ".join(ImagePool.objects.order_by("name").values_list("name", flat=True)) or "none"
        raise ProtocolError(f"There is no image pool {name!r} (there are: {known}); make it with import_images.")
    return pool


def _surveyed(protocol: Protocol, pool: ImagePool, names: Sequence[str]) -> dict[str, Feature]:
    """The features of these names, all of them surveyed over the whole pool."""
    stimuli = protocol.stimuli
    try:
        network = surveyed_network(stimuli.model, stimuli.weights)
    except NotSurveyedError as error:
        raise ProtocolError(f"{error}\n{_how_to_survey(protocol, names)}") from error
    features = _complete(network, pool, names)
    missing = [name for name in names if name not in features]
    if missing:
        sentences = [
            f"The feature {name!r} of {network.name} has not been surveyed over the pool {pool.name!r}."
            for name in missing
        ]
        raise ProtocolError("\n".join([*sentences, _how_to_survey(protocol, missing)]))
    return features


def _complete(network: VisionModel, pool: ImagePool, names: Sequence[str]) -> dict[str, Feature]:
    """Those of the features that were measured on every image of the pool."""
    measured = Feature.objects.filter(model=network, name__in=names, surveys__pool=pool)
    return {feature.name: feature for feature in measured}


def _how_to_survey(protocol: Protocol, names: Sequence[str]) -> str:
    stimuli = protocol.stimuli
    weights = ["--weights", stimuli.weights] if stimuli.weights else []
    command = ["python", "manage.py", "survey_features", stimuli.model, stimuli.pool, *weights, "--features", *names]
    return f"Check the spelling, then survey what is missing: {shlex.join(command)}"


def _candidates(feature: Feature, pool: ImagePool, phase: Phase, references: int) -> _Candidates:
    ranked = _ranked(feature, pool)
    strongest = tuple(_first_of_each_photograph(ranked))[:references]
    return _Candidates(feature, phase, ranked, strongest)


def _ranked(feature: Feature, pool: ImagePool) -> tuple[RankedImage, ...]:
    activations = (
        Activation.objects.filter(feature=feature, image__pool=pool).select_related("image__pool").order_by("rank")
    )
    return tuple(RankedImage(one.image, one.value, one.rank) for one in activations)


def _first_of_each_photograph(ranked: Iterable[RankedImage]) -> Iterator[RankedImage]:
    seen: set[str] = set()
    for one in ranked:
        if one.image.photograph_sha256 not in seen:
            seen.add(one.image.photograph_sha256)
            yield one


def _with_queries(candidates: _Candidates, taken: set[int]) -> FeatureImages | None:
    """The strongest and the weakest image that are still free, or None where two such images are not left."""
    free = _free(candidates, taken)
    strong = free[0] if free else None
    weak = next(
        (one for one in reversed(free) if strong and one.image.photograph_sha256 != strong.image.photograph_sha256),
        None,
    )
    # At equal activation there would be no right answer.
    if strong is None or weak is None or strong.activation <= weak.activation:
        return None
    return FeatureImages(candidates.feature, candidates.phase, candidates.references, strong, weak)


def _free(candidates: _Candidates, taken: set[int]) -> list[RankedImage]:
    """The images that may be queries, from the strongest down: not used elsewhere, of photographs not shown here."""
    shown = {reference.image.photograph_sha256 for reference in candidates.references}
    return [one for one in candidates.ranked if one.image.pk not in taken and one.image.photograph_sha256 not in shown]


def _too_few(candidates: _Candidates, taken: set[int], protocol: Protocol) -> str:
    photographs = len({one.image.photograph_sha256 for one in candidates.ranked})
    left = len({one.image.photograph_sha256 for one in _free(candidates, taken)})
    references = protocol.stimuli.references
    return (
        f"The feature {candidates.feature.name!r} needs {references + 2} images of different photographs "
        f"({references} references and 2 queries of different activation), but the pool {protocol.stimuli.pool!r} "
        f"has {photographs} photographs, of which {left} are left for the queries after the references and the "
        "images of other features; ask for fewer references or features, or use a larger pool."
    )
