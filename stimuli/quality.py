"""Whether a stimulus is what a study may show: its figures against the bounds that the protocol declares. No torch.

A bound is asked only of kinds for which its figure means something:

- `accentuation`: every bound.
- `suppression`: all but `max_rank`, because its rank is to get worse; its gain is how far the activation fell.
- `continuation`: `max_distance`, `min_ssim`, `max_saturation`; how strong it is, is settled by its level, which it must
  have reached, and not have had before the first step.
- `visualization`: `max_rank` and `max_saturation`; it has no seed to be compared with.
- `attribution`: none; it is a picture of the seed image with colours over it.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stimuli.models import Stimulus
from stimuli.protocol import QualityTable
from stimuli.recipes import Recipe, find_stimulus
from stimuli.record_hash import FIGURES

Kind = Stimulus.Kind


@dataclass(frozen=True)
class _Bound:
    """A key of ``[stimuli.quality]``, the figure it holds for, and whether that may not be below it."""

    key: str
    figure: str
    is_lowest: bool
    kinds: frozenset[str]


_ON_A_SEED = frozenset({Kind.ACCENTUATION, Kind.SUPPRESSION, Kind.CONTINUATION})
BOUNDS = (
    _Bound("min_gain", "gain", True, frozenset({Kind.ACCENTUATION, Kind.SUPPRESSION})),
    _Bound("max_rank", "rank", False, frozenset({Kind.ACCENTUATION, Kind.VISUALIZATION})),
    _Bound("max_distance", "distance", False, _ON_A_SEED),
    _Bound("min_ssim", "ssim", True, _ON_A_SEED),
    _Bound("max_saturation", "saturation", False, _ON_A_SEED | {Kind.VISUALIZATION}),
)


def flags(stimulus: Stimulus, bounds: QualityTable) -> list[str]:
    """What is wrong with a stimulus, each in a few words; empty for one that keeps to the bounds."""
    # A figure that is not a number is a fault whatever the bounds. None is no fault: not every kind has all.
    figures = {name: getattr(stimulus, name) for name in FIGURES}
    broken = [
        f"{name} is not finite" for name, value in figures.items() if value is not None and not math.isfinite(value)
    ]
    if broken:
        return broken
    measured = figures | {"gain": gain(stimulus), "rank": stimulus.rank_after}
    return [
        *_level_flags(stimulus),
        *(
            _words(bound.figure, measured[bound.figure], bound.key, limit)
            for bound in BOUNDS
            if stimulus.kind in bound.kinds
            and (limit := getattr(bounds, bound.key)) is not None
            and _breaks(measured[bound.figure], limit, is_lowest=bound.is_lowest)
        ),
    ]


def gain(stimulus: Stimulus) -> float | None:
    """How far the activation went where it was meant to: up, or for a suppression down; None without a seed."""
    if stimulus.activation_before is None:
        return None
    rise = stimulus.activation_after - stimulus.activation_before
    return -rise if stimulus.kind == Kind.SUPPRESSION else rise


def flagged_stimuli(recipes: Iterable[Recipe], bounds: QualityTable) -> list[tuple[Stimulus, list[str]]]:
    """The stimuli made by these recipes that have flags, with them."""
    made = [stimulus for recipe in recipes if (stimulus := find_stimulus(recipe)) is not None]
    return [(stimulus, words) for stimulus in made if (words := flags(stimulus, bounds))]


def against_their_aim(stimuli: Iterable[Stimulus]) -> list[str]:
    """What of these stimuli does not do what it was made for, each kind counted in one sentence; empty if all does."""
    made = list(stimuli)
    raising = [_gains(one) for one in made if one.kind in (Kind.ACCENTUATION, Kind.CONTINUATION)]
    lowering = [_gains(one) for one in made if one.kind == Kind.SUPPRESSION]
    graded = [weak < strong for weak, strong in _grades(made)]
    return [
        f"{one.count(False)} of {len(one)} {what}."
        for one, what in (
            (raising, "accentuations do not raise the activation"),
            (lowering, "suppressions do not lower the activation"),
            (graded, "weak continuations activate their feature no less than the strong ones of their seeds"),
        )
        if False in one
    ]


def _gains(stimulus: Stimulus) -> bool:
    return (gain(stimulus) or 0.0) > 0


def _grades(stimuli: Iterable[Stimulus]) -> Iterator[tuple[float, float]]:
    """The activations of weak and strong continuation, of each feature and seed that has both; a foil stands alone."""
    levels: dict[tuple[int, int | None], dict[float, float]] = defaultdict(dict)
    for one in stimuli:
        if one.kind == Kind.CONTINUATION:
            levels[one.feature_id, one.image_id][one.config["level_percentile"]] = one.activation_after
    for reached in levels.values():
        if len(reached) > 1:
            yield reached[min(reached)], reached[max(reached)]


def _level_flags(stimulus: Stimulus) -> list[str]:
    """Whether an image that was to be stopped at a level was: after some steps, and before they were used up."""
    level = stimulus.config.get("level") if stimulus.config else None
    if level is None:
        return []
    where = f"level {level:.4g} (percentile {stimulus.config['level_percentile']:g} of the natural images)"
    if not stimulus.curve:
        return [f"{where} was there before the first step"]
    # What reaches its level ends there; only the file's rounding to 8 bits may then leave the figure below it.
    if len(stimulus.curve) >= stimulus.config["steps"] and stimulus.activation_after < level:
        return [f"{where} was never reached, activation is {stimulus.activation_after:.4g}"]
    return []


def _breaks(value: float | None, bound: float, *, is_lowest: bool) -> bool:
    # What was not measured cannot be vouched for.
    return value is None or (value < bound if is_lowest else value > bound)


def _words(name: str, value: float | None, key: str, bound: float) -> str:
    found = "was not measured" if value is None else f"is {value:.4g}"
    return f"{name} {found}, {key} is {bound:g}"
