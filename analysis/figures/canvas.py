"""What the figures share: an SVG to draw on, colours that everyone can tell apart, an axis in percent."""

import io
from collections.abc import Callable

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito's palette, which people with any common colour vision can tell apart; the marks differ as well.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
MARKS = ("o", "s", "^", "D", "v", "P")
INK, GREY, PALE = "#1f2933", "#6b7785", "#e4e8ec"
CHANCE_PERCENT = 50.0
# In inches, as wide as the page shows a figure: a wider one would be shrunk, and its text with it.
WIDTH = 6.3


def draw(paint: Callable[[Figure], None], *, width: float, height: float) -> str:
    """An SVG document of what ``paint`` draws on a figure of ``width`` x ``height`` inches."""
    with mpl.rc_context():
        mpl.rcdefaults()  # whatever style the reader's own matplotlib has
        # A fixed salt, so that the same numbers give the same bytes; text kept as text, so that it can be selected;
        # a dollar sign in a condition's name is a dollar sign.
        mpl.rcParams.update({"svg.hashsalt": "quiddity", "svg.fonttype": "none", "text.parse_math": False})
        figure = Figure(figsize=(width, height), layout="constrained")
        paint(figure)
        svg = io.StringIO()
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return svg.getvalue()


def quiet(axes: Axes, *, grid: str = "y") -> None:
    """No frame and no ticks, a pale grid along one axis."""
    axes.tick_params(length=0, labelcolor=INK)
    axes.grid(axis=grid, color=PALE, linewidth=0.8)  # type: ignore[arg-type]
    axes.set_axisbelow(True)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)


def percent_axis(axes: Axes, label: str = "correct answers") -> None:
    """The upright axis from 0 to 100 percent."""
    axes.set_ylim(-3, 103)
    axes.set_yticks(range(0, 101, 25), [f"{percent}%" for percent in range(0, 101, 25)])
    axes.set_ylabel(label, color=INK)


def chance_line(axes: Axes) -> None:
    """A dashed line at 50 percent, named."""
    axes.axhline(CHANCE_PERCENT, color=GREY, linewidth=1, linestyle=(0, (5, 4)), zorder=0)
    axes.annotate(
        "chance",
        xy=(1, CHANCE_PERCENT),
        xycoords=("axes fraction", "data"),
        xytext=(-2, 4),
        textcoords="offset points",
        ha="right",
        fontsize=9,
        color=GREY,
    )
