"""The data of an answer against the fields that its task declares.

An answer counts whatever came with it: an odd figure, from an extension or a clock that was set, must not cost the
answer, which the browser would drop if it were refused. So what does not fit is left out, value by value, and an empty
cell of the export says that it is not known.
"""

import math
import re
from collections.abc import Sequence
from datetime import datetime

from analysis.columns import Column, Kind

Value = str | int | float | bool
LONGEST_TEXT = 10_000
# Of a field without bounds: whole numbers beyond it are not read from an export.
MOST = 1e17


def sifted(fields: Sequence[Column], sent: object) -> dict[str, Value]:
    """Of whatever was sent the values that fit, by the names of their fields; nothing that is not declared."""
    if not isinstance(sent, dict):
        return {}
    fitting = ((field.name, fitted(field, sent.get(field.name))) for field in fields)
    return {name: value for name, value in fitting if value is not None}


def fitted(field: Column, value: object) -> Value | None:
    """The value if it is of the field's kind and within its bounds."""
    match field.kind, value:
        case Kind.BOOLEAN, bool():
            return value
        case Kind.INTEGER, int() if not isinstance(value, bool) and _is_within(field, value):
            return value
        case Kind.REAL, int() | float() if not isinstance(value, bool) and _is_within(field, value):
            return float(value)
        case Kind.CHOICE, str() if value in field.choices:
            return value
        case Kind.TEXT, str() if value.strip() and len(value) <= LONGEST_TEXT and _can_be_stored(value):
            return value
        case Kind.TIME, str() if _is_time(value):
            return value
        case Kind.SHA256, str() if re.fullmatch(r"[0-9a-f]{64}", value):
            return value
    return None


def _is_within(field: Column, value: int | float) -> bool:
    if isinstance(value, float) and not math.isfinite(value):
        return False
    low, high = (-MOST if field.low is None else field.low), (MOST if field.high is None else field.high)
    return low <= value <= high


def _can_be_stored(text: str) -> bool:
    """PostgreSQL's JSON has neither NUL nor half of a pair of UTF-16."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _is_time(text: str) -> bool:
    try:
        # Any letter may stand between date and time.
        return datetime.fromisoformat(text).tzinfo is not None and _can_be_stored(text)
    except ValueError:
        return False
