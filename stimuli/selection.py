"""Which images stand in a study's trials: references and queries of every feature.

A pure function of the protocol and the database, so that the generator of stimuli and the study site
arrive at the same images independently. No torch.

Going down the ranks of a feature's pool, the references are the strongest images; going up from the weakest, the weak
references, if any, are the weakest. Easy queries are the ones just inside these, as in Borowski et al. (2021); harder
ones lie near a percentile p and its mirror image, 100 - p, or as near as an image is free. References are dealt to
the feature's image batches in turn, back and forth, so that the batches are equally strong; queries so that the pairs
of all batches are equally far apart. Practice and catch features have one batch and an easy pair.

Two rules hold whatever the protocol asks:

- All images of one feature, of all its batches and difficulties, come from different photographs, and no two of them
  are near-duplicates.
- A query is a query once in the whole study and a reference nowhere in it, and no near-duplicate of one. So
  whichever batches and difficulties a participant meets, no question shows an image that was seen before it.
  References may be shared by features.
"""

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from stimuli.candidates import Candidate, ranking
from stimuli.choice import Asked, Chosen, Used, add_queries, dealt, with_references
from stimuli.models import Feature, ImagePool, SourceImage, VisionModel
from stimuli.networks import NotSurveyedError, surveyed_network
from stimuli.protocol import Protocol, ProtocolError, difficulty_name

Phase = Literal["practice", "main", "catch"]


@dataclass(frozen=True)
class RankedImage:
    """An image with its activation and its rank among the images of the pool, 1 being the strongest."""

    image: SourceImage
    activation: float
    rank: int


@dataclass(frozen=True)
class QueryImages:
    """Two images between which participants choose, and how difficult that is: ``easy``, or a percentile as ``95``."""

    difficulty: str
    strong: RankedImage
    weak: RankedImage


@dataclass(frozen=True)
class ImageBatch:
    """What one trial on a feature shows: references from the strongest down, weak ones from the weakest up, and one
    of the query pairs."""

    references: tuple[RankedImage, ...]
    weak_references: tuple[RankedImage, ...]
    queries: tuple[QueryImages, ...]

    @property
    def images(self) -> tuple[RankedImage, ...]:
        """Every image of the batch."""
        queries = (query for pair in self.queries for query in (pair.strong, pair.weak))
        return (*self.references, *self.weak_references, *queries)


@dataclass(frozen=True)
class FeatureImages:
    """The images of one feature, in batches of which a participant meets one."""

    feature: Feature
    phase: Phase
    batches: tuple[ImageBatch, ...]

    @property
    def references(self) -> tuple[RankedImage, ...]:
        """The strongly activating references of all batches."""
        return tuple(one for batch in self.batches for one in batch.references)

    @property
    def images(self) -> tuple[RankedImage, ...]:
        """Every natural image that is shown for this feature."""
        return tuple(one for batch in self.batches for one in batch.images)


def select_images(protocol: Protocol) -> list[FeatureImages]:
    """The images of every feature of the study, the main features first, in the order of the protocol.

    Raises:
        ProtocolError: pool or network are unknown, images of the pool have no perceptual hash, features are not
            surveyed over the pool (all of them are named, with the command that surveys them), or images are too few
            (all features are named for which they are).
    """
    stimuli = protocol.stimuli
    pool = _pool(stimuli.pool)
    phases: dict[str, Phase] = dict.fromkeys(stimuli.features, "main")
    phases |= dict.fromkeys(stimuli.practice_features, "practice")
    phases |= dict.fromkeys(stimuli.catch_features, "catch")
    features, missing = _surveyed(protocol, pool, list(phases))
    missing += _without_hashes(pool)
    if missing:
        raise ProtocolError("\n".join(missing))
    # All references are settled before the first query, because no query may be any feature's reference. Rankings are
    # read twice, so that only one of them is in memory at a time.
    chosen = [
        with_references(name, ranking(features[name], pool), _asked(protocol, phase)) for name, phase in phases.items()
    ]
    used = Used()
    for one in chosen:
        used.add(one.of_references)
    problems = [problem for one in chosen if (problem := add_queries(one, ranking(features[one.feature], pool), used))]
    if problems:
        raise ProtocolError("\n".join(problems))
    rows = SourceImage.objects.select_related("pool").in_bulk({image for one in chosen for image in one.images})
    return [FeatureImages(features[one.feature], phases[one.feature], tuple(_batches(one, rows))) for one in chosen]


def _asked(protocol: Protocol, phase: Phase) -> Asked:
    stimuli = protocol.stimuli
    # Practice teaches the task, on pairs that can be told apart; who attends to a catch trial cannot miss it.
    batches, difficulties = (stimuli.batches, stimuli.difficulties) if phase == "main" else (1, ("easy",))
    return Asked(stimuli.pool, stimuli.references, stimuli.weak_references, batches, difficulties)


def _batches(chosen: Chosen, rows: Mapping[int, SourceImage]) -> Iterator[ImageBatch]:
    """The batches of a feature, with the rows of their images."""

    def ranked(candidates: Iterable[Candidate]) -> tuple[RankedImage, ...]:
        return tuple(RankedImage(rows[one.image], one.activation, one.rank) for one in candidates)

    strong, weak = (dealt(ones, chosen.asked.batches) for ones in (chosen.references, chosen.weak_references))
    for batch in range(chosen.asked.batches):
        queries = (
            QueryImages(difficulty_name(one.difficulty), *ranked((one.strong[batch], one.weak[batch])))
            for one in chosen.queries
        )
        yield ImageBatch(ranked(strong[batch]), ranked(weak[batch]), tuple(queries))


def _pool(name: str) -> ImagePool:
    pool = ImagePool.objects.filter(name=name).first()
    if pool is None:
        known = ", ".join(ImagePool.objects.order_by("name").values_list("name", flat=True)) or "none"
        raise ProtocolError(f"There is no image pool {name!r} (there are: {known}); make it with import_images.")
    return pool


def _without_hashes(pool: ImagePool) -> list[str]:
    if not pool.images.filter(perceptual_hash=None).exists():
        return []
    return [
        f"The pool {pool.name!r} was imported before near-duplicates were looked for; run the same import_images "
        "again, which adds what is missing and changes nothing else."
    ]


def _surveyed(protocol: Protocol, pool: ImagePool, names: Sequence[str]) -> tuple[dict[str, Feature], list[str]]:
    """The features of these names that are surveyed over the whole pool, and a sentence for each that is not."""
    stimuli = protocol.stimuli
    try:
        network = surveyed_network(stimuli.model, stimuli.weights)
    except NotSurveyedError as error:
        return {}, [str(error), _how_to_survey(protocol, names)]
    features = _complete(network, pool, names)
    missing = [name for name in names if name not in features]
    sentences = [
        f"The feature {name!r} of {network.name} has not been surveyed over the pool {pool.name!r}." for name in missing
    ]
    return features, [*sentences, _how_to_survey(protocol, missing)] if missing else []


def _complete(network: VisionModel, pool: ImagePool, names: Sequence[str]) -> dict[str, Feature]:
    """Those of the features that were measured on every image of the pool."""
    measured = Feature.objects.filter(model=network, name__in=names, surveys__pool=pool)
    return {feature.name: feature for feature in measured}


def _how_to_survey(protocol: Protocol, names: Sequence[str]) -> str:
    stimuli = protocol.stimuli
    weights = ["--weights", stimuli.weights] if stimuli.weights else []
    command = ["python", "manage.py", "survey_features", stimuli.model, stimuli.pool, *weights, "--features", *names]
    return f"Check the spelling, then survey what is missing: {shlex.join(command)}"
