"""The overview of the gallery: one card for each feature on a pool."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet

from stimuli.models import Feature, ImagePool, Rejection, Stimulus
from studyapp.gallery.filters import GalleryFilter

CARDS = 24
THUMBNAILS = 6

# A feature and a pool, by their numbers.
Pair = tuple[int, int]


@dataclass(frozen=True)
class Card:
    """A feature on a pool, with what the filter leaves of its stimuli.

    Attributes:
        feature: with its network.
        pool: of the images.
        shown: a few of the stimuli, as many kinds as there are.
        kinds: how many stimuli of each kind, in the order of the kinds.
        flagged: how many of those that are in use break a bound.
        rejected: how many are rejected.
        superseded: how many no protocol uses any more, because others are made in their place.
    """

    feature: Feature
    pool: ImagePool
    shown: tuple[Stimulus, ...]
    kinds: dict[str, int]
    flagged: int
    rejected: int
    superseded: int


def pairs(stimuli: QuerySet[Stimulus]) -> QuerySet[Stimulus, Pair]:
    """The features and pools of these stimuli, each pair once, in the order of the overview."""
    return stimuli.order_by("feature_id", "pool_id").values_list("feature_id", "pool_id").distinct()


def overview_page(asked: GalleryFilter, number: Any) -> tuple[Page[Pair], list[Card]]:
    """One page of the overview; a number beyond the pages gives the nearest one."""
    stimuli = asked.stimuli
    page = Paginator(pairs(stimuli), CARDS).get_page(number)
    return page, _cards(stimuli, asked, list(page.object_list))


def _cards(stimuli: QuerySet[Stimulus], asked: GalleryFilter, wanted: Sequence[Pair]) -> list[Card]:
    if not wanted:
        return []
    on_page = Q(*(Q(feature=feature, pool=pool) for feature, pool in wanted), _connector=Q.OR)
    # Ordered by number: the ones made first stand for their kind.
    found = list(stimuli.filter(on_page).defer("made_with").order_by("id"))
    features = Feature.objects.select_related("model").in_bulk({feature for feature, _ in wanted})
    pools = ImagePool.objects.in_bulk({pool for _, pool in wanted})
    rejected = set(Rejection.objects.filter(stimulus__in=found).values_list("stimulus_id", flat=True))
    old = set(Stimulus.objects.filter(asked.superseded, pk__in=[one.pk for one in found]).values_list("pk", flat=True))
    broken = asked.flagged(found) - rejected - old
    by_pair: dict[Pair, list[Stimulus]] = defaultdict(list)
    for stimulus in found:
        by_pair[stimulus.feature_id, stimulus.pool_id].append(stimulus)
    return [
        Card(
            feature=features[pair[0]],
            pool=pools[pair[1]],
            shown=_of_every_kind([one for one in by_pair[pair] if one.pk not in rejected | old] or by_pair[pair]),
            kinds=_count_kinds(by_pair[pair]),
            flagged=sum(one.pk in broken for one in by_pair[pair]),
            rejected=sum(one.pk in rejected for one in by_pair[pair]),
            superseded=sum(one.pk in old for one in by_pair[pair]),
        )
        for pair in wanted
    ]


def _of_every_kind(stimuli: Iterable[Stimulus]) -> tuple[Stimulus, ...]:
    """The first of each kind, then the second of each, and so on."""
    by_kind: dict[str, list[Stimulus]] = {kind: [] for kind in Stimulus.Kind.values}
    for stimulus in stimuli:
        by_kind[stimulus.kind].append(stimulus)
    rounds = chain.from_iterable(zip_longest(*by_kind.values()))
    chosen = [stimulus for stimulus in rounds if stimulus is not None][:THUMBNAILS]
    return tuple(sorted(chosen, key=lambda stimulus: Stimulus.Kind.values.index(stimulus.kind)))


def _count_kinds(stimuli: Sequence[Stimulus]) -> dict[str, int]:
    counted = Counter(stimulus.kind for stimulus in stimuli)
    return {kind: counted[kind] for kind in Stimulus.Kind.values if counted[kind]}
