"""From the study's public link to the participant's personal one."""

import uuid

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from studyapp.models import Study
from studyapp.services.enrolment import participant_enrol
from studyapp.text import paragraphs
from studyapp.views.limited import limited_enrolment
from studyapp.views.memory import remembered


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@limited_enrolment
def consent(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the consent text; enrol who agrees. Who enrolled with this browser before is led back to the session."""
    study = get_object_or_404(Study, slug=slug)
    participant = remembered(request, study)
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
    return redirect("session", token=participant.token)


@never_cache
@require_safe
def declined(request: HttpRequest, slug: str) -> HttpResponse:
    """Part kindly with who does not agree. Nothing was stored."""
    return render(request, "studyapp/declined.html", {"study": get_object_or_404(Study, slug=slug)})


def _consent_page(request: HttpRequest, study: Study) -> HttpResponse:
    """The text and its form, which carries an id so that sending it twice enrols once."""
    context = {"study": study, "paragraphs": paragraphs(study.plan.consent.text), "client_id": uuid.uuid4()}
    return render(request, "studyapp/consent.html", context)
