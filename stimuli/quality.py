"""Whether a stimulus is what a study may show: its figures against the bounds that the protocol declares. No torch."""

import math
from collections.abc import Iterable

from stimuli.models import Stimulus
from stimuli.protocol import QualityTable
from stimuli.recipes import Recipe, find_stimulus

# Figures that every stimulus has; one that is not a number is a fault whatever the bounds.
FIGURES = (
    "activation_before",
    "activation_after",
    "crop_activation_before",
    "crop_activation_after",
    "distance",
    "ssim",
    "saturation",
)


def flags(stimulus: Stimulus, bounds: QualityTable) -> list[str]:
    """What is wrong with a stimulus, each in a few words; empty for one that keeps to the bounds."""
    figures = {name: getattr(stimulus, name) for name in FIGURES}
    broken = [
        f"{name} is not finite" for name, value in figures.items() if value is not None and not math.isfinite(value)
    ]
    if broken:
        return broken
    # A bound, the figure it holds for, and whether the figure may not be below it.
    gain = stimulus.activation_after - stimulus.activation_before
    checks = (
        ("min_gain", "gain", gain, True),
        ("max_rank", "rank", stimulus.rank_after, False),
        ("max_distance", "distance", stimulus.distance, False),
        ("min_ssim", "ssim", stimulus.ssim, True),
        ("max_saturation", "saturation", stimulus.saturation, False),
    )
    return [
        _words(name, value, key, bound)
        for key, name, value, is_lowest in checks
        if (bound := getattr(bounds, key)) is not None and _breaks(value, bound, is_lowest=is_lowest)
    ]


def flagged_stimuli(recipes: Iterable[Recipe], bounds: QualityTable) -> list[tuple[Stimulus, list[str]]]:
    """The stimuli made by these recipes that have flags, with them."""
    made = [stimulus for recipe in recipes if (stimulus := find_stimulus(recipe)) is not None]
    return [(stimulus, words) for stimulus in made if (words := flags(stimulus, bounds))]


def _breaks(value: float | None, bound: float, *, is_lowest: bool) -> bool:
    # What was not measured cannot be vouched for.
    return value is None or (value < bound if is_lowest else value > bound)


def _words(name: str, value: float | None, key: str, bound: float) -> str:
    found = "was not measured" if value is None else f"is {value:.4g}"
    return f"{name} {found}, {key} is {bound:g}"
