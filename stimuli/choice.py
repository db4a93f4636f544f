"""Choosing references and queries of one feature among candidates; the rules are those of `stimuli.selection`."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from stimuli.candidates import Candidate, Ranking
from stimuli.near_duplicates import near_duplicates
from stimuli.protocol import Difficulty


@dataclass(frozen=True)
class Asked:
    """How many images of a pool a feature needs: so many references and queries in each batch."""

    pool: str
    references: int
    weak_references: int
    batches: int
    difficulties: tuple[Difficulty, ...]


@dataclass(frozen=True)
class Queries:
    """The queries of one difficulty, one pair for each batch, the pairs equally far apart in rank."""

    difficulty: Difficulty
    strong: list[Candidate]
    weak: list[Candidate]


@dataclass
class Chosen:
    """What has been chosen for a feature so far: references from the top, weak ones from the bottom, queries."""

    feature: str
    asked: Asked
    references: list[Candidate]
    weak_references: list[Candidate]
    queries: list[Queries] = field(default_factory=list)

    @property
    def of_references(self) -> list[Candidate]:
        """Both kinds of references."""
        return [*self.references, *self.weak_references]

    @property
    def images(self) -> list[int]:
        """The images of all candidates chosen."""
        queries = (one for pair in self.queries for one in (*pair.strong, *pair.weak))
        return [one.image for one in (*self.of_references, *queries)]


@dataclass
class Used:
    """Images that have a place, the photographs that they show, and how they look."""

    images: set[int] = field(default_factory=set)
    photographs: set[str] = field(default_factory=set)
    looks: set[int] = field(default_factory=set)

    def add(self, candidates: Iterable[Candidate]) -> None:
        """Give these a place."""
        for one in candidates:
            self.images.add(one.image)
            self.photographs.add(one.photograph)
            self.looks.add(one.look)

    def has(self, candidate: Candidate) -> bool:
        """Whether this image or a near-duplicate of it has a place."""
        return candidate.image in self.images or any(near_duplicates(candidate.look, look) for look in self.looks)


def with_references(feature: str, ranked: Ranking, asked: Asked) -> Chosen:
    """A feature with its references, fewer than asked where the ranking has no more."""
    own = Used()

    def fits(one: Candidate) -> bool:
        return one.photograph not in own.photographs and not own.has(one)

    strong = _first(asked.references * asked.batches, ranked.from_the_top(), fits, own)
    weak = _first(asked.weak_references * asked.batches, ranked.from_the_bottom(), fits, own)
    return Chosen(feature, asked, strong, weak)


def add_queries(chosen: Chosen, ranked: Ranking, used: Used) -> str | None:
    """Give a feature its queries; the sentence that says what is wanting, if something is.

    Args:
        chosen: with its references.
        ranked: the feature's ranking.
        used: the references of all features, and the queries that have their place; the new ones are added.
    """
    own = Used()
    own.add(chosen.of_references)

    def fits(one: Candidate) -> bool:
        return one.photograph not in own.photographs and not own.has(one) and not used.has(one)

    # The easiest first, whatever the protocol's order: the harder ones lie further inside.
    for difficulty in sorted(chosen.asked.difficulties, key=lambda one: -100 if one == "easy" else -float(one)):
        sides = [_first(chosen.asked.batches, side, fits, own) for side in _sides(ranked, difficulty)]
        # By rank, so that the batch with the strongest strong query has the least weak of the weak ones.
        strong, weak = (sorted(side, key=lambda one: one.rank) for side in sides)
        chosen.queries.append(Queries(difficulty, strong, weak))
    if not _is_complete(chosen):
        return f"{_needs(chosen)}, but {_too_few(chosen, ranked, used)}"
    if not _is_apart(chosen):
        return (
            f"{_needs(chosen)}, but responds no more to some that would be strong than to those that would be weak; "
            "leave the feature or the highest difficulty out, or ask for fewer images."
        )
    used.add(one for pair in chosen.queries for one in (*pair.strong, *pair.weak))
    return None


def dealt(candidates: Sequence[Candidate], batches: int) -> list[list[Candidate]]:
    """Dealt to so many batches in turn, back and forth: 1 2 3, 3 2 1, 1 2 3 and so on."""
    hands: list[list[Candidate]] = [[] for _ in range(batches)]
    for place, one in enumerate(candidates):
        turn, seat = divmod(place, batches)
        hands[seat if turn % 2 == 0 else batches - 1 - seat].append(one)
    return hands


def _first(
    count: int, candidates: Iterable[Candidate], fits: Callable[[Candidate], bool], own: Used
) -> list[Candidate]:
    """The first so many that fit, each given its place before the next one is asked."""
    found: list[Candidate] = []
    for one in candidates:
        if len(found) == count:
            break
        if fits(one):
            found.append(one)
            own.add([one])
    return found


def _sides(ranked: Ranking, difficulty: Difficulty) -> tuple[Iterator[Candidate], Iterator[Candidate]]:
    """Candidates for strong queries and for weak ones, the best first."""
    if difficulty == "easy":
        return ranked.from_the_top(), ranked.from_the_bottom()
    return ranked.from_percentile(float(difficulty)), ranked.from_percentile(100 - float(difficulty))


def _is_complete(chosen: Chosen) -> bool:
    asked = chosen.asked
    found = [len(chosen.references), len(chosen.weak_references)]
    found += [len(side) for pair in chosen.queries for side in (pair.strong, pair.weak)]
    wanted = [asked.references, asked.weak_references, *[1, 1] * len(asked.difficulties)]
    return found == [asked.batches * each for each in wanted]


def _is_apart(chosen: Chosen) -> bool:
    """Whether what is called strong is the stronger: at equal activation there would be no right answer."""
    facing = [(chosen.references[-1], one) for one in chosen.weak_references[-1:]]
    facing += [sides for pair in chosen.queries for sides in zip(pair.strong, pair.weak, strict=True)]
    return all(strong.activation > weak.activation for strong, weak in facing)


def _needs(chosen: Chosen) -> str:
    asked, queries = chosen.asked, 2 * len(chosen.asked.difficulties)
    needed = asked.batches * (asked.references + asked.weak_references + queries)
    references = "1 reference" if asked.references == 1 else f"{asked.references} references"
    weak = f", {asked.weak_references} weak" if asked.weak_references else ""
    each = f", in each of {asked.batches} batches" if asked.batches > 1 else ""
    return (
        f"The feature {chosen.feature!r} needs {needed} images of different photographs "
        f"({references}{weak} and {queries} queries of different activation{each})"
    )


def _too_few(chosen: Chosen, ranked: Ranking, used: Used) -> str:
    pool = chosen.asked.pool
    if not ranked.is_whole:
        return (
            f"its survey kept only the {ranked.ends} strongest and the {ranked.ends} weakest of the {ranked.images} "
            f"images of pool {pool!r}, and a sample; survey the feature again with a larger --ends, or ask for less."
        )
    photographs = len({one.photograph for one in ranked.candidates})
    free = {one.photograph for one in ranked.candidates if not used.has(one)}
    left = len(free - {one.photograph for one in chosen.of_references})
    return (
        f"the pool {pool!r} has {photographs} photographs, of which {left} are left for the queries after the "
        "references and the images of other features; ask for fewer references, batches, difficulties or features, or "
        "use a larger pool."
    )
