"""The cookie by which a browser finds its way back to a session from the study's public link."""

from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from studyapp.models import Participant, Study

SALT = "studyapp.participant"
SECONDS = 90 * 24 * 60 * 60


def remembered(request: HttpRequest, study: Study) -> Participant | None:
    """The participant whose token stands in this browser's signed cookie."""
    try:
        token = request.get_signed_cookie(_name(study), salt=SALT)
    except (KeyError, BadSignature):
        return None
    return study.participants.filter(token=token).first()


def remember(request: HttpRequest, response: HttpResponse, participant: Participant) -> None:
    """Keep the token in this browser, out of reach of scripts and of other sites."""
    response.set_signed_cookie(
        _name(participant.study),
        participant.token,
        salt=SALT,
        max_age=SECONDS,
        path=reverse("consent", kwargs={"slug": participant.study.slug}),
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )


def forget(response: HttpResponse, study: Study) -> None:
    """Let this browser forget the participant."""
    response.delete_cookie(_name(study), path=reverse("consent", kwargs={"slug": study.slug}), samesite="Lax")


def _name(study: Study) -> str:
    return f"participant_{study.pk}"
