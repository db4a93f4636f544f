"""Whoever has the link: nobody is known."""

from collections.abc import Mapping

from stimuli.protocol import RecruitmentTable


def arrive(parameters: Mapping[str, str], table: RecruitmentTable) -> None:
    """Nobody sent this person, whatever the address holds."""
    del parameters, table
