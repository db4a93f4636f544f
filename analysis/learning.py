"""Do participants get better over the session? Accuracy by place in it, and each participant's own trend."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.absence import Absent
from analysis.intervals import Interval, t_interval
from analysis.participant_tests import TESTS, ParticipantTest, TestName

ORDINALS = ("first", "second", "third", "fourth", "last")
PARTS = len(ORDINALS)
NULL = {
    "sign_flip": "participants' changes over the session are symmetric about 0",
    "wilcoxon": "participants' changes over the session are symmetric about 0",
    "t": "participants' changes over the session have a mean of 0",
}


@dataclass(frozen=True)
class SessionPart:
    """One fifth of the session; accuracy is the mean over ``n`` participants.

    Each participant's own main trials are divided. ``first`` and ``last`` are the places of these answers among
    participants' main trials, catch trials not counted; those of two fifths overlap where sessions differ in length.
    ``name`` is what a table calls it: its places where all sessions have one length, else ``first fifth``.
    """

    name: str
    first: int
    last: int
    n: int
    mean: float
    interval: Interval | Absent


@dataclass(frozen=True)
class Learning:
    """``slope`` is the mean of the participants' changes in accuracy from the first main trial to the last."""

    parts: tuple[SessionPart, ...]
    slope: float
    interval: Interval | Absent
    test: ParticipantTest | Absent


def learning(trials: pd.DataFrame, *, seed: int, test: TestName = "sign_flip") -> Learning | Absent:
    """Accuracy over the session, all conditions together.

    A participant's change is the slope of a straight line through their answers (0 or 1) in the order in which they
    were given. Null hypothesis: participants' changes are symmetric about 0, with "t" have a mean of 0.
    """
    place = trials.groupby("participant")["trial"].rank().to_numpy(dtype=np.float64) - 1
    counts = trials.groupby("participant")["trial"].transform("count").to_numpy(dtype=np.float64)
    if counts.min() < 2:
        return Absent("No change over the session: a participant with one main trial has none.")
    progress = place / (counts - 1)  # 0 at the first main trial, 1 at the last
    parts = np.minimum((place * PARTS / counts).astype(int), PARTS - 1)
    placed = trials[["participant", "correct"]].assign(progress=progress, part=parts, place=place)
    slopes = _slopes(placed)
    return Learning(
        parts=tuple(_part(group, alike=counts.min() == counts.max()) for _, group in placed.groupby("part")),
        slope=float(slopes.mean()),
        interval=t_interval(slopes),
        test=TESTS[test](slopes, null_hypothesis=NULL[test], seed=seed),
    )


def _part(answers: pd.DataFrame, *, alike: bool) -> SessionPart:
    scores = answers.groupby("participant")["correct"].mean().to_numpy(dtype=np.float64)
    first, last = int(answers["place"].min()) + 1, int(answers["place"].max()) + 1
    span = f"{first}" if first == last else f"{first} to {last}"
    name = span if alike else f"{ORDINALS[int(answers['part'].iloc[0])]} fifth"
    return SessionPart(name, first, last, len(scores), float(scores.mean()), t_interval(scores, low=0.0, high=1.0))


def _slopes(answers: pd.DataFrame) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Each participant's least-squares slope of correct on progress."""
    centred = answers["progress"] - 0.5  # progress is evenly spaced from 0 to 1
    products = (centred * answers["correct"]).groupby(answers["participant"]).sum()
    squares = (centred**2).groupby(answers["participant"]).sum()
    return np.asarray((products / squares).sort_index(), dtype=np.float64)
