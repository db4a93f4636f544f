"""Who may see a study and its data."""

from collections.abc import Collection

from django.contrib.auth.models import User
from django.db import transaction

from studyapp.models import Study
from studyapp.services.events import EventName, record


class UnknownResearcherError(ValueError):
    """Somebody who was named has no account of the staff; the message says who, and how to make one."""


def staff_named(logins: Collection[str]) -> list[User]:
    """The accounts with these logins.

    Raises:
        UnknownResearcherError: there is none with one of them, or it is not of the staff.
    """
    found = {user.username: user for user in User.objects.filter(username__in=logins, is_active=True, is_staff=True)}
    missing = [login for login in logins if login not in found]
    if missing:
        raise UnknownResearcherError(
            f"There is no staff account {missing[0]!r}; make one in the admin, with 'Staff status', and run this again."
        )
    return list(found.values())


@transaction.atomic
def researchers_add(*, study: Study, researchers: Collection[User], by: str = "") -> None:
    """Let these people see the study; whom the study has already is not added again.

    Args:
        study: that they may see.
        researchers: accounts of the staff.
        by: login of who gives the permission; empty for a command.
    """
    new = set(researchers) - set(study.researchers.all())
    if new:
        study.researchers.add(*new)
        record_researchers(study=study, by=by)


def record_researchers(*, study: Study, by: str) -> None:
    """Write down who may see the study from now on."""
    logins = sorted(study.researchers.values_list("username", flat=True))
    record(study=study, name=EventName.RESEARCHERS_CHANGED, data={"researchers": logins}, by=by)
