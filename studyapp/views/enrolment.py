"""From the study's public link to the participant's personal one."""

import uuid

from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from studyapp.models import Participant, Study
from studyapp.services.participation import participant_enrol
from studyapp.text import paragraphs

COOKIE_SALT = "studyapp.participant"
COOKIE_SECONDS = 90 * 24 * 60 * 60


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def consent(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the consent text; enrol who agrees. Who enrolled with this browser before is led back to the session."""
    study = get_object_or_404(Study, slug=slug)
    participant = _remembered(request, study)
    if participant:
        return redirect("session", token=participant.token)
    if request.method != "POST":
        return _consent_page(request, study)
    if request.POST.get("answer") == "decline":
        return redirect("declined", slug=slug)
    if request.POST.get("answer") != "agree":
        return HttpResponseBadRequest("The form was sent without an answer.", content_type="text/plain")
    try:
        client_id = uuid.UUID(request.POST.get("client_id", ""))
    except ValueError:
        return HttpResponseBadRequest("The form was sent without its id.", content_type="text/plain")
    participant = participant_enrol(study=study, client_id=client_id)
    response = redirect("session", token=participant.token)
    _remember(request, response, participant)
    return response


@never_cache
@require_safe
def declined(request: HttpRequest, slug: str) -> HttpResponse:
    """Part kindly with who does not agree. Nothing was stored."""
    return render(request, "studyapp/declined.html", {"study": get_object_or_404(Study, slug=slug)})


def _consent_page(request: HttpRequest, study: Study) -> HttpResponse:
    """The text and its form, which carries an id so that sending it twice enrols once."""
    context = {"study": study, "paragraphs": paragraphs(study.plan.consent.text), "client_id": uuid.uuid4()}
    return render(request, "studyapp/consent.html", context)


def _cookie_name(study: Study) -> str:
    return f"participant_{study.pk}"


def _remembered(request: HttpRequest, study: Study) -> Participant | None:
    """The participant whose token stands in this browser's signed cookie."""
    try:
        token = request.get_signed_cookie(_cookie_name(study), salt=COOKIE_SALT)
    except (KeyError, BadSignature):
        return None
    return study.participants.filter(token=token).first()


def _remember(request: HttpRequest, response: HttpResponse, participant: Participant) -> None:
    """Keep the token in this browser, out of reach of scripts and of other sites."""
    response.set_signed_cookie(
        _cookie_name(participant.study),
        participant.token,
        salt=COOKIE_SALT,
        max_age=COOKIE_SECONDS,
        path=request.path,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
