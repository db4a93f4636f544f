"""Which attempt follows another: what generation makes in the place of a stimulus that was rejected. No torch."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from stimuli.models import Stimulus

# More attempts at one image than anybody has the patience for.
MOST_ATTEMPTS = 100
# Maps that come out the same with every seed; smooth_grad alone draws noise.
SEEDLESS_METHODS = frozenset({"grad_cam", "integrated_gradients", "gradient_x_input"})
# In the config of a graded series: which image of the series it is.
_PLACE_IN_RUN = ("level", "level_percentile")


def next_seed(seed: int) -> int:
    """The seed, 0 to 2**63 - 1, of the attempt that follows the one with this seed."""
    return int.from_bytes(hashlib.sha256(f"{seed}\nnext attempt".encode()).digest()[:8]) >> 1


def later_seeds(seed: int) -> Iterator[int]:
    """The seeds of the attempts that follow the one with this seed, in their order."""
    for _ in range(MOST_ATTEMPTS):
        seed = next_seed(seed)
        yield seed


def next_attempt(stimulus: Stimulus) -> Stimulus | None:
    """What was made in the place of this stimulus; None while nothing was."""
    return Stimulus.objects.filter(
        kind=stimulus.kind,
        feature=stimulus.feature_id,
        pool=stimulus.pool_id,
        image=stimulus.image_id,
        config_sha256=stimulus.config_sha256,
        seed=next_seed(stimulus.seed),
    ).first()


def next_attempts(stimuli: Iterable[Stimulus]) -> dict[int, Stimulus]:
    """As :func:`next_attempt` for many, by their numbers, in one query; those without one are left out."""
    wanted = {_recipe(one, next_seed(one.seed)): one.pk for one in stimuli}
    made = Stimulus.objects.filter(seed__in={recipe[-1] for recipe in wanted}).select_related("feature", "pool")
    return {wanted[recipe]: one for one in made if (recipe := _recipe(one, one.seed)) in wanted}


def comes_out_the_same(stimulus: Stimulus) -> bool:
    """Whether another seed would bring the same bytes again, so that a rejection would change nothing."""
    return stimulus.kind == Stimulus.Kind.ATTRIBUTION and stimulus.config.get("method") in SEEDLESS_METHODS


def left_behind() -> set[int]:
    """The numbers of those that nobody rejected, but another image of their optimisation was.

    All of such a run are made anew, because they are shown together. Takes one query.
    """
    series = Stimulus.objects.filter(kind=Stimulus.Kind.CONTINUATION).order_by()
    seeds = series.exclude(rejection=None).values("seed")
    near = list(series.filter(seed__in=seeds).select_related("rejection").defer("curve", "made_with"))
    rejected = {_run(one) for one in near if hasattr(one, "rejection")}
    return {one.pk for one in near if not hasattr(one, "rejection") and _run(one) in rejected}


def _recipe(stimulus: Stimulus, seed: int) -> tuple[Any, ...]:
    """What makes a stimulus the only one of its kind, with this seed for its own."""
    return (
        stimulus.kind, stimulus.feature_id, stimulus.pool_id, stimulus.image_id, stimulus.config_sha256, seed,
    )  # fmt: skip


def _run(stimulus: Stimulus) -> tuple[Any, ...]:
    """What the images of one optimisation share."""
    shared = {key: str(value) for key, value in stimulus.config.items() if key not in _PLACE_IN_RUN}
    return stimulus.feature_id, stimulus.pool_id, stimulus.image_id, stimulus.seed, tuple(sorted(shared.items()))
