"""The data of an answer against the fields that its task declares."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime

from analysis.columns import Column, Kind

Value = str | int | float | bool
LONGEST_TEXT = 10_000


class DataError(ValueError):
    """A value does not fit its field; the message says which, in one sentence."""


def checked(fields: Sequence[Column], data: Mapping[str, object]) -> dict[str, Value]:
    """The values by field name; fields that were left out or are null are missing in it.

    Raises:
        DataError: a value is not of its field's kind or out of its bounds, a field is not declared, or one that is not
            optional is missing.
    """
    known = {field.name: field for field in fields}
    unknown = [name for name in data if name not in known]
    if unknown:
        raise DataError(f"The task declares no field {unknown[0]!r}.")
    found: dict[str, Value] = {}
    for field in fields:
        value = data.get(field.name)
        if value is not None:
            found[field.name] = _checked(field, value)
        elif not field.optional:
            raise DataError(f"The field {field.name} is missing.")
    return found


def _checked(field: Column, value: object) -> Value:
    match field.kind, value:
        case Kind.BOOLEAN, bool():
            return value
        case Kind.INTEGER, int() if not isinstance(value, bool):
            return _within(field, value)
        case Kind.REAL, int() | float() if not isinstance(value, bool) and math.isfinite(value):
            return _within(field, value)
        case Kind.CHOICE, str() if value in field.choices:
            return value
        case Kind.TEXT, str() if len(value) <= LONGEST_TEXT and "\0" not in value:
            return value
        case Kind.TIME, str() if _is_time(value):
            return value
    raise DataError(f"The field {field.name} holds what is not {_WANTED[field.kind]}.")


_WANTED = {
    Kind.BOOLEAN: "true or false",
    Kind.INTEGER: "a whole number",
    Kind.REAL: "a finite number",
    Kind.CHOICE: "one of its choices",
    Kind.TEXT: f"text of at most {LONGEST_TEXT} characters",
    Kind.TIME: "a time with its offset",
}


def _within(field: Column, value: int | float) -> int | float:
    if (field.low is not None and value < field.low) or (field.high is not None and value > field.high):
        raise DataError(f"The field {field.name} holds a number out of its bounds.")
    return value


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
