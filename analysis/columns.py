"""The columns of an export: one list, shared by the writer (``export_responses``) and the reader.

One row is one answered trial; the lists of the files beside it stand at the end. Nothing here imports anything but the
standard library, so that the web process can read it without loading the statistics.
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
    SHA256 = "sha256"  # 64 digits, 0 to 9 and a to f


@dataclass(frozen=True)
class Column:
    """One column: its name, how it is written, its unit and what it means.

    ``low`` and ``high`` are inclusive bounds for numbers, ``choices`` the only values of a CHOICE.
    ``optional`` columns may hold empty cells. A TEXT is a name, which can be seen whole and begins and ends with no
    blank, unless it is ``free``.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    optional: bool = False
    free: bool = False


SIDES = ("left", "right")
INPUTS = ("keyboard", "mouse", "touch", "pen")
PHASES = ("practice", "main")
PLACES = ("before", "after")
# Eleven days: longer than anyone leaves a trial open, and a number that can be computed with.
LONGEST_MS = 1e9
MOST_TIMES = 1_000_000
# Thirty years: a page may stay open for as long as a study does.
LONGEST_S = 1e9
# Nobody looks at more for one answer.
MOST_IMAGES = 1_000

# What the browser tells of every trial, whatever its task.
BROWSER_FIELDS: tuple[Column, ...] = (
    Column("input", Kind.CHOICE, "With what the answer was given.", choices=INPUTS, optional=True),
    Column(
        "shown_times",
        Kind.INTEGER,
        "How often this browser began the trial; all times, counts and events are those since the last time.",
        unit="times",
        low=1,
        high=MOST_TIMES,
        optional=True,
    ),
    Column(
        "images_ms",
        Kind.REAL,
        "From when the trial was due, at the first of a page the start of the page, until all images were decoded.",
        unit="ms",
        low=0,
        high=LONGEST_MS,
        optional=True,
    ),
    Column(
        "frame_ms",
        Kind.REAL,
        "Median time from one frame of the screen to the next.",
        unit="ms",
        low=0,
        high=LONGEST_MS,
        optional=True,
    ),
    Column(
        "blurs",
        Kind.INTEGER,
        "How often the window lost the focus.",
        unit="times",
        low=0,
        high=MOST_TIMES,
        optional=True,
    ),
    Column(
        "hidden_ms",
        Kind.REAL,
        "How long the trial was out of sight: the page hidden, by another tab for example, or the window too small.",
        unit="ms",
        low=0,
        high=LONGEST_MS,
        optional=True,
    ),
    Column(
        "resizes",
        Kind.INTEGER,
        "How often the window was resized.",
        unit="times",
        low=0,
        high=MOST_TIMES,
        optional=True,
    ),
    Column(
        "flips",
        Kind.INTEGER,
        "How often explanations were flipped to their originals or back.",
        unit="times",
        low=0,
        high=MOST_TIMES,
        optional=True,
    ),
    Column(
        "original_ms",
        Kind.REAL,
        "How long originals were shown in place of explanations.",
        unit="ms",
        low=0,
        high=LONGEST_MS,
        optional=True,
    ),
    Column(
        "device_pixel_ratio",
        Kind.REAL,
        "Pixels of the screen on the side of a CSS pixel.",
        unit="px per CSS px",
        low=0,
        high=100,
        optional=True,
    ),
    Column("viewport_width", Kind.INTEGER, "Of the window.", unit="CSS px", low=1, high=100_000, optional=True),
    Column("viewport_height", Kind.INTEGER, "Of the window.", unit="CSS px", low=1, high=100_000, optional=True),
)

