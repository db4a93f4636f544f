"""Do participants know when they are right? Calibration and discrimination of their confidence."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.absence import Absent
from analysis.intervals import Interval, t_interval

LEVELS = {1: "guessing", 2: "fairly sure", 3: "sure"}


@dataclass(frozen=True)
class Calibration:
    """Accuracy at one level of confidence: the mean over the ``n`` participants who ever gave it there."""

    condition: str
    confidence: int
    n: int
    answered: int
    mean: float
    interval: Interval | Absent


@dataclass(frozen=True)
class Discrimination:
    """The area under the ROC curve of confidence for right against wrong answers, mean over ``n`` participants.

    It is the chance that a right answer was given with more confidence than a wrong one, ties counting half: 0.5 where
    confidence says nothing. ``without`` counts participants who had only right or only wrong answers, and so none.
    """

    condition: str
    n: int
    without: int
    auroc: float | None
    interval: Interval | Absent


def calibrations(trials: pd.DataFrame) -> tuple[Calibration, ...]:
    """Accuracy by confidence, each participant counting once at each level."""
    answers = trials.groupby(["condition", "confidence", "participant"])["correct"]
    scores = pd.DataFrame({"mean": answers.mean(), "answered": answers.count()})
    return tuple(
        Calibration(
            condition=str(condition),
            confidence=int(str(level)),
            n=len(group),
            answered=int(group["answered"].sum()),
            mean=float(group["mean"].mean()),
            interval=t_interval(group["mean"].to_numpy(dtype=np.float64), low=0.0, high=1.0),
        )
        for (condition, level), group in scores.groupby(level=[0, 1])
    )


def discriminations(trials: pd.DataFrame) -> tuple[Discrimination, ...]:
    """AUROC of confidence in each condition.

    Source: Fleming and Lau (2014), How to measure metacognition, Frontiers in Human Neuroscience 8.
    """
    return tuple(_discrimination(str(name), group) for name, group in trials.groupby("condition"))


def _discrimination(condition: str, trials: pd.DataFrame) -> Discrimination:
    areas = participant_areas(trials)
    known = areas[~np.isnan(areas)]
    absent = Absent("No AUROC: no participant had both right and wrong answers.")
    return Discrimination(
        condition=condition,
        n=len(known),
        without=len(areas) - len(known),
        auroc=float(known.mean()) if len(known) else None,
        interval=t_interval(known, low=0.0, high=1.0) if len(known) else absent,
    )


def participant_areas(trials: pd.DataFrame) -> NDArray[np.float64]:
    """Each participant's AUROC, in the order of their names; NaN for those without right or without wrong answers."""
    counts = trials.groupby(["participant", "correct", "confidence"]).size()
    levels = sorted(LEVELS)
    columns = pd.MultiIndex.from_product([(False, True), levels])
    wide = counts.unstack(["correct", "confidence"], fill_value=0).reindex(columns=columns, fill_value=0).sort_index()
    wrong, right = (wide[told].to_numpy(dtype=np.float64) for told in (False, True))  # (participants, levels)
    below = np.cumsum(wrong, axis=1) - wrong / 2  # wrong answers given with less confidence, ties as half
    with np.errstate(invalid="ignore"):
        return np.asarray((right * below).sum(axis=1) / (right.sum(axis=1) * wrong.sum(axis=1)), dtype=np.float64)
