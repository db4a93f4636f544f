"""The page of one feature on one pool: its natural images, and its stimuli beside the images they were made from."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from stimuli.models import Activation, Feature, FeatureSurvey, FrozenSet, ImagePool, SourceImage, Stimulus
from studyapp.gallery.filters import GalleryFilter
from studyapp.gallery.judgement import Judgement
from studyapp.gallery.overview import Pair, pairs
from studyapp.models import QueryPair

STRONGEST = 9
# How far down the ranks the strongest images are looked for where one photograph fills the first of them.
DEPTH = 300


@dataclass(frozen=True)
class Tile:
    """A stimulus as the page lists it.

    Attributes:
        stimulus: its row.
        judgements: of the protocols.
        frozen: whether a frozen set holds it.
        superseded: whether others were, or are to be, made in its place though nobody rejected it.
        foil_for: of a foil, the names of the features whose continuations it is shown beside.
    """

    stimulus: Stimulus
    judgements: list[Judgement]
    frozen: bool
    superseded: bool
    foil_for: tuple[str, ...]

    @property
    def rejected(self) -> bool:
        """Whether a researcher rejected it."""
        return hasattr(self.stimulus, "rejection")

    @property
    def flagged(self) -> bool:
        """Whether it breaks a bound of a protocol that uses it. What is superseded is shown to nobody."""
        return not self.superseded and any(one.flags for one in self.judgements)

    @property
    def approved(self) -> bool:
        """Whether a researcher found it good."""
        return hasattr(self.stimulus, "approval")

    @property
    def place(self) -> str | None:
        """Of a continuation: weak, strong or foil."""
        return place_in_question(self.stimulus)

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
        foils: of continuations on this image, those that are stimuli of other features.
    """

    image: SourceImage | None
    activation: Activation | None
    tiles: tuple[Tile, ...]
    foils: tuple[Stimulus, ...] = ()


def place_in_question(stimulus: Stimulus) -> str | None:
    """Which place of a question a continuation takes: ``weak`` or ``strong``, or ``foil``; None for another kind.

    A feature is continued to two levels, a foil to one.
    """
    levels = (stimulus.config or {}).get("levels")
    if stimulus.kind != Stimulus.Kind.CONTINUATION or not levels:
        return None
    if len(levels) == 1:
        return "foil"
    return "weak" if stimulus.config["level"] == levels[0] else "strong"


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


def rows(asked: GalleryFilter, feature: Feature, pool: ImagePool) -> list[Row]:
    """What the filter lets pass of this feature and pool by seed images, the strongest first, those without last."""
    found = list(_full(asked.stimuli.filter(feature=feature, pool=pool)).order_by("id"))
    by_image: dict[int | None, list[Stimulus]] = defaultdict(list)
    for stimulus in found:
        by_image[stimulus.image_id].append(stimulus)
    images = [pk for pk in by_image if pk]
    activations = {one.image_id: one for one in Activation.objects.filter(feature=feature, image__in=images)}
    tiles = _tiles(found, asked)
    foils = _foils(found, asked)
    made = [
        Row(
            image=of_image[0].image,
            activation=activations.get(image) if image else None,
            tiles=tuple(sorted((tiles[one.pk] for one in of_image), key=_place)),
            foils=tuple(foils[image]),
        )
        for image, of_image in by_image.items()
    ]
    return sorted(made, key=lambda row: (row.image is None, row.activation.rank if row.activation else 0))


def tile_of(stimulus: Stimulus, asked: GalleryFilter) -> Tile:
    """One stimulus as the page would list it, though the filter leaves it out."""
    return _tiles([stimulus], asked)[stimulus.pk]


def in_order(listed: Sequence[Row]) -> list[Tile]:
    """The tiles of all rows, as a reader meets them."""
    return [tile for row in listed for tile in row.tiles]


def neighbours(stimuli: QuerySet[Stimulus], pair: Pair) -> tuple[Pair | None, Pair | None]:
    """The features before and after this one in the overview of these stimuli."""
    everything = list(pairs(stimuli))
    before = [other for other in everything if other < pair]
    after = [other for other in everything if other > pair]
    return (before[-1] if before else None, after[0] if after else None)


def _full(stimuli: QuerySet[Stimulus]) -> QuerySet[Stimulus]:
    return stimuli.select_related("image", "rejection", "approval", "feature", "pool")


def _tiles(stimuli: Sequence[Stimulus], asked: GalleryFilter) -> dict[int, Tile]:
    judgements = asked.judge(stimuli)
    numbers = [stimulus.pk for stimulus in stimuli]
    frozen = set(
        FrozenSet.stimuli.through.objects.filter(stimulus_id__in=numbers).values_list("stimulus_id", flat=True)
    )
    superseded = set(Stimulus.objects.filter(asked.superseded, pk__in=numbers).values_list("pk", flat=True))
    continued = _continued(stimuli, asked)
    return {
        one.pk: Tile(
            stimulus=one,
            judgements=judgements[one.pk],
            frozen=one.pk in frozen,
            superseded=one.pk in superseded,
            foil_for=tuple(sorted(continued[one.image_id])) if place_in_question(one) == "foil" else (),
        )
        for one in stimuli
    }


def _beside(stimuli: Sequence[Stimulus], asked: GalleryFilter) -> QuerySet[Stimulus]:
    """The continuations of other features on the images of these, as far as they belong to the chosen protocol."""
    features = {stimulus.feature_id for stimulus in stimuli}
    images = {one.image_id for one in stimuli if place_in_question(one)}
    beside = Stimulus.objects.filter(kind=Stimulus.Kind.CONTINUATION, image__in=images).exclude(feature__in=features)
    if asked.purpose:
        beside = beside.filter(asked.purpose.stimuli)
    return beside.exclude(asked.superseded).filter(rejection=None).select_related("feature", "pool").order_by("id")


def _continued(stimuli: Sequence[Stimulus], asked: GalleryFilter) -> dict[int | None, set[str]]:
    """By image: the features that are continued on it, as the foils among these stimuli are not."""
    names: dict[int | None, set[str]] = defaultdict(set)
    for one in _beside([stimulus for stimulus in stimuli if place_in_question(stimulus) == "foil"], asked):
        if place_in_question(one) != "foil":
            names[one.image_id].add(one.feature.name)
    return names


def _foils(stimuli: Sequence[Stimulus], asked: GalleryFilter) -> dict[int | None, list[Stimulus]]:
    """By image: the foils that are shown beside the continuations among these stimuli."""
    found: dict[int | None, list[Stimulus]] = defaultdict(list)
    for one in _beside([one for one in stimuli if place_in_question(one) in ("weak", "strong")], asked):
        if place_in_question(one) == "foil":
            found[one.image_id].append(one)
    return found


def _place(tile: Tile) -> tuple[int, float, int]:
    return Stimulus.Kind.values.index(tile.stimulus.kind), tile.level or 0, tile.stimulus.pk
