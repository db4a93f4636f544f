"""The report: one HTML file that holds everything it needs, the same bytes for the same export and seed."""

import platform
import re
from importlib.metadata import version
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from analysis import intervals, notes, participant_tests, wording
from analysis.absence import Absent
from analysis.plot import accuracy_figure
from analysis.results import Results
from analysis.selection import RULE

TEMPLATES = Path(__file__).parent / "templates"
SOFTWARE = ("numpy", "scipy", "pandas", "matplotlib")


def render_report(results: Results, *, export_sha256: str) -> str:
    """Write ``results`` as one HTML document; ``export_sha256`` names the file that they were computed from."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    for write in (
        wording.percent,
        wording.points,
        wording.p_value,
        wording.accuracy_interval,
        wording.difference_interval,
        notes.accuracy_notes,
        notes.chance_notes,
        notes.comparison_notes,
    ):
        environment.filters[write.__name__] = write
    environment.tests["absent"] = lambda value: isinstance(value, Absent)
    return environment.get_template("report.html").render(
        results=results,
        headline=wording.headline(results),
        figure=_inline(accuracy_figure(results.main.scores, results.main.accuracies)),
        rule=RULE,
        counts=_counts(results),
        export_sha256=export_sha256,
        enumerated=participant_tests.MOST_FOR_ENUMERATION,
        fewest_for_bootstrap=intervals.FEWEST_FOR_BOOTSTRAP,
        software={"Python": platform.python_version()} | {name: version(name) for name in SOFTWARE},
    )


def _inline(svg: str) -> Markup:
    """An SVG document as an element of the page, named and described by elements of the page.

    The figure's fixed size gives way to its viewBox, so that it fits a phone. Our own drawing is trusted markup: the
    condition names in it were escaped by the writer of the SVG.
    """
    element = svg[svg.index("<svg") :]
    opening, rest = element.split(">", 1)
    opening = re.sub(r'\s(width|height)="[^"]*"', "", opening)
    named = ' role="img" aria-labelledby="figure-title" aria-describedby="figure-description"'
    title = "<title id='figure-title'>Correct answers of every participant in every condition</title>"
    description = (
        "<desc id='figure-description'>Each point is one participant and lines join the points of the same participant."
        " Diamonds are means, with their 95% confidence intervals. The dashed line is chance, 50%."
        " The numbers stand in the tables of this page.</desc>"
    )
    return Markup(f"{opening}{named}>{title}{description}{rest}")


def _counts(results: Results) -> dict[str, dict[str, str]]:
    """Correct / answered of each participant by condition, incomplete ones too: what every number is made from."""
    rows: dict[str, dict[str, str]] = {}
    for row in (results.everyone or results.main).scores.reset_index().to_dict("records"):
        rows.setdefault(row["participant"], {})[row["condition"]] = f"{row['correct']} / {row['answered']}"
    return rows
