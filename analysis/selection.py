"""Which answers are analysed: main trials of complete participants. The one place where rows are left out."""

from dataclasses import dataclass

import pandas as pd

RULE = (
    "Practice trials are left out. A participant is complete who answered all main trials of the session; the main "
    "analysis holds complete participants only."
)


@dataclass(frozen=True)
class MainTrials:
    """One participant's main trials: how many were ``answered`` of how many the session has."""

    answered: int
    session: int


@dataclass(frozen=True)
class Selection:
    """The answers of an export, divided by :data:`RULE`.

    ``practice`` counts left-out practice answers; ``main`` holds every main answer and ``complete`` those of complete
    participants. ``incomplete`` maps the other participants to how far they came (0 answered for one who only
    practised).
    """

    practice: int
    main: pd.DataFrame
    complete: pd.DataFrame
    incomplete: dict[str, MainTrials]


def select_trials(export: pd.DataFrame) -> Selection:
    """Divide a checked export by :data:`RULE`; both frames may be empty."""
    main = export[export["phase"] == "main"].sort_values(["participant", "trial"], ignore_index=True)
    session = export.groupby("participant")["main_trials"].first()
    answered = main["participant"].value_counts().reindex(session.index, fill_value=0)
    short = answered[answered < session]
    return Selection(
        practice=int((export["phase"] == "practice").sum()),
        main=main,
        complete=main[~main["participant"].isin(short.index)].reset_index(drop=True),
        incomplete={
            str(participant): MainTrials(int(count), int(session.loc[str(participant)]))
            for participant, count in short.items()
        },
    )
