"""The figure: every participant's accuracy in every condition, with the mean and its interval."""

import io

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from analysis.accuracy import ConditionAccuracy
from analysis.intervals import Interval
from analysis.significance import CHANCE

# Okabe and Ito's palette, which people with any common colour vision can tell apart; the marks differ as well.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
MARKS = ("o", "s", "^", "D", "v", "P")
INK, GREY = "#1f2933", "#6b7785"
MOST_OPAQUE_POINTS = 40


def accuracy_figure(scores: pd.DataFrame, accuracies: tuple[ConditionAccuracy, ...]) -> str:
    """Draw the figure as an SVG document, the same bytes for the same numbers.

    ``scores`` is what :func:`analysis.accuracy.participant_scores` returns and ``accuracies`` are the means of it.
    """
    conditions = [accuracy.condition for accuracy in accuracies]
    wide = scores["accuracy"].unstack("condition")[conditions]
    with mpl.rc_context():
        mpl.rcdefaults()  # whatever style the reader's own matplotlib has
        # A fixed salt, so that the same numbers give the same bytes; text kept as text, so that it can be selected;
        # a dollar sign in a condition's name is a dollar sign.
        mpl.rcParams.update({"svg.hashsalt": "quiddity", "svg.fonttype": "none", "text.parse_math": False})
        figure = Figure(figsize=(max(4.4, 1.4 * len(conditions) + 0.8), 3.8), layout="constrained")
        axes = figure.add_subplot()
        _draw_participants(axes, wide)
        _draw_means(axes, accuracies)
        _draw_frame(axes, conditions)
        svg = io.StringIO()
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return svg.getvalue()


def spread_ties(values: np.ndarray, *, step: float = 0.045, most: float = 0.2) -> np.ndarray:
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


def _draw_means(axes: Axes, accuracies: tuple[ConditionAccuracy, ...]) -> None:
    """The mean and its interval beside the points of its condition, where neither hides the other."""
    for index, accuracy in enumerate(accuracies):
        place, mean = index + 0.3, 100 * accuracy.mean
        if isinstance(accuracy.interval, Interval):
            ends = (100 * accuracy.interval.low, 100 * accuracy.interval.high)
            axes.plot((place, place), ends, color=INK, linewidth=1.8, solid_capstyle="butt", zorder=3)
        axes.plot(place, mean, marker="D", markersize=7, color=INK, markeredgecolor="white", zorder=4)


def _draw_frame(axes: Axes, conditions: list[str]) -> None:
    axes.axhline(100 * CHANCE, color=GREY, linewidth=1, linestyle=(0, (5, 4)), zorder=0)
    axes.annotate(
        "chance",
        xy=(1, 100 * CHANCE),
        xycoords=("axes fraction", "data"),
        xytext=(-2, 4),
        textcoords="offset points",
        ha="right",
        fontsize=9,
        color=GREY,
    )
    axes.set_xticks(range(len(conditions)), conditions)
    axes.set_xlim(-0.5, len(conditions) - 0.4)
    axes.set_ylim(-3, 103)
    axes.set_yticks(range(0, 101, 25), [f"{percent}%" for percent in range(0, 101, 25)])
    axes.set_ylabel("correct answers", color=INK)
    axes.tick_params(length=0, labelcolor=INK)
    axes.grid(axis="y", color="#e4e8ec", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
