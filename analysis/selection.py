"""Which answers are analysed: main trials of complete participants. The one place where rows are left out."""

from dataclasses import dataclass

import pandas as pd

RULE = (
    "Practice trials are left out. A participant is complete who answered as many main trials as the participant "
    "who answered the most; the main analysis holds complete participants only."
)


@dataclass(frozen=True)
class Selection:
    """The answers of an export, divided by :data:`RULE`.

    ``practice`` counts left-out practice answers; ``main`` holds every main answer and ``complete`` those of complete
    participants, who gave ``expected`` each. ``incomplete`` maps the other participants to their main answers (0 for
    one who only practised).
    """

    practice: int
    main: pd.DataFrame
    complete: pd.DataFrame
    expected: int
    incomplete: dict[str, int]


def select_trials(export: pd.DataFrame) -> Selection:
    """Divide a checked export by :data:`RULE`.

    An export holds answers, not plans: that a participant left early can be told only by comparison with the others.
    If all left early the same way, nobody can tell from the file. Where nobody answered a main trial, ``expected``
    is 0 and both frames are empty.
    """
    main = export[export["phase"] == "main"].sort_values(["participant", "trial"], ignore_index=True)
    everyone = sorted(export["participant"].unique())
    answered = main["participant"].value_counts().reindex(everyone, fill_value=0)
    expected = int(answered.max())
    short = answered[answered < expected]
    return Selection(
        practice=int((export["phase"] == "practice").sum()),
        main=main,
        complete=main[~main["participant"].isin(short.index)].reset_index(drop=True),
        expected=expected,
        incomplete={str(participant): int(count) for participant, count in short.items()},
    )
