"""The accuracy of every feature with its interval, from the hardest to the easiest; a panel for each condition."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from analysis.breakdown import FeatureAccuracy
from analysis.figures.canvas import COLOURS, INK, WIDTH, chance_line, draw, percent_axis, quiet
from analysis.intervals import Interval

MOST_COLUMNS = 3


def caterpillar_figure(features: tuple[FeatureAccuracy, ...]) -> str:
    """Draw the figure as an SVG document. Each panel has its own order: from the hardest feature to the easiest."""
    conditions = list(dict.fromkeys(sorted(row.condition for row in features)))
    columns = min(MOST_COLUMNS, len(conditions))
    rows = math.ceil(len(conditions) / columns)

    def paint(figure: Figure) -> None:
        panels = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
        for index, (axes, condition) in enumerate(zip(panels, conditions, strict=False)):
            shown = sorted((row for row in features if row.condition == condition), key=lambda row: row.share)
            _panel(axes, shown, COLOURS[index % len(COLOURS)])
            axes.set_title(condition, fontsize=10, color=INK)
        for axes in panels[len(conditions) :]:
            axes.axis("off")
        for axes in panels[::columns]:
            percent_axis(axes)

    return draw(paint, width=WIDTH, height=3.4 if rows == 1 else 2.8 * rows)


def _panel(axes: Axes, rows: list[FeatureAccuracy], colour: str) -> None:
    places = np.arange(1, len(rows) + 1)
    intervals = [
        np.array([(place, 100 * row.interval.low), (place, 100 * row.interval.high)])
        for place, row in zip(places, rows, strict=True)
        if isinstance(row.interval, Interval)
    ]
    width = max(0.4, min(2.0, 100 / len(rows)))
    axes.add_collection(LineCollection(intervals, colors=colour, alpha=0.35, linewidths=width))
    axes.plot(
        places,
        [100 * row.share for row in rows],
        linestyle="none",
        marker="o",
        markersize=min(4, 2 * width + 1),
        color=colour,
    )
    chance_line(axes)
    quiet(axes)
    axes.set_xlim(0, len(rows) + 1)
    axes.set_xticks([1, len(rows)] if len(rows) > 1 else [1])
    axes.set_xlabel("features, hardest first", color=INK)
