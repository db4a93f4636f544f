"""Closing the enrolment of a study, and opening it again."""

from django.db import transaction
from django.utils import timezone

from studyapp.models import Study
from studyapp.services.events import EventName, record


@transaction.atomic
def study_close(*, study: Study, by: str) -> None:
    """Enrol nobody new from now on; who is enrolled can go on. A closed study stays as it is.

    Args:
        study: to be closed.
        by: login of the researcher.
    """
    # The lock of enrolment: whoever holds it is enrolled, whoever waits for it finds the study closed.
    locked = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    if locked.closed_at is None:
        Study.objects.filter(pk=study.pk).update(closed_at=timezone.now())
        record(study=study, name=EventName.CLOSED, by=by)


@transaction.atomic
def study_open(*, study: Study, by: str) -> None:
    """Enrol people again; an open study stays as it is.

    Args:
        study: to be opened.
        by: login of the researcher.
    """
    locked = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    if locked.closed_at is not None:
        Study.objects.filter(pk=study.pk).update(closed_at=None)
        record(study=study, name=EventName.OPENED, by=by)
