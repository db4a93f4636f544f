"""What the browser measured beside an answer.

An answer counts whatever came with it: an odd figure, from an extension or a clock that was set, must not cost the
answer, which the browser would drop if it were refused. So what cannot be is left out, figure by figure, and an empty
cell of the export says that it was not measured.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, ValidatorFunctionWrapHandler
from pydantic.functional_validators import WrapValidator

MOST_EVENTS = 500


def _or_none(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    """The value if it can be, else None."""
    try:
        return validate(value)
    except ValidationError:
        return None


# At most eleven days in milliseconds; no NaN, which is no JSON.
Milliseconds = Annotated[float | None, Field(ge=0, le=1e9, allow_inf_nan=False), WrapValidator(_or_none)]
Count = Annotated[int | None, Field(ge=0, le=1_000_000), WrapValidator(_or_none)]
Pixels = Annotated[int | None, Field(ge=1, le=100_000), WrapValidator(_or_none)]
Ratio = Annotated[float | None, Field(gt=0, le=100, allow_inf_nan=False), WrapValidator(_or_none)]


class Measurements(BaseModel):
    """The data fields that every task's trial has; those that were not measured are None.

    Attributes:
        images_ms: from the page's start, or from the answer before, to all images decoded.
        frame_ms: the median interval between two frames while the trial was shown.
        blurs: how often the window lost the focus.
        hidden_ms: how long the page was hidden.
        resizes: how often the window's size changed.
        flips: how often a reference, or all of them, changed between the original and its explanation.
        original_ms: how long an original was shown in place of its explanation.
        device_pixel_ratio: device pixels in a CSS pixel.
        viewport_width: of the window, in CSS pixels.
        viewport_height: of the window, in CSS pixels.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    images_ms: Milliseconds = None
    frame_ms: Milliseconds = None
    blurs: Count = None
    hidden_ms: Milliseconds = None
    resizes: Count = None
    flips: Count = None
    original_ms: Milliseconds = None
    device_pixel_ratio: Ratio = None
    viewport_width: Pixels = None
    viewport_height: Pixels = None


# Milliseconds since the first painted frame, name, detail. Printable letters only: PostgreSQL's JSON has no NUL.
TrialEvent = tuple[
    Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)],
    Literal["flip", "blur", "focus", "visibility", "resize"],
    Annotated[str, Field(pattern=r"^[ -~]{0,40}$")],
]
# Lists are what JSON has in place of tuples.
_event = TypeAdapter(TrialEvent, config=ConfigDict(strict=True))


def measured_data(sent: object) -> dict[str, float]:
    """The figures that can be, of whatever the browser sent as ``data``."""
    fields = {str(name): value for name, value in sent.items()} if isinstance(sent, dict) else {}
    return Measurements.model_validate(fields).model_dump(exclude_none=True)


def measured_events(sent: object) -> list[list[Any]]:
    """The events that can be, of whatever the browser sent as ``events``; at most the first 500."""
    listed = sent[:MOST_EVENTS] if isinstance(sent, list) else []
    return list(_valid_events(listed))


def _valid_events(listed: list[Any]) -> Iterable[list[Any]]:
    for one in listed:
        try:
            yield list(_event.validate_python(tuple(one) if isinstance(one, list) else one))
        except ValidationError:
            continue
