"""The log of what happened in a study."""

from typing import Any

from studyapp.models import Event, Participant, Study


def record(
    *, study: Study, name: str, participant: Participant | None = None, data: dict[str, Any] | None = None, by: str = ""
) -> None:
    """Write down something that happened; it can never be changed."""
    Event.objects.create(study=study, participant=participant, name=name, data=data or {}, by=by)
