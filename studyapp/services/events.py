"""The log of a study: what happened, written once."""

from collections.abc import Mapping

from django.db import connection, models, transaction

from studyapp.models import Event, Participant, Study


class EventName(models.TextChoices):
    """Everything that the log can say. A name that stands in a log is never given another meaning."""

    # Of participants.
    ENROLLED = "enrolled"
    DECLINED = "declined"
    QUIZ_PASSED = "quiz_passed"
    QUIZ_FAILED = "quiz_failed"
    PRACTICE_PASSED = "practice_passed"
    PRACTICE_FAILED = "practice_failed"
    SCREENED_OUT = "screened_out"
    QUOTA_FULL = "quota_full"
    RESUMED = "resumed"
    REFUSED = "refused"
    RELEASED = "released"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"
    # Of researchers.
    CLOSED = "closed"
    OPENED = "opened"
    RESEARCHERS_CHANGED = "researchers_changed"
    EXPORT_DOWNLOADED = "export_downloaded"


def record(
    *,
    study: Study,
    name: str,
    participant: Participant | None = None,
    data: Mapping[str, object] | None = None,
    by: str = "",
) -> Event:
    """Write one event; like everything of its transaction, it stands only if that is committed.

    Args:
        study: in which it happened.
        name: one of :class:`EventName`.
        participant: whom it concerns, if one.
        data: what else is to be known. Nothing personal: events stay when personal data goes.
        by: login of the researcher who did it, if one did.

    Raises:
        ValueError: the name is not a known one.
    """
    return Event.objects.create(
        study=study, name=EventName(name), participant=participant, data=dict(data or {}), by=by
    )


@transaction.atomic
def forget(*, participant: Participant) -> None:
    """Delete the events of one who withdraws, whose answers go too; the withdrawal itself is recorded afterwards.

    The database lets them go only here: of who is marked as withdrawn, and named in a setting of this transaction.
    """
    _name(str(participant.pk))
    Event.objects.filter(participant=participant).delete()
    _name("")


def _name(participant: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('quiddity.forget_participant', %s, true)", [participant])