COLUMNS: tuple[Column, ...] = (
    Column("study", Kind.TEXT, "The study's slug."),
    Column("protocol_sha256", Kind.SHA256, "SHA-256 of the protocol file the study was made from."),
    Column("participant", Kind.TEXT, "The participant's code: random, no personal data in it."),
    Column(
        "main_trials",
        Kind.INTEGER,
        "Main trials in the participant's session, answered or not, catch trials among them.",
        unit="trials",
        low=1,
    ),
    Column("rounds", Kind.INTEGER, "Rounds of practice that the participant took.", unit="rounds", low=1),
    Column(
        "instructions_s",
        Kind.REAL,
        "Time on the instructions before they were left for the first time.",
        unit="s",
        low=0,
        high=LONGEST_S,
        optional=True,
    ),
    Column(
        "place_lost",
        Kind.BOOLEAN,
        "Whether the participant's place was given to somebody else, or set free by a withdrawal, before the end.",
    ),
    Column("trial", Kind.INTEGER, "Position of the trial in the participant's session.", low=1),
    Column("phase", Kind.CHOICE, "Practice trials give feedback and are not analysed.", choices=PHASES),
    Column("round", Kind.INTEGER, "The round of practice; 1 in main trials.", low=1),
    Column("catch", Kind.BOOLEAN, "Whether the right choice was a copy of what was shown as evidence."),
    Column("task", Kind.TEXT, "The task of the trial, such as held_out."),
    Column("condition", Kind.TEXT, "The kind of explanation shown, such as accentuation."),
    Column("model", Kind.TEXT, "The vision model."),
    Column("weights_sha256", Kind.SHA256, "SHA-256 of the model's weights."),
    Column("feature", Kind.TEXT, "The feature, as the protocol names it."),
    Column(
        "references",
        Kind.INTEGER,
        "Strongly activating reference images shown.",
        unit="images",
        low=0,
        high=MOST_IMAGES,
    ),
    Column("batch", Kind.INTEGER, "Which of the feature's image batches was shown.", low=1),
    Column(
        "difficulty",
        Kind.TEXT,
        "How far apart the queries are: easy, or the strong one's percentile, such as 95. Only of held_out.",
        optional=True,
    ),
    Column("strong_image", Kind.SHA256, "SHA-256 of the image that was the right choice."),
    Column("weak_image", Kind.SHA256, "SHA-256 of the other image."),
    Column(
        "strong_activation",
        Kind.REAL,
        "The feature's activation by the right choice, if known.",
        unit="model units",
        optional=True,
    ),
    Column(
        "weak_activation",
        Kind.REAL,
        "The feature's activation by the other image, if known.",
        unit="model units",
        optional=True,
    ),
    Column(
        "strong_rank",
        Kind.INTEGER,
        "Rank of the right choice in the pool, 1 is strongest, if known.",
        low=1,
        optional=True,
    ),
    Column(
        "weak_rank",
        Kind.INTEGER,
        "Rank of the other image in the pool, 1 is strongest, if known.",
        low=1,
        optional=True,
    ),
    Column(
        "foil_feature",
        Kind.TEXT,
        "The feature of which the other image is an accentuation. Only of continuation and transfer.",
        optional=True,
    ),
    Column("strong_side", Kind.CHOICE, "The side on which the right choice stood.", choices=SIDES),
    Column("choice", Kind.CHOICE, "The side that the participant chose.", choices=SIDES),
    Column("correct", Kind.BOOLEAN, "Whether the chosen side was that of the right choice."),
    Column("confidence", Kind.INTEGER, "1 guessing, 2 fairly sure, 3 sure.", low=1, high=3),
    Column(
        "rt_ms",
        Kind.REAL,
        "From the first painted frame of the trial to the answer, on the browser's clock.",
        unit="ms",
        low=0,
        high=LONGEST_MS,
    ),
    *BROWSER_FIELDS,
    Column(
        "task_data",
        Kind.TEXT,
        "What the task records besides, as a JSON object; empty for the tasks that come with the program.",
        optional=True,
        free=True,
    ),
    Column("received_at", Kind.TIME, "When the server stored the response."),
)

NAMES: tuple[str, ...] = tuple(column.name for column in COLUMNS)

# The files beside it. One row is one thing that happened during an answered trial.
EVENT_COLUMNS: tuple[Column, ...] = (
    Column("participant", Kind.TEXT, "The participant's code."),
    Column("trial", Kind.INTEGER, "Position of the trial in the participant's session.", low=1),
    Column("ms", Kind.REAL, "When it happened, since the first painted frame of the trial.", unit="ms"),
    Column("name", Kind.TEXT, "What happened, such as flip."),
    Column("detail", Kind.TEXT, "What else is known of it, as text or JSON.", optional=True),
)

# One row is the answer to one question of a questionnaire.
QUESTIONNAIRE_COLUMNS: tuple[Column, ...] = (
    Column("participant", Kind.TEXT, "The participant's code."),
    Column("place", Kind.CHOICE, "Whether it stood before or after the trials.", choices=PLACES),
    Column("name", Kind.TEXT, "The question's name in the protocol."),
    Column("value", Kind.TEXT, "The answer; empty where it was left out.", optional=True),
)

# One row is one participant. Personal data: only in a file of its own, only when asked for.
RECRUITER_COLUMNS: tuple[Column, ...] = (
    Column("participant", Kind.TEXT, "The participant's code."),
    Column("external_id", Kind.TEXT, "The participant's id at the recruiter: personal data."),
)
