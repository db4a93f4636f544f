"""Who a person is to the recruiter that sent them, as the address of the study says it."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from stimuli.protocol import RecruitmentTable

# What panels write into an address where they forgot to fill in an id: {{%PROLIFIC_PID%}}, %SURVEY_CODE%, {id}.
_PLACEHOLDER = re.compile(r"[{%].*[%}]")
_MAX_LENGTH = 200


@dataclass(frozen=True)
class Arrival:
    """The recruiter's ids of a person and of this submission. Personal data: stored apart, never logged or exported.

    The rest is no part of who it is: until when (in seconds since 1970) the panel's signature says so, where it has
    one; whether our own form carried the ids here instead of the panel's address; and whether on its way it stood in an
    address, where others may have found it.
    """

    external_id: str
    session_id: str = ""
    valid_until: int | None = field(default=None, compare=False)
    carried: bool = field(default=False, compare=False)
    exposed: bool = field(default=False, compare=False)

    @property
    def is_over(self) -> bool:
        """Whether the panel's signature held once and does no more."""
        return self.valid_until is not None and time.time() > self.valid_until


class ArrivalError(ValueError):
    """The address does not say, as its source must, who comes: the study has to be entered from the panel's page."""


class UnverifiedError(ArrivalError):
    """The address is not signed as it must be: it was changed, is too old, or comes from somewhere else."""


class UnavailableError(ArrivalError):
    """Whether the address is signed cannot be found out at the moment; a later attempt may succeed."""


# How a source reads the parameters of an address. None is a person without an id, where none is needed.
Source = Callable[[Mapping[str, str], RecruitmentTable], Arrival | None]


def required(parameters: Mapping[str, str], *names: str) -> str:
    """The id in the first of these parameters that is there.

    Raises:
        ArrivalError: none is, or it holds no id.
    """
    value = next((parameters[name] for name in names if name in parameters), "")
    if not _is_id(value):
        raise ArrivalError(f"no id in {' or '.join(names)}")
    return value


def optional(parameters: Mapping[str, str], name: str) -> str:
    """The id in this parameter, or nothing."""
    value = parameters.get(name, "")
    return value if _is_id(value) else ""


def _is_id(value: str) -> bool:
    """Whether this can name somebody: a placeholder would make one person of all."""
    return 0 < len(value) <= _MAX_LENGTH and value.isprintable() and not _PLACEHOLDER.fullmatch(value)
