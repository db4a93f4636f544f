"""What the figures share: an SVG to draw on, colours that everyone can tell apart, an axis in percent."""

import io
import re
import warnings
from collections.abc import Callable
from html import escape

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
HEADLINE_PT = 20


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
        with warnings.catch_warnings():
            # Text is kept as text: who shows the figure has a font for it, though matplotlib has none to measure.
            warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")
            figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return svg.getvalue()


def headed(svg: str, words: str) -> str:
    """The same drawing below a line of words, for what nobody should see without them, wherever the file goes."""
    opening = re.search(r'<svg [^>]*?height="([\d.]+)pt" viewBox="0 0 ([\d.]+) [\d.]+"[^>]*>', svg)
    assert opening is not None
    height, width = float(opening[1]) + HEADLINE_PT, opening[2]
    taller = opening[0].replace(f'height="{opening[1]}pt"', f'height="{height:g}pt"')
    taller = re.sub(r'viewBox="[^"]*"', f'viewBox="0 {-HEADLINE_PT} {width} {height:g}"', taller)
    style = f'font-size="10" font-weight="bold" font-family="sans-serif" fill="{INK}"'
    line = (
        f'<rect y="{-HEADLINE_PT}" width="{width}" height="{HEADLINE_PT}" fill="#ffffff"/>'
        f'<text x="6" y="-6" {style}>{escape(words)}</text>'
    )
    return svg.replace(opening[0], taller + line, 1)


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
