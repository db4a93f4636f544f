"""Which studies a member of the staff may see.

The gallery and the images themselves are open to all staff: they belong to pools, which several studies share, and
show nothing of any participant.
"""

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet

from studyapp.models import Study


def studies_of(user: User | AnonymousUser) -> QuerySet[Study]:
    """The studies whose researcher this person is; all of them for a superuser, none for who is not of the staff."""
    if not user.is_active or not user.is_staff:
        return Study.objects.none()
    return Study.objects.all() if user.is_superuser else Study.objects.filter(researchers=user.pk)
