"""Accuracy over the session, all conditions together."""

from matplotlib.figure import Figure

from analysis.figures.canvas import COLOURS, INK, chance_line, draw, percent_axis, quiet
from analysis.intervals import Interval
from analysis.learning import Learning


def session_figure(learning: Learning) -> str:
    """Draw the figure as an SVG document: a point for each fifth of the session."""

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        places = range(len(learning.parts))
        axes.plot(places, [100 * part.mean for part in learning.parts], color=COLOURS[0], marker="o", linewidth=1.4)
        for place, part in zip(places, learning.parts, strict=True):
            if isinstance(part.interval, Interval):
                ends = (100 * part.interval.low, 100 * part.interval.high)
                axes.plot((place, place), ends, color=COLOURS[0], linewidth=1.6)
        chance_line(axes)
        percent_axis(axes)
        quiet(axes)
        axes.set_xticks(list(places), [part.name for part in learning.parts])
        axes.set_xlim(-0.4, len(learning.parts) - 0.6)
        axes.set_xlabel("main trials", color=INK)

    return draw(paint, width=6.3, height=3.0)
