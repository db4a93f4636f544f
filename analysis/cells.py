"""One cell of an export: its text, checked against its column and turned into a value."""

import math
import re
import unicodedata
from datetime import UTC, datetime

from analysis.columns import Column, Kind

Value = str | int | float | bool | datetime

# Python's own int() and float() also take "1_000", " 1" and "nan"; an export never holds those.
_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)  # 18 digits always fit in 64 bits
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
# No response was stored before or is stored after; and pandas counts nanoseconds within these years.
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_REAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class CellError(ValueError):
    """The cell does not fit its column; the message continues a sentence that begins with the column's name."""


def parse_cell(column: Column, text: str) -> Value | None:
    """Return the value of ``text`` in ``column``; ``None`` for an empty cell of an optional column.

    Raises:
        CellError: the cell is empty though it may not be, of another kind, out of range or not a choice.
    """
    if not text.strip():
        if column.optional:
            return None
        raise CellError("is empty; every row needs a value here")
    match column.kind:
        case Kind.TEXT:
            return text if column.free else _name(text)
        case Kind.SHA256:
            return _sha256(text)
        case Kind.CHOICE:
            return _choice(column, text)
        case Kind.BOOLEAN:
            return _boolean(text)
        case Kind.TIME:
            return _time(text)
        case Kind.INTEGER:
            return _integer(column, text)
        case Kind.REAL:
            return _real(column, text)


def _name(text: str) -> str:
    """What groups are made by: what looks like another name must not be a group of its own."""
    if text != text.strip():
        raise CellError(f"is {text!r}, with a blank at its beginning or end; remove it")
    if not text.isprintable():
        raise CellError(f"is {text!r}, which holds a character that cannot be seen; remove it")
    if not unicodedata.is_normalized("NFC", text):
        raise CellError(f"is {text!r}, with an accent written as a character of its own; write both as one (NFC)")
    return text


def _sha256(text: str) -> str:
    if not _SHA256.fullmatch(text):
        raise CellError(f"is {text!r}, which is not a SHA-256: 64 digits, 0 to 9 and a to f")
    return text


def _choice(column: Column, text: str) -> str:
    if text not in column.choices:
        raise CellError(f"is {text!r}, which is not one of {', '.join(column.choices)}")
    return text


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise CellError(f"is {text!r}, which is neither true nor false")
    return text == "true"


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise CellError(f"is {text!r}, which is not a time such as 2026-03-14T15:09:26+00:00") from error
    if time.tzinfo is None:
        raise CellError(f"is {text!r}, a time without its offset; write it as 2026-03-14T15:09:26+00:00")
    if not EARLIEST <= time <= LATEST:
        raise CellError(f"is {text!r}, which is not between {EARLIEST.year} and {LATEST.year}")
    return time


def _integer(column: Column, text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise CellError(f"is {text!r}, which is not a whole number")
    number = int(text)
    _check_range(column, number, text)
    return number


def _real(column: Column, text: str) -> float:
    if not _REAL.fullmatch(text) or not math.isfinite(float(text)):
        raise CellError(f"is {text!r}, which is not a finite number")
    number = float(text)
    _check_range(column, number, text)
    return number


def _check_range(column: Column, number: float, text: str) -> None:
    if column.low is not None and number < column.low:
        raise CellError(f"is {text}, which is less than the least value, {column.low:g}")
    if column.high is not None and number > column.high:
        raise CellError(f"is {text}, which is more than the greatest value, {column.high:g}")
