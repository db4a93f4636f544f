"""How well do participants tell strong from weak, and do they favour a side? Signal detection for two alternatives."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from analysis.absence import Absent
from analysis.intervals import Interval, t_interval

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A mean over ``n`` participants with Student's t interval."""

    n: int
    mean: float
    interval: Interval | Absent


@dataclass(frozen=True)
class Detection:
    """One condition over ``n`` participants who saw the strong query on both sides.

    ``d_prime`` is the sensitivity, 0 for guessing, in standard deviations of what one image evokes; ``criterion`` the
    bias towards a side, above 0 towards the right, in standard deviations of the difference between two images, which
    are sqrt 2 times as large. ``left`` is the share of choices of the left side, in [0, 1], over all participants of
    the condition.
    """

    condition: str
    n: int
    d_prime: Estimate | Absent
    criterion: Estimate | Absent
    left: Estimate


def detections(trials: pd.DataFrame) -> tuple[Detection, ...]:
    """d', criterion and side bias of each condition, each participant counting once.

    A left choice is a hit where the strong query stood on the left and a false alarm where it stood on the right. Rates
    of 0 and 1 are kept off their ends by adding half an answer to each count (the log-linear rule), which draws d'
    towards 0, and far where participants have few trials: of someone who is right in all of 4 trials, 2 on each side,
    it is 1.4. With two alternatives d' is (z(hits) - z(false alarms)) / sqrt 2 and the criterion
    -(z(hits) + z(false alarms)) / 2.

    Sources: Macmillan and Creelman (2005), Detection theory, chapter 7; Hautus (1995), Corrections for extreme
    proportions, Behavior Research Methods 27.
    """
    left = trials.assign(left=trials["choice"] == "left", strong_left=trials["strong_side"] == "left")
    return tuple(_detection(str(name), group) for name, group in left.groupby("condition"))


def _detection(condition: str, trials: pd.DataFrame) -> Detection:
    counts = trials.groupby(["participant", "strong_left"])["left"].agg(["sum", "count"])
    chosen = trials.groupby("participant")["left"].mean().to_numpy(dtype=np.float64)
    wide = counts.unstack("strong_left")
    both = wide.dropna() if wide.shape[1] == 4 else wide.iloc[:0]
    left = Estimate(len(chosen), float(chosen.mean()), t_interval(chosen, low=0.0, high=1.0))
    if both.empty:
        absent = Absent("No d': no participant saw the strong query on both sides.")
        return Detection(condition, 0, absent, absent, left)
    hits, alarms = (
        stats.norm.ppf((both["sum", side].to_numpy(dtype=np.float64) + 0.5) / (both["count", side].to_numpy() + 1))
        for side in (True, False)
    )
    return Detection(condition, len(both), _over((hits - alarms) / math.sqrt(2)), _over(-(hits + alarms) / 2), left)


def _over(values: Reals) -> Estimate:
    return Estimate(len(values), float(values.mean()), t_interval(values))
