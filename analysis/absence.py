"""A result that does not exist, with the reason: no number is better than a number that means nothing."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Absent:
    """Stands where a result would, and says in one sentence why there is none."""

    why: str
