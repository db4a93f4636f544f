"""Who is analysed: from everyone in the export down to the analysed, each rule taking out its own."""

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from analysis.figures.canvas import GREY, INK, draw
from analysis.selection import Selection

STEP = 1.15


@dataclass(frozen=True)
class _Box:
    text: str
    x: float
    y: float
    width: float


def flow_figure(selection: Selection) -> str:
    """Draw the figure as an SVG document: the boxes of a flow diagram as CONSORT asks for."""
    everyone = len(selection.broken)
    steps = selection.exclusions
    analysed = everyone - sum(len(rule.participants) for rule in steps)
    last = (len(steps) + 1) * STEP

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.set_xlim(0, 10)
        axes.set_ylim(last + 0.6, -0.6)
        axes.axis("off")
        boxes = [_Box(f"answered at least one trial: {everyone}", 2.2, 0, 4.0)]
        boxes += [
            _Box(f"{rule.sentence}: {len(rule.participants)}", 7.3, STEP * place, 5.2)
            for place, rule in enumerate(steps, start=1)
        ]
        boxes += [_Box(f"analysed: {analysed}", 2.2, last, 4.0)]
        arrow = {"arrowstyle": "-|>", "color": GREY, "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", xy=(2.2, last - 0.36), xytext=(2.2, 0.36), arrowprops=arrow)
        for box in boxes:
            _draw_box(axes, box)
        for place in range(1, len(steps) + 1):
            axes.annotate("", xy=(4.7, STEP * place), xytext=(2.2, STEP * place), arrowprops=arrow)

    return draw(paint, width=6.3, height=0.62 * (len(steps) + 2))


def _draw_box(axes: Axes, box: _Box) -> None:
    patch = FancyBboxPatch(
        (box.x - box.width / 2, box.y - 0.3),
        box.width,
        0.6,
        boxstyle="round,pad=0.06",
        facecolor="white",
        edgecolor=GREY,
        linewidth=1,
    )
    axes.add_patch(patch)
    axes.text(box.x, box.y, box.text, ha="center", va="center", fontsize=8.5, color=INK)
