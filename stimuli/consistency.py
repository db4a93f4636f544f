"""Does the record of a generated image agree with itself? Asked of rows, without a look at any file. No torch.

That its image is the one that the record describes is another question (stimuli.made_again).
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from stimuli.models import Activation, FeatureSurvey, Stimulus
from stimuli.ranking import rank_of
from stimuli.record_hash import config_hash

# An estimated rank that a later survey, which kept more of the pool, estimates anew may be so far off.
_SHARE_OF_POOL = 0.1


def inconsistencies(stimuli: Iterable[Stimulus]) -> Iterator[str]:
    """A sentence for each record whose parameters, rank or hash are not its own."""
    by_feature: dict[tuple[int, int], list[Stimulus]] = {}
    for stimulus in stimuli:
        if config_hash(stimulus.config) != stimulus.config_sha256:
            yield f"The parameters of {stimulus.describe()} are not those of their hash."
        elif stimulus.hash_of_record() != stimulus.record_sha256:
            yield (
                f"The record of {stimulus.describe()} is not the one of its hash: something of it, of its seed image "
                "or of its network was changed after it was written."
            )
        if stimulus.rank_after is not None:
            by_feature.setdefault((stimulus.feature_id, stimulus.pool_id), []).append(stimulus)
    for (feature, pool), ranked in by_feature.items():
        yield from _wrong_ranks(feature, pool, ranked)


def is_rank_of(
    rank: int, activation: float, kept: Sequence[tuple[float, int]], *, images: int, ends: int, sampled: int
) -> bool:
    """Whether an activation has this rank among the images of a pool, as far as a survey of them tells.

    Args:
        rank: asked about.
        activation: of the image from elsewhere.
        kept: the activations that the survey kept, with their ranks.
        images: how many the pool has.
        ends: how many of the strongest and of the weakest the survey kept.
        sampled: how many at random; all of them if ``images``.
    """
    if not 1 <= rank <= images + 1:
        return False
    values, ranks = (np.array(column) for column in zip(*kept, strict=True))
    now = rank_of(activation, values, ranks, images=images, ends=ends)
    return rank == now if sampled >= images else abs(rank - now) <= _SHARE_OF_POOL * images


def _wrong_ranks(feature: int, pool: int, stimuli: Sequence[Stimulus]) -> Iterator[str]:
    survey = FeatureSurvey.objects.filter(feature=feature, pool=pool).first()
    kept = list(Activation.objects.filter(feature=feature, image__pool=pool).values_list("value", "rank"))
    if survey is None or not kept:  # which the choice of the images says, or the export
        return
    extent = {"images": survey.images, "ends": survey.ends, "sampled": survey.sampled}
    for one in stimuli:
        if one.rank_after is not None and not is_rank_of(one.rank_after, one.activation_after, kept, **extent):
            yield (
                f"The rank {one.rank_after} of {one.describe()} is not the one that an activation of "
                f"{one.activation_after:.4g} has among the {survey.images} images of the pool."
            )
