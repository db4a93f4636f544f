"""The images of a pool as candidates for a place in a study: ranked by a feature, light enough for any pool.

Of a large pool only the strongest and the weakest images are kept with exact ranks, and a random sample with
estimated ones. What lies at an end of the ranking is therefore taken from these ends only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from stimuli.models import Activation, Feature, FeatureSurvey, ImagePool


class Candidate(NamedTuple):
    """An image with its activation and rank, 1 being the strongest.

    ``photograph`` is the SHA-256 of the photograph it was cut from, ``look`` its perceptual hash.
    """

    image: int
    photograph: str
    look: int
    activation: float
    rank: int


@dataclass(frozen=True)
class Ranking:
    """The candidates of one feature, from the strongest down.

    Attributes:
        candidates: those whose activations are kept, by rank.
        images: how many the pool has.
        ends: how many of either end are kept with exact ranks.
    """

    candidates: Sequence[Candidate]
    images: int
    ends: int

    @property
    def is_whole(self) -> bool:
        """Whether every image of the pool is kept."""
        return 2 * self.ends >= self.images

    def from_the_top(self) -> Iterator[Candidate]:
        """The strongest first, as far as no image between them is left out."""
        last = self.images if self.is_whole else self.ends
        return (one for one in self.candidates if one.rank <= last)

    def from_the_bottom(self) -> Iterator[Candidate]:
        """The weakest first, as far as no image between them is left out."""
        first = 0 if self.is_whole else self.images - self.ends
        return (one for one in reversed(self.candidates) if one.rank > first)

    def from_percentile(self, percentile: float) -> Iterator[Candidate]:
        """The nearest in rank first; of two equally near ones that which is further from the middle.

        Args:
            percentile: of images that are weaker; 0 is the weakest image, 100 the strongest.
        """
        target = 1 + (1 - percentile / 100) * (self.images - 1)
        outward = 1 if percentile > 50 else -1
        return iter(sorted(self.candidates, key=lambda one: (abs(one.rank - target), outward * one.rank)))


def ranking(feature: Feature, pool: ImagePool) -> Ranking:
    """What a survey kept of a feature over a pool.

    Raises:
        FeatureSurvey.DoesNotExist: the feature has not been surveyed over the pool.
    """
    survey = FeatureSurvey.objects.get(feature=feature, pool=pool)
    rows = Activation.objects.filter(feature=feature, image__pool=pool).order_by("rank", "image__sha256")
    columns = ("image_id", "image__photograph_sha256", "image__perceptual_hash", "value", "rank")
    return Ranking([Candidate(*row) for row in rows.values_list(*columns)], survey.images, survey.ends)
