"""Stimuli made again and held against their records: the image, its mask, and everything that was measured of it."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stimuli import files
from stimuli.engines.interface import Workers
from stimuli.generation import changes, measured, order, picture_of
from stimuli.models import Stimulus
from stimuli.orders import NetworkFacts, Picture
from stimuli.pictures import decode
from stimuli.protocol import QualityTable
from stimuli.quality import flags
from stimuli.recipes import Recipe, find_stimulus
from stimuli.record_hash import FIGURES

# How far figures may be apart, as a share of their size: of an image that came out to the last bit, and of one that
# came out alike. On a CPU the former are the same. A network that summed in another order (two threads instead of
# one) made of 60 steps an image that was 1.1 of 255 apart, its mask 3.1, its activation 9 %, its distance 2 %.
SAME_IMAGE = 1e-3
ALIKE_IMAGE = 0.25
# How many times as far as the image its mask may be apart, for the same reason.
MASK = 5.0
# Figures below this are compared as if they were as large. An activation's measure is the largest of its image.
SMALLEST = 1e-2

_OF_THE_IMAGE = frozenset({"distance", "ssim", "saturation"})
_ACTIVATIONS = ("activation_before", "activation_after", "crop_activation_before", "crop_activation_after")


def differences(
    recipes: Sequence[Recipe], workers: Workers, tolerance: float, bounds: QualityTable
) -> Iterator[str | None]:
    """Make stimuli again and compare them with their records: None for one that came out alike, or a sentence.

    Alike is a mean absolute difference of at most ``tolerance`` over the 8-bit colour values of the image and a few
    times as much of its mask, and figures that are about the same. Another class of device computes in another order,
    which a hundred steps amplify; what was made there is not made again here.

    Args:
        recipes: each with a stimulus whose files are whole.
        workers: the network.
        tolerance: of 255.
        bounds: to which what is measured now has to keep, if the record does.
    """
    found = [_stimulus(recipe) for recipe in recipes]
    here = _device_class(workers.facts.device)
    same = [place for place, stimulus in enumerate(found) if _device_class(stimulus.device) == here]
    for place, stimulus in enumerate(found):
        if place not in same:
            yield f"{stimulus.describe()} was made on {stimulus.device}, not to be compared on {workers.facts.device}."
    for number, made in workers.make([order(recipes[place]) for place in same]):
        recipe, stimulus = recipes[same[number]], found[same[number]]
        picture = picture_of(recipe, made.pictures)
        yield (
            _unlike_picture(stimulus, picture, tolerance, workers.facts)
            or _unlike_figures(stimulus, recipe, picture, workers.facts)
            or _unfit_now(stimulus, recipe, picture, bounds)
        )


def _unlike_picture(stimulus: Stimulus, made: Picture, tolerance: float, network: NetworkFacts) -> str | None:
    image = _unlike(stimulus.describe(), files.read(stimulus.sha256), made.image, tolerance)
    # A row may have none from before masks were kept; none that was kept may be left out.
    if image is None and stimulus.mask_sha256:
        what = f"The mask of {stimulus.describe()}"
        if made.mask is None:
            return f"{what} is kept, but none is made."
        image = _unlike(what, files.read(stimulus.mask_sha256), made.mask, MASK * tolerance)
    return image and f"{image}{changes(stimulus, network)}."


def _unlike(what: str, stored: bytes, again: bytes, tolerance: float) -> str | None:
    """How two files differ, if they do; without the full stop."""
    if stored == again:
        return None
    before, now = _pixels(stored), _pixels(again)
    if before.shape != now.shape:
        return f"{what} has {before.shape} colour values, made again {now.shape}"
    apart = np.abs(before.astype(int) - now.astype(int))
    if apart.mean() <= tolerance:
        return None
    return (
        f"{what} comes out differently: {apart.mean():.2f} of 255 on average, {apart.max()} at most, "
        f"{100 * (apart > 0).mean():.1f} % of the colour values"
    )


def _unlike_figures(stimulus: Stimulus, recipe: Recipe, made: Picture, network: NetworkFacts) -> str | None:
    share = SAME_IMAGE if files.sha256_of(made.image) == stimulus.sha256 else ALIKE_IMAGE
    now = measured(recipe, made)
    strongest = max(abs(now[name]) for name in _ACTIVATIONS if now[name] is not None)
    pairs = {name: (getattr(stimulus, name), now[name]) for name in FIGURES}
    pairs["curve"] = (_last(stimulus.curve), _last(now["curve"]))
    unlike = [
        f"{name} is {then:.4g} in the record and {_said(again)} now"
        for name, (then, again) in pairs.items()
        # A row from before a figure was kept has none.
        if then is not None and not _is_about(then, again, share, SMALLEST if name in _OF_THE_IMAGE else strongest)
    ]
    if not unlike:
        return None
    return f"{stimulus.describe()} was measured otherwise: {', '.join(unlike)}{changes(stimulus, network)}."


def _is_about(then: float, now: float | None, share: float, least: float) -> bool:
    """Whether two figures are apart by no more than a share of their size, or of the least that counts as one."""
    return now is not None and (then == now or math.isclose(then, now, rel_tol=share, abs_tol=share * least))


def _unfit_now(stimulus: Stimulus, recipe: Recipe, made: Picture, bounds: QualityTable) -> str | None:
    """That the image breaks a bound by what was measured now, though by its record it keeps to all."""
    words = flags(Stimulus(kind=stimulus.kind, **measured(recipe, made)), bounds)
    if not words or flags(stimulus, bounds):
        return None
    return f"{stimulus.describe()} breaks the bounds of [stimuli.quality] as it comes out now: {'; '.join(words)}."


def _stimulus(recipe: Recipe) -> Stimulus:
    stimulus = find_stimulus(recipe)
    assert stimulus is not None
    return stimulus


def _device_class(device: str) -> str:
    """``cuda`` of "cuda (NVIDIA H100)"."""
    return device.partition(" ")[0]


def _pixels(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(decode(data))


def _last(curve: Sequence[Any]) -> float | None:
    return curve[-1] if curve else None


def _said(value: float | None) -> str:
    return "none" if value is None else f"{value:.4g}"
