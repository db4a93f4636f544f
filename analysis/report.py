"""The report: one HTML file that holds everything it needs, the same bytes for the same export and seed."""

import platform
import re
from importlib.metadata import version
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from analysis import intervals, notes, participant_tests, verdicts, wording
from analysis.absence import Absent
from analysis.apa import sentences
from analysis.confidence import LEVELS
from analysis.dry_run import nobody_took_part
from analysis.equivalence import EquivalenceTest
from analysis.figures.gallery import ReportFigure, report_figures
from analysis.figures.raincloud import several_conditions
from analysis.headline import headline
from analysis.hypotheses import Effect
from analysis.methods import methods_paragraph
from analysis.mixed_model import ConditionEstimate, Contrast
from analysis.model_words import random_effects, reach, singular_fit
from analysis.observer_columns import OBSERVERS
from analysis.results import Results
from analysis.selection import RULE
from analysis.task_words import right_choice, words_of

TEMPLATES = Path(__file__).parent / "templates"
SOFTWARE = ("numpy", "scipy", "pandas", "matplotlib", "gpboost")
# A longer table is folded.
MOST_OPEN_ROWS = 40


def render_report(results: Results, *, export_sha256: str, figures: dict[str, ReportFigure] | None = None) -> str:
    """Write ``results`` as one HTML document; ``export_sha256`` names the file that they were computed from.

    ``figures`` are those of :func:`analysis.figures.gallery.report_figures`, drawn here if they are not given.
    """
    drawn = figures or report_figures(results)
    return (
        _environment()
        .get_template("report.html")
        .render(
            results=results,
            main=results.main,
            details=results.details,
            headline=headline(results),
            sentences=sentences(results),
            methods=methods_paragraph(results),
            reach=reach(results),
            singular_fit=singular_fit(results.model),
            random_effects=random_effects(results.model),
            several_conditions=several_conditions(results.main.scores),
            standing=verdicts.standing(results),
            exploring=verdicts.exploring(results).capitalize(),
            dry_run=nobody_took_part(results.participants) if results.dry_run else "",
            figures={name: _inline(figure) for name, figure in drawn.items()},
            rule=RULE,
            observers=OBSERVERS,
            words_of=words_of,
            right_choice=right_choice(results.tasks),
            counts=_counts(results),
            excluded_by={name: rule.sentence for rule in results.selection.exclusions for name in rule.participants},
            export_sha256=export_sha256,
            enumerated=participant_tests.MOST_FOR_ENUMERATION,
            fewest_for_bootstrap=intervals.FEWEST_FOR_BOOTSTRAP,
            confidence=LEVELS,
            most_open_rows=MOST_OPEN_ROWS,
            software={"Python": platform.python_version()} | {name: version(name) for name in SOFTWARE},
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    for module in (wording, verdicts, notes):
        for name, write in vars(module).items():
            if callable(write) and not name.startswith("_") and write.__module__ == module.__name__:
                environment.filters[name] = write
    for name, kind in (
        ("absent", Absent),
        ("contrast", Contrast),
        ("estimate", ConditionEstimate),
        ("effect", Effect),
        ("equivalence", EquivalenceTest),
    ):
        environment.tests[name] = lambda value, kind=kind: isinstance(value, kind)
    return environment


def _inline(figure: ReportFigure) -> Markup:
    """An SVG document as an element of the page, named and described by elements of the page.

    The figure's fixed size gives way to its viewBox, so that the style sheet sizes it. What surrounds it scrolls where
    the screen is narrower than the figure's text can be read on, and takes the focus so that keys scroll it. Its ids
    take its name, so that those of two figures differ. Our own drawing is trusted markup: the names in it were escaped
    by the writer of the SVG.
    """
    element = figure.svg[figure.svg.index("<svg") :]
    name = figure.name
    element = re.sub(r'\bid="', f'id="{name}-', element)
    element = re.sub(r'(xlink:href="#|url\(#)', rf"\g<1>{name}-", element)
    opening, rest = element.split(">", 1)
    opening = re.sub(r'\s(width|height)="[^"]*"', "", opening)
    named = f' role="img" aria-labelledby="{name}-title" aria-describedby="{name}-description"'
    title = f'<title id="{name}-title">{escape(figure.title)}</title>'
    description = f'<desc id="{name}-description">{escape(figure.description)}</desc>'
    around = f'<div class="drawing" role="region" tabindex="0" aria-labelledby="{name}-title">'
    return Markup(f"{around}{opening}{named}>{title}{description}{rest}</div>")


def _counts(results: Results) -> dict[str, dict[str, str]]:
    """Correct / answered of each participant by condition, excluded ones too: what every number is made from."""
    rows: dict[str, dict[str, str]] = {}
    for row in (results.everyone or results.main).scores.reset_index().to_dict("records"):
        rows.setdefault(row["participant"], {})[row["condition"]] = f"{row['correct']} / {row['answered']}"
    return rows
