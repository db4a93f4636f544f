"""Every participant's accuracy in every condition: clouds, points joined within participants, means and intervals."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import stats

from analysis.accuracy import ConditionAccuracy
from analysis.figures.canvas import COLOURS, GREY, INK, MARKS, WIDTH, chance_line, draw, percent_axis, quiet
from analysis.intervals import Interval

Reals = NDArray[np.float64]
MOST_OPAQUE_POINTS = 40
# Beyond this many participants points and lines are a blot, and the cloud shows more.
MOST_POINTS = 400
FEWEST_FOR_CLOUD = 8
CLOUD_WIDTH = 0.3
# As many letters of names, each as long as the longest, fit side by side.
MOST_LETTERS = 60


def accuracy_figure(scores: pd.DataFrame, accuracies: tuple[ConditionAccuracy, ...]) -> str:
    """Draw the figure as an SVG document.

    ``scores`` is what :func:`analysis.accuracy.participant_scores` returns and ``accuracies`` are the means of it.
    """
    conditions = [accuracy.condition for accuracy in accuracies]
    wide = scores["accuracy"].unstack("condition")[conditions]

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        if len(wide) <= MOST_POINTS:
            _draw_participants(axes, wide)
        for place, column in enumerate(100 * wide.to_numpy(dtype=np.float64).T):
            _draw_cloud(axes, place, column[~np.isnan(column)])
        _draw_means(axes, accuracies)
        chance_line(axes)
        percent_axis(axes)
        quiet(axes)
        name_conditions(axes, conditions)
        axes.set_xlim(-0.6, len(conditions) - 0.4)

    return draw(paint, width=WIDTH, height=3.8)


def several_conditions(scores: pd.DataFrame) -> bool:
    """Whether anybody has points in several conditions, which lines join."""
    return bool((scores.groupby(level="participant").size() > 1).any())


def name_conditions(axes: Axes, conditions: list[str]) -> None:
    """The names under their places, aslant where they would run into each other."""
    axes.set_xticks(range(len(conditions)), conditions)
    if max(map(len, conditions)) * len(conditions) > MOST_LETTERS:
        axes.tick_params(axis="x", labelrotation=25)
        for label in axes.get_xticklabels():
            label.set_horizontalalignment("right")
            label.set_rotation_mode("anchor")


def spread_ties(values: Reals, *, step: float = 0.045, most: float = 0.16) -> Reals:
    """Offsets that set equal values side by side about 0, at most ``most`` to either side; without chance."""
    offsets = np.zeros(len(values))
    for value in np.unique(values[~np.isnan(values)]):
        (tied,) = np.nonzero(values == value)
        width = min(most, step * (len(tied) - 1) / 2)
        offsets[tied] = np.linspace(-width, width, len(tied)) if len(tied) > 1 else 0.0
    return offsets


def _draw_participants(axes: Axes, wide: pd.DataFrame) -> None:
    """Points of all participants, and a line between the conditions of each."""
    values = 100 * wide.to_numpy(dtype=np.float64)
    places = np.stack([place + spread_ties(column) for place, column in enumerate(values.T)], axis=1)
    alpha = 0.75 if len(values) <= MOST_OPAQUE_POINTS else 0.3
    # A missing condition breaks the line, so that no line crosses a condition that the participant did not have.
    lines = np.stack([places, values], axis=2)
    axes.add_collection(LineCollection(list(lines), colors=GREY, linewidths=0.8, alpha=alpha / 2, zorder=1))
    for index, column in enumerate(values.T):
        axes.plot(
            places[:, index],
            column,
            linestyle="none",
            marker=MARKS[index % len(MARKS)],
            color=COLOURS[index % len(COLOURS)],
            markersize=6,
            markeredgecolor="white",
            markeredgewidth=0.6,
            alpha=alpha,
            zorder=2,
        )


def _draw_cloud(axes: Axes, place: int, values: Reals) -> None:
    """Half a violin left of the points, cut where the values end; none for a handful of participants."""
    if len(values) < FEWEST_FOR_CLOUD or np.ptp(values) < 1e-9:
        return
    heights = np.linspace(values.min(), values.max(), 60)
    density = stats.gaussian_kde(values)(heights)
    edge = place - 0.2
    axes.fill_betweenx(
        heights,
        edge - CLOUD_WIDTH * density / density.max(),
        edge,
        color=COLOURS[place % len(COLOURS)],
        alpha=0.25,
        linewidth=0,
        zorder=1,
    )


def _draw_means(axes: Axes, accuracies: tuple[ConditionAccuracy, ...]) -> None:
    """The mean and its interval beside the points of its condition, where neither hides the other."""
    for index, accuracy in enumerate(accuracies):
        place, mean = index + 0.27, 100 * accuracy.mean
        if isinstance(accuracy.interval, Interval):
            ends = (100 * accuracy.interval.low, 100 * accuracy.interval.high)
            axes.plot((place, place), ends, color=INK, linewidth=1.8, solid_capstyle="butt", zorder=3)
        axes.plot(place, mean, marker="D", markersize=7, color=INK, markeredgecolor="white", zorder=4)
