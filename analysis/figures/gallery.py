"""All figures of a report, each with the words that stand for it where it cannot be seen."""

from dataclasses import dataclass, replace

from analysis.absence import Absent
from analysis.figures.calibration import calibration_figure
from analysis.figures.canvas import headed
from analysis.figures.caterpillar import caterpillar_figure
from analysis.figures.flow import flow_figure
from analysis.figures.raincloud import accuracy_figure, several_conditions
from analysis.figures.session import session_figure
from analysis.results import Results

# Of all figures that a report can have: there is no session where nobody answered twice.
NAMES = ("flow", "accuracy", "calibration", "features", "session")

DRY_RUN = "Dry run: simulated participants, nobody took part"


@dataclass(frozen=True)
class ReportFigure:
    """One figure: ``name`` is that of its file, ``svg`` a whole SVG document."""

    name: str
    title: str
    description: str
    svg: str


def report_figures(results: Results) -> dict[str, ReportFigure]:
    """The figures by name."""
    main, details = results.main, results.details
    joined = " and lines join the points of the same participant" if several_conditions(main.scores) else ""
    figures = [
        ReportFigure(
            "flow",
            "Who is analysed",
            "A flow diagram. The same numbers stand in the table of rules.",
            flow_figure(results.selection),
        ),
        ReportFigure(
            "accuracy",
            "Correct answers of every participant in every condition",
            f"Each point is one participant{joined}; beside them is the shape of their distribution. Diamonds are "
            "means, with their 95% confidence intervals. The dashed line is chance, 50%. The numbers stand in the "
            "tables of this page.",
            accuracy_figure(main.scores, main.accuracies),
        ),
        ReportFigure(
            "calibration",
            "Accuracy at each level of confidence",
            "A line for each condition, with 95% confidence intervals. The numbers stand in the table beside it.",
            calibration_figure(details.calibrations),
        ),
        ReportFigure(
            "features",
            "Accuracy of every feature in every condition",
            "A panel for each condition, its features from the hardest to the easiest, with 95% intervals. The numbers "
            "stand in the table below it.",
            caterpillar_figure(details.features),
        ),
    ]
    if not isinstance(details.learning, Absent):
        told = "A point for each fifth of the session, with 95% confidence intervals. The numbers stand in the table."
        svg = session_figure(details.learning)
        figures.append(ReportFigure("session", "Accuracy over the session", told, svg))
    if results.dry_run:
        figures = [replace(figure, svg=headed(figure.svg, DRY_RUN)) for figure in figures]
    return {figure.name: figure for figure in figures}
