"""Observers as yardsticks: what simple rules answer on the trials that people answered.

Each observer sees what the trial shows, as its page shows it: the two choices, the references and their explanations.
What an observer cannot tell it guesses, with a coin that is settled by the study's seed and the trial's place.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from analysis.observer_columns import OBSERVERS
from stimuli import files
from stimuli.likeness import ssim
from studyapp.models import Role, Side, Trial
from studyapp.selectors import reference_panels, slot_image

# Small enough that the comparison is about what stands where, not about single pixels.
SIDE = 64
LAPSE = 0.1

Pixels = NDArray[np.uint8]
Likeness = Callable[[Pixels, Pixels], float]


@dataclass(frozen=True)
class View:
    """What a trial shows, by the hashes of its files: the right choice, the other one, and the evidence.

    ``weak`` are references to which the feature hardly responds: a choice that is like them speaks against itself.
    """

    right: str
    other: str
    strong: tuple[str, ...]
    weak: tuple[str, ...]


def observed(trials: Iterable[Trial]) -> Iterator[tuple[Trial, str, str]]:
    """Every observer's choice of a side on every trial: (trial, observer, side)."""
    views: dict[tuple[int | None, int | None, str], View] = {}
    for trial in trials:
        # The pair and the condition settle what is shown, whoever sees it.
        key = (trial.query_pair_id, trial.continuation_pair_id, trial.condition)
        if key not in views:
            views[key] = view_of(trial)
        for observer in OBSERVERS:
            yield trial, observer, _side(trial, observer, views[key])


def view_of(trial: Trial) -> View:
    """The files that a trial shows."""

    def sha256(slot: str) -> str:
        image = slot_image(trial, slot)
        assert image is not None
        return image.sha256

    shown: dict[str, list[str]] = {Role.STRONG: [], Role.WEAK: []}
    for panel in reference_panels(trial):
        for place in panel.slots:
            shown[panel.role] += [sha256(slot) for slot in (place.image, place.explanation) if slot]
    right = trial.strong_side
    other = Side.LEFT if right == Side.RIGHT else Side.RIGHT
    # In the order of the files, not of the screen: the view is that of every participant.
    strong, weak = (tuple(sorted(shown[role])) for role in (Role.STRONG, Role.WEAK))
    return View(sha256(right), sha256(other), strong, weak)


def _side(trial: Trial, observer: str, view: View) -> str:
    other = Side.LEFT if trial.strong_side == Side.RIGHT else Side.RIGHT
    study = trial.participant.study
    coin = random.Random(f"{study.seed}:{trial.participant.number}:{trial.position}:{observer}")
    guess = coin.choice((Side.LEFT, Side.RIGHT))
    match observer:
        case "activation":
            return trial.strong_side
        case "lapses":
            return guess if coin.random() < LAPSE else trial.strong_side
        case "pixels" | "structure":
            evidence = preference(view, LIKENESS[observer])
            return guess if evidence == 0 else trial.strong_side if evidence > 0 else other
        case _:
            return guess


def preference(view: View, likeness: Likeness) -> float:
    """By how much the right choice is more like the evidence than the other one; 0 without evidence."""
    return _score(view.right, view, likeness) - _score(view.other, view, likeness)


def _score(choice: str, view: View, likeness: Likeness) -> float:
    """Mean likeness to the strong evidence, less that to the weak one."""

    def mean(shown: tuple[str, ...]) -> float:
        values = [likeness(small(choice), small(one)) for one in shown]
        return sum(values) / len(values) if values else 0.0

    return mean(view.strong) - mean(view.weak)


def nearness(first: Pixels, second: Pixels) -> float:
    """The negative root mean square difference of two images ``(H, W, 3) in [0, 255]``."""
    return -float(np.sqrt(np.mean((first.astype(np.float64) - second) ** 2)))


LIKENESS: dict[str, Likeness] = {"pixels": nearness, "structure": ssim}


@cache
def small(sha256: str) -> Pixels:
    """The image with this hash, ``(SIDE, SIDE, 3)``."""
    with Image.open(BytesIO(files.read(sha256))) as image:
        return np.asarray(image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS))
