"""How often the right choice was made: per participant and condition, and the mean over participants."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.absence import Absent
from analysis.intervals import Interval, bootstrap_interval, t_interval


@dataclass(frozen=True)
class ConditionAccuracy:
    """One condition: ``mean`` is the unweighted mean of the participants' accuracies, in [0, 1].

    ``correct`` of ``answered`` are counts of trials, for checking by hand; no test uses them as independent.
    """

    condition: str
    n: int
    correct: int
    answered: int
    mean: float
    interval: Interval | Absent
    bootstrap: Interval | Absent


def participant_scores(trials: pd.DataFrame) -> pd.DataFrame:
    """Count the answers of each participant in each condition.

    Returns one row for each pair that has answers, indexed by (participant, condition) and sorted, with ``correct``
    and ``answered`` (trials) and ``accuracy`` in [0, 1].
    """
    answers = trials.groupby(["participant", "condition"])["correct"]
    scores = pd.DataFrame({"correct": answers.sum(), "answered": answers.count()}).sort_index()
    return scores.assign(accuracy=scores["correct"] / scores["answered"])


def condition_accuracies(scores: pd.DataFrame, *, seed: int) -> tuple[ConditionAccuracy, ...]:
    """Accuracy in each condition with its intervals over participants, conditions in alphabetical order.

    ``interval`` is Student's, ``bootstrap`` the BCa one. ``scores`` is what :func:`participant_scores` returns.
    """
    return tuple(_one_condition(str(name), group, seed) for name, group in scores.groupby(level="condition"))


def _one_condition(condition: str, scores: pd.DataFrame, seed: int) -> ConditionAccuracy:
    values = scores["accuracy"].to_numpy(dtype=np.float64)
    return ConditionAccuracy(
        condition=condition,
        n=len(values),
        correct=int(scores["correct"].sum()),
        answered=int(scores["answered"].sum()),
        mean=float(values.mean()),
        interval=t_interval(values, low=0.0, high=1.0),
        bootstrap=bootstrap_interval(values, seed=seed),
    )
