"""The page of one feature on one pool: its natural images, and its stimuli beside the images they were made from."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from stimuli.models import Activation, Feature, FeatureSurvey, FrozenSet, ImagePool, SourceImage, Stimulus
from studyapp.gallery.judgement import Judgement, judge
from studyapp.gallery.overview import Pair, pairs
from studyapp.models import QueryPair

STRONGEST = 9
# How far down the ranks the strongest images are looked for where one photograph fills the first of them.
DEPTH = 300


@dataclass(frozen=True)
class Tile:
    """A stimulus as the page lists it."""

    stimulus: Stimulus
    judgements: list[Judgement]
    frozen: bool

    @property
    def rejected(self) -> bool:
        """Whether a researcher rejected it."""
        return hasattr(self.stimulus, "rejection")

    @property
    def flagged(self) -> bool:
        """Whether it breaks a bound of a protocol that uses it."""
        return any(one.flags for one in self.judgements)

    @property
    def level(self) -> float | None:
        """Of a graded series: the percentile of the natural images at which it was stopped."""
        return self.stimulus.config.get("level_percentile") if self.stimulus.config else None


@dataclass(frozen=True)
class Row:
    """A seed image with all that was made from it, or all that was made from none.

    Attributes:
        image: the seed image; None for what has none.
        activation: of the seed image, with its rank; None where the survey did not keep it.
        tiles: of the stimuli, in the order of the kinds.
    """

    image: SourceImage | None
    activation: Activation | None
    tiles: tuple[Tile, ...]


def strongest_images(feature: Feature, pool: ImagePool) -> list[Activation]:
    """The strongest images of the pool, no two of one photograph, as protocols take their references."""
    ranked = Activation.objects.filter(feature=feature, image__pool=pool).select_related("image").order_by("rank")
    of_photograph: dict[str, Activation] = {}
    for one in ranked[:DEPTH]:
        of_photograph.setdefault(one.image.photograph_sha256, one)
    return list(of_photograph.values())[:STRONGEST]


def study_queries(feature: Feature, pool: ImagePool) -> QuerySet[QueryPair]:
    """The queries that studies on this pool ask about the feature."""
    return (
        QueryPair.objects.filter(study_feature__feature=feature, strong_image__pool=pool)
        .select_related("study_feature__study", "strong_image", "weak_image")
        .order_by("study_feature__study__slug", "id")
    )


def survey_of(feature: Feature, pool: ImagePool) -> FeatureSurvey | None:
    """The survey from which the ranks come; None for what was imported without it."""
    return FeatureSurvey.objects.filter(feature=feature, pool=pool).first()


def rows(stimuli: QuerySet[Stimulus], feature: Feature, pool: ImagePool) -> list[Row]:
    """The stimuli of this feature and pool by their seed images, the strongest first, those without one last."""
    found = list(
        stimuli.filter(feature=feature, pool=pool)
        .select_related("image", "rejection", "feature", "pool")
        .order_by("id")
    )
    by_image: dict[int | None, list[Stimulus]] = defaultdict(list)
    for stimulus in found:
        by_image[stimulus.image_id].append(stimulus)
    activations = {
        one.image_id: one for one in Activation.objects.filter(feature=feature, image__in=[pk for pk in by_image if pk])
    }
    tiles = _tiles(found)
    made = [
        Row(
            image=of_image[0].image,
            activation=activations.get(image) if image else None,
            tiles=tuple(sorted((tiles[one.pk] for one in of_image), key=_place)),
        )
        for image, of_image in by_image.items()
    ]
    return sorted(made, key=lambda row: (row.image is None, row.activation.rank if row.activation else 0))


def tile_of(stimulus: Stimulus) -> Tile:
    """One stimulus as the page would list it, though the filter leaves it out."""
    return _tiles([stimulus])[stimulus.pk]


def in_order(listed: Sequence[Row]) -> list[Tile]:
    """The tiles of all rows, as a reader meets them."""
    return [tile for row in listed for tile in row.tiles]


def neighbours(stimuli: QuerySet[Stimulus], pair: Pair) -> tuple[Pair | None, Pair | None]:
    """The features before and after this one in the overview of these stimuli."""
    everything = list(pairs(stimuli))
    before = [other for other in everything if other < pair]
    after = [other for other in everything if other > pair]
    return (before[-1] if before else None, after[0] if after else None)


def _tiles(stimuli: Sequence[Stimulus]) -> dict[int, Tile]:
    judgements = judge(stimuli)
    numbers = [stimulus.pk for stimulus in stimuli]
    frozen = set(
        FrozenSet.stimuli.through.objects.filter(stimulus_id__in=numbers).values_list("stimulus_id", flat=True)
    )
    return {one.pk: Tile(one, judgements[one.pk], one.pk in frozen) for one in stimuli}


def _place(tile: Tile) -> tuple[int, float, int]:
    return Stimulus.Kind.values.index(tile.stimulus.kind), tile.level or 0, tile.stimulus.pk
