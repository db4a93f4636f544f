"""What happened while a trial was shown, as the browser logged it.

An answer counts whatever came with it: an odd entry, from an extension or a clock that was set, must not cost the
answer, which the browser would drop if it were refused. So entries that cannot be are left out, one by one.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

# As measures.js, where no other event takes the place of a flip.
MOST_EVENTS = 500
MOST_FLIPS = 5000

# Milliseconds since the first painted frame, name, detail. Printable letters only: PostgreSQL's JSON has no NUL.
TrialEvent = tuple[
    Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)],
    Literal["flip", "blur", "focus", "visibility", "resize"],
    Annotated[str, Field(pattern=r"^[ -~]{0,40}$")],
]
# Lists are what JSON has in place of tuples.
_event = TypeAdapter(TrialEvent, config=ConfigDict(strict=True))


def logged_events(sent: object) -> list[list[Any]]:
    """The events that can be, of whatever the browser sent as ``events``: the first 5000 flips and 500 others."""
    listed = sent[: MOST_FLIPS + MOST_EVENTS] if isinstance(sent, list) else []
    room = {True: MOST_FLIPS, False: MOST_EVENTS}
    kept = []
    for event in _valid_events(listed):
        is_flip = event[1] == "flip"
        if room[is_flip]:
            room[is_flip] -= 1
            kept.append(event)
    return kept


def _valid_events(listed: list[Any]) -> Iterable[list[Any]]:
    for one in listed:
        try:
            yield list(_event.validate_python(tuple(one) if isinstance(one, list) else one))
        except ValidationError:
            continue
