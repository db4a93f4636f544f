"""The columns of an export: one list, shared by the writer (``export_responses``) and the reader.

One row is one answered trial. Nothing here imports anything but the standard library, so that the
web process can read it without loading the statistics.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a cell is written in the CSV file."""

    TEXT = "text"
    INTEGER = "integer"
    REAL = "real"
    CHOICE = "choice"
    BOOLEAN = "boolean"  # true / false
    TIME = "time"  # ISO 8601 with offset


@dataclass(frozen=True)
class Column:
    """One column: its name, how it is written, its unit and what it means.

    ``low`` and ``high`` are inclusive bounds for numbers, ``choices`` the only values of a CHOICE.
    ``optional`` columns may hold empty cells.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    optional: bool = False


SIDES = ("left", "right")
PHASES = ("practice", "main")

COLUMNS: tuple[Column, ...] = (
    Column("study", Kind.TEXT, "The study's slug."),
    Column("protocol_sha256", Kind.TEXT, "SHA-256 of the protocol file the study was made from."),
    Column("participant", Kind.TEXT, "The participant's code: random, no personal data in it."),
    Column(
        "main_trials",
        Kind.INTEGER,
        "Main trials in the participant's session, answered or not.",
        unit="trials",
        low=1,
    ),
    Column("trial", Kind.INTEGER, "Position of the trial in the participant's session.", low=1),
    Column("phase", Kind.CHOICE, "Practice trials give feedback and are not analysed.", choices=PHASES),
    Column("task", Kind.TEXT, "The task of the trial, such as held_out."),
    Column("condition", Kind.TEXT, "The kind of explanation shown, such as accentuation."),
    Column("model", Kind.TEXT, "The vision model."),
    Column("weights_sha256", Kind.TEXT, "SHA-256 of the model's weights."),
    Column("feature", Kind.TEXT, "The feature, as the protocol names it."),
    Column("references", Kind.INTEGER, "Strongly activating reference images shown.", unit="images", low=0),
    Column("batch", Kind.INTEGER, "Which of the feature's image batches was shown.", low=1),
    Column("difficulty", Kind.TEXT, "How far apart the queries are: easy, or the strong one's percentile, such as 95."),
    Column("strong_image", Kind.TEXT, "SHA-256 of the strongly activating query image."),
    Column("weak_image", Kind.TEXT, "SHA-256 of the weakly activating query image."),
    Column("strong_activation", Kind.REAL, "The feature's activation by the strong query.", unit="model units"),
    Column("weak_activation", Kind.REAL, "The feature's activation by the weak query.", unit="model units"),
    Column("strong_rank", Kind.INTEGER, "Rank of the strong query in the pool, 1 is strongest.", low=1),
    Column("weak_rank", Kind.INTEGER, "Rank of the weak query in the pool, 1 is strongest.", low=1),
    Column("strong_side", Kind.CHOICE, "The side on which the strong query stood.", choices=SIDES),
    Column("choice", Kind.CHOICE, "The side that the participant chose.", choices=SIDES),
    Column("correct", Kind.BOOLEAN, "Whether the chosen side was the strong query's."),
    Column("confidence", Kind.INTEGER, "1 guessing, 2 fairly sure, 3 sure.", low=1, high=3),
    Column(
        "rt_ms",
        Kind.REAL,
        "From the first painted frame of the trial to the answer, on the browser's clock.",
        unit="ms",
        low=0,
    ),
    Column("received_at", Kind.TIME, "When the server stored the response."),
)

NAMES: tuple[str, ...] = tuple(column.name for column in COLUMNS)
