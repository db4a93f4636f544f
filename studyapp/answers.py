"""What the browser sends for one trial, read at the border.

The answer itself must be whole. What was measured beside it may hold anything, because the browser would drop an answer
that is refused: it is read as far as it can be, and looked through elsewhere.
"""

import json
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

# No figure that is asked for has more; Python refuses to read some thousands.
MOST_DIGITS = 100


class UnreadableError(ValueError):
    """What arrived is not JSON, so it cannot be what the browser sent."""


class Answer(BaseModel):
    """The answer to one trial."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    trial: UUID
    client_id: UUID
    choice: Literal["left", "right"]
    confidence: Annotated[int, Field(ge=1, le=3)]
    # Eleven days: longer than anyone leaves a trial open, and a number that can be computed with.
    rt_ms: Annotated[float, Field(ge=0, le=1e9)]


def read_answer(body: bytes) -> tuple[Answer, object, object]:
    """The answer, and what came with it as ``data`` and as ``events``.

    Raises:
        UnreadableError: this is empty, cut off or otherwise no JSON.
        ValueError: this is JSON, but not an answer.
    """
    try:
        sent = json.loads(body, parse_int=_whole)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except ValueError as error:
        raise UnreadableError("not JSON") from error
    if not isinstance(sent, dict):
        raise ValueError("not an object")
    data, events = sent.pop("data", None), sent.pop("events", None)
    return Answer.model_validate_json(json.dumps(sent)), data, events


def _whole(digits: str) -> int | None:
    return int(digits) if len(digits) <= MOST_DIGITS else None
