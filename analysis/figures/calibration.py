"""Accuracy at each level of confidence, a line for each condition."""

from matplotlib.figure import Figure

from analysis.confidence import LEVELS, Calibration
from analysis.figures.canvas import COLOURS, INK, MARKS, chance_line, draw, percent_axis, quiet
from analysis.intervals import Interval


def calibration_figure(calibrations: tuple[Calibration, ...]) -> str:
    """Draw the figure as an SVG document; a rising line is confidence that knows."""
    conditions = list(dict.fromkeys(row.condition for row in calibrations))

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        for index, condition in enumerate(conditions):
            rows = [row for row in calibrations if row.condition == condition]
            places = [row.confidence + 0.08 * (index - (len(conditions) - 1) / 2) for row in rows]
            colour = COLOURS[index % len(COLOURS)]
            axes.plot(
                places,
                [100 * row.mean for row in rows],
                marker=MARKS[index % len(MARKS)],
                color=colour,
                markersize=7,
                linewidth=1.4,
                markeredgecolor="white",
                label=condition,
            )
            for place, row in zip(places, rows, strict=True):
                if isinstance(row.interval, Interval):
                    axes.plot((place, place), (100 * row.interval.low, 100 * row.interval.high), color=colour)
        chance_line(axes)
        percent_axis(axes)
        quiet(axes)
        axes.set_xticks(list(LEVELS), [f"{level} {told}" for level, told in LEVELS.items()])
        axes.set_xlim(0.6, 3.4)
        axes.set_xlabel("confidence", color=INK)
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0), labelcolor=INK)

    return draw(paint, width=6.3, height=3.4)
