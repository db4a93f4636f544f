"""What it takes to make the stimuli of a plan: how many are missing, and the disk space and the time that they need."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from stimuli import files
from stimuli.engines.interface import Workers
from stimuli.generation import order, unmade
from stimuli.models import Rendition, SourceImage, Stimulus
from stimuli.orders import Order
from stimuli.recipes import Recipe

# The warm-up makes stimuli with so many steps, and with so many more, which tells a step from what comes before it.
FEW_STEPS = 2
MORE_STEPS = 6
# Files of which the size of the missing ones is concluded.
SIZES = 100


@dataclass(frozen=True)
class KindCosts:
    """What one kind of stimuli takes.

    Attributes:
        kind: of the stimuli.
        planned: how many the study needs.
        missing: the recipes of those that are not there, or whose file is missing or damaged.
        bytes_each: mean size of the files of one: the image, its mask and its scaled copies for the web.
        measured: whether the size is that of stimuli of this kind; otherwise it is that of the natural images.
    """

    kind: str
    planned: int
    missing: Sequence[Recipe]
    bytes_each: float
    measured: bool

    @property
    def bytes_missing(self) -> float:
        """Disk space that the missing ones will take."""
        return self.bytes_each * len(self.missing)


def costs_by_kind(recipes: Sequence[Recipe]) -> list[KindCosts]:
    """What the stimuli of these recipes take, by kind in the order in which kinds come first."""
    missing = unmade(recipes)
    return [
        _costs(kind, [recipe for recipe in recipes if recipe.kind == kind], missing)
        for kind in dict.fromkeys(recipe.kind for recipe in recipes)
    ]


def seconds_by_kind(costs: Sequence[KindCosts], workers: Workers) -> dict[str, float]:
    """Seconds that the missing stimuli of each kind will take, from a warm-up: the first of each, with few steps.

    Args:
        costs: of the kinds.
        workers: the network; the warm-up makes as many at a time as they do, so that they share the machine alike.

    Raises:
        EngineError: the network cannot follow a recipe.
    """
    return {
        one.kind: _seconds(order(one.missing[0]), workers, min(workers.at_once, len(one.missing))) * len(one.missing)
        for one in costs
        if one.missing
    }


def _costs(kind: str, recipes: Sequence[Recipe], missing: Sequence[Recipe]) -> KindCosts:
    pool = recipes[0].pool
    image_format = recipes[0].format
    alike = Stimulus.objects.filter(kind=kind, pool=pool, format=image_format).order_by("-id")[:SIZES]
    made = [_size(one.sha256, one.mask_sha256) for one in alike]
    # A generated image of the same size in pixels takes about as much as a natural one.
    each = made or [_size(one.sha256) for one in SourceImage.objects.filter(pool=pool).order_by("sha256")[:SIZES]]
    of_kind = [recipe for recipe in missing if recipe.kind == kind]
    return KindCosts(kind, len(recipes), of_kind, fmean(each or [0.0]), bool(made))


def _size(*sha256s: str) -> int:
    """Bytes of these files and of the scaled copies of them."""
    copies = Rendition.objects.filter(original_sha256__in=sha256s).values_list("sha256", flat=True)
    return sum(files.size(sha256) or 0 for sha256 in {*sha256s, *copies} if sha256)


def _seconds(first: Order, workers: Workers, parallel: int) -> float:
    """For one stimulus, where ``parallel`` are made at a time."""
    if first.kind == "attribution":
        # Made whole: most methods take no steps, and of those that do all are as many as a few of an optimisation.
        _timed(first, workers, parallel)
        return _timed(first, workers, parallel) / parallel
    steps: int = first.config["steps"]
    _timed(_with_steps(first, min(steps, FEW_STEPS)), workers, parallel)  # also loads what the others find loaded
    if steps <= MORE_STEPS:
        return _timed(first, workers, parallel) / parallel
    few, more = (_timed(_with_steps(first, count), workers, parallel) for count in (FEW_STEPS, MORE_STEPS))
    each_step = max(more - few, 0.0) / (MORE_STEPS - FEW_STEPS)
    return (more + each_step * (steps - MORE_STEPS)) / parallel


def _timed(first: Order, workers: Workers, parallel: int) -> float:
    started = time.perf_counter()
    for _ in workers.make([first] * parallel):
        pass
    return time.perf_counter() - started


def _with_steps(first: Order, steps: int) -> Order:
    return replace(first, config={**first.config, "steps": steps})
