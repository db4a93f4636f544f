"""The columns of a file of observers' answers: shared by its writer (``export_observers``) and its reader.

Only the standard library, as ``analysis.columns``.
"""

from analysis.columns import SIDES, Column, Kind

# What each observer goes by, in the words of the report.
OBSERVERS: dict[str, str] = {
    "activation": "chooses the image that activates the feature more: right by construction",
    "lapses": "the same, but guesses in one trial of ten",
    "pixels": "chooses the image whose pixels are nearer to what the trial shows as evidence",
    "structure": "chooses the image whose structure (SSIM) is more like what the trial shows as evidence",
    "chance": "guesses",
}

OBSERVER_COLUMNS: tuple[Column, ...] = (
    Column("study", Kind.TEXT, "The study's slug."),
    Column("protocol_sha256", Kind.SHA256, "SHA-256 of the protocol file the study was made from."),
    Column("participant", Kind.TEXT, "The participant who answered the same trial."),
    Column("trial", Kind.INTEGER, "Position of the trial in the participant's session.", low=1),
    Column("observer", Kind.CHOICE, "Which observer: no person.", choices=tuple(OBSERVERS)),
    Column("choice", Kind.CHOICE, "The side that the observer chose.", choices=SIDES),
)
OBSERVER_NAMES: tuple[str, ...] = tuple(column.name for column in OBSERVER_COLUMNS)
