"""The log of a study: what happened, written once."""

from collections.abc import Mapping

from studyapp.models import Event, Participant, Study


def record(
    *,
    study: Study,
    name: str,
    participant: Participant | None = None,
    data: Mapping[str, object] | None = None,
    by: str = "",
) -> Event:
    """Write one event; like everything of its transaction, it stands only if that is committed."""
    return Event.objects.create(study=study, name=name, participant=participant, data=dict(data or {}), by=by)
