"""Accuracy by what trials differ in: task, layer, difficulty over participants, every feature over its answers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.absence import Absent
from analysis.intervals import Interval, bootstrap_interval, t_interval, wilson_interval


@dataclass(frozen=True)
class LevelAccuracy:
    """One condition at one level of ``by``: the mean over the ``n`` participants who answered there."""

    by: str
    level: str
    condition: str
    n: int
    answered: int
    mean: float
    interval: Interval | Absent
    bootstrap: Interval | Absent


@dataclass(frozen=True)
class FeatureAccuracy:
    """One feature in one condition: ``correct`` of ``answered``, the answers of ``n`` participants."""

    feature: str
    condition: str
    n: int
    correct: int
    answered: int
    interval: Interval | Absent

    @property
    def share(self) -> float:
        """The share of correct answers."""
        return self.correct / self.answered


def layer_of(feature: str) -> str:
    """The layer of a feature as the protocol names it: ``blocks.4.2:channel=17`` is in ``blocks.4.2``."""
    return feature.rsplit(":", 1)[0] if ":" in feature else feature.split("=", 1)[0]


def breakdowns(trials: pd.DataFrame, *, seed: int) -> tuple[LevelAccuracy, ...]:
    """Accuracy by task, layer and difficulty, of those that the export has and that differ between trials."""
    layered = trials.assign(layer=[layer_of(feature) for feature in trials["feature"]])
    return tuple(
        row
        for by in ("task", "layer", "difficulty")
        if by in layered and layered[by].nunique() > 1
        for row in _by(layered, by, seed=seed)
    )


def _by(trials: pd.DataFrame, by: str, *, seed: int) -> list[LevelAccuracy]:
    answers = trials.groupby([by, "condition", "participant"])["correct"]
    scores = pd.DataFrame({"mean": answers.mean(), "answered": answers.count()})
    rows = []
    for (level, condition), group in scores.groupby(level=[0, 1]):
        values = group["mean"].to_numpy(dtype=np.float64)
        rows.append(
            LevelAccuracy(
                by=by,
                level=str(level),
                condition=str(condition),
                n=len(values),
                answered=int(group["answered"].sum()),
                mean=float(values.mean()),
                interval=t_interval(values, low=0.0, high=1.0),
                bootstrap=bootstrap_interval(values, seed=seed),
            )
        )
    return rows


def feature_accuracies(trials: pd.DataFrame) -> tuple[FeatureAccuracy, ...]:
    """Every feature in every condition, with Wilson's interval where each answer is another participant's."""
    grouped = trials.groupby(["feature", "condition"])
    table = pd.DataFrame(
        {
            "n": grouped["participant"].nunique(),
            "correct": grouped["correct"].sum(),
            "answered": grouped["correct"].count(),
        }
    )
    return tuple(
        FeatureAccuracy(
            str(feature), str(condition), int(n), int(correct), int(answered), _wilson(n, correct, answered)
        )
        for (feature, condition), n, correct, answered in zip(table.index, *table.to_numpy().T, strict=True)
    )


def _wilson(n: int, correct: int, answered: int) -> Interval | Absent:
    if n < answered:
        return Absent("No interval: participants answered more than once, and their answers are not independent.")
    return wilson_interval(int(correct), int(answered))
