"""Who is analysed: from everyone in the export down to the analysed, each rule taking out its own."""

import textwrap
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from analysis.figures.canvas import GREY, INK, draw
from analysis.selection import Exclusion, Selection

# In characters: what fits into a box in the fonts that a browser may take for the figure's own, and some to spare.
WIDTH_MAIN, WIDTH_RULE = 32, 42
# In units of the axes, of which LINE is one line of text and GAP lies between two boxes.
LINE, PADDING, GAP = 0.36, 0.16, 0.42
LEFT, RIGHT = 2.2, 7.3


@dataclass(frozen=True)
class _Box:
    """One box; ``y`` is its middle."""

    lines: list[str]
    x: float
    y: float
    width: float

    @property
    def height(self) -> float:
        return _height(self.lines)


def flow_figure(selection: Selection) -> str:
    """Draw the figure as an SVG document: the boxes of a flow diagram as CONSORT asks for."""
    boxes = _boxes(selection)
    first, *rules, last = boxes
    bottom = last.y + last.height / 2

    def paint(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.set_xlim(0, 10)
        axes.set_ylim(bottom + 0.2, -first.height / 2 - 0.2)
        axes.axis("off")
        arrow = {"arrowstyle": "-|>", "color": GREY, "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0}
        top, end = first.y + first.height / 2 + 0.06, last.y - last.height / 2 - 0.06
        axes.annotate("", xy=(LEFT, end), xytext=(LEFT, top), arrowprops=arrow)
        for box in rules:
            axes.annotate("", xy=(box.x - box.width / 2 - 0.06, box.y), xytext=(LEFT, box.y), arrowprops=arrow)
        for box in boxes:
            _draw_box(axes, box)

    return draw(paint, width=6.3, height=0.5 * (bottom + first.height / 2 + 0.4))


def _boxes(selection: Selection) -> list[_Box]:
    """Everyone, what each rule takes out, and the analysed, from top to bottom."""
    everyone = len(selection.broken)
    analysed = everyone - sum(len(rule.participants) for rule in selection.exclusions)
    texts = [(f"answered at least one trial: {everyone}", LEFT, 4.0)]
    texts += [(_told(rule), RIGHT, 5.2) for rule in selection.exclusions]
    texts += [(f"analysed: {analysed}", LEFT, 4.0)]
    boxes: list[_Box] = []
    for text, x, width in texts:
        lines = textwrap.wrap(text, WIDTH_RULE if x == RIGHT else WIDTH_MAIN)
        top = boxes[-1].y + boxes[-1].height / 2 + GAP if boxes else -_height(lines) / 2
        boxes.append(_Box(lines, x, top + _height(lines) / 2, width))
    return boxes


def _told(rule: Exclusion) -> str:
    unjudged = f" ({rule.unjudged} could not be judged)" if rule.unjudged else ""
    return f"{rule.sentence}: {len(rule.participants)}{unjudged}"


def _height(lines: list[str]) -> float:
    return LINE * len(lines) + 2 * PADDING


def _draw_box(axes: Axes, box: _Box) -> None:
    patch = FancyBboxPatch(
        (box.x - box.width / 2, box.y - box.height / 2),
        box.width,
        box.height,
        boxstyle="round,pad=0.06",
        facecolor="white",
        edgecolor=GREY,
        linewidth=1,
    )
    axes.add_patch(patch)
    axes.text(box.x, box.y, "\n".join(box.lines), ha="center", va="center", fontsize=9, color=INK)
