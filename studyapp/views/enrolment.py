"""From the study's public link to the participant's personal one: who comes, on what device, with what consent."""

import uuid
from collections.abc import Mapping
from dataclasses import replace

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from studyapp.language import speak
from studyapp.models import Participant, Study
from studyapp.places import has_place
from studyapp.recruitment.arrival import Arrival, ArrivalError, UnavailableError, UnverifiedError
from studyapp.recruitment.carrying import FIELD, carried_arrival, signed_arrival
from studyapp.recruitment.links import link_for_arrival
from studyapp.recruitment.sources import arrival_from
from studyapp.services.enrolment import (
    NoPlaceError,
    TookPartError,
    consent_decline,
    participant_enrol,
    participant_return,
    person_refused,
)
from studyapp.text import paragraphs
from studyapp.views.limited import limited_enrolment
from studyapp.views.memory import remembered


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@limited_enrolment
def consent(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the consent text; enrol who agrees. Who is enrolled already is led back to the session, or told so."""
    study = speak(get_object_or_404(Study, slug=slug))
    try:
        arrival = _arrival(request, study)
    except ArrivalError as error:
        return _not_from_panel(request, study, error)
    if request.method == "POST":
        return _decide(request, study, arrival)
    participant = _known(request, study, arrival)
    if participant is None:
        return _consent_page(request, study, arrival) if has_place(study) else _full(request, study, arrival)
    if _is_refused(request, arrival, participant):
        return _took_part(request, study)
    if request.method != "HEAD":  # a program that asks what there is, as the preview of a link does, is not the person
        participant_return(participant=participant)
    return redirect("session", token=participant.token)


@never_cache
@require_safe
def declined(request: HttpRequest, slug: str) -> HttpResponse:
    """Part kindly with who does not agree. Nothing about the person was stored."""
    study = speak(get_object_or_404(Study, slug=slug))
    carried = request.GET.get(FIELD, "")
    try:
        arrival = carried_arrival(study, carried)
    except ArrivalError:
        arrival, carried = None, ""
    link = link_for_arrival(study.plan.recruitment.declined_url, arrival)
    back = _with_arrival(reverse("consent", kwargs={"slug": slug}), carried)
    return render(request, "studyapp/declined.html", {"study": study, "link": link, "back": back})


def _arrival(request: HttpRequest, study: Study) -> Arrival | None:
    """Who comes: as the panel's address says it, or as our own pages carried it from there.

    Raises:
        ArrivalError: neither does.
    """
    if request.method == "POST":
        return carried_arrival(study, request.POST.get(FIELD, ""))
    parameters: Mapping[str, str] = request.GET.dict()
    if FIELD in parameters:
        try:
            arrival = carried_arrival(study, parameters[FIELD])
        except ArrivalError:
            pass  # a panel may have a parameter of this name
        else:
            if arrival is None or not arrival.is_over:
                return arrival and replace(arrival, exposed=True)
    return arrival_from(parameters, study.plan.recruitment)


def _known(request: HttpRequest, study: Study, arrival: Arrival | None) -> Participant | None:
    """Who enrolled before: by the recruiter's id, since a laboratory's browser is shared; without one by the cookie.

    Ids that our own form carried lead to no session but in the browser that remembers it: an address with them in it
    may be found in a browser's history, or sent to somebody.
    """
    here = remembered(request, study)
    if arrival is None:
        return here
    known = study.participants.filter(identity__external_id=arrival.external_id).select_related("study").first()
    return None if arrival.carried and known != here else known


def _is_refused(request: HttpRequest, arrival: Arrival | None, participant: Participant) -> bool:
    """Whether the protocol has somebody refused who is enrolled: a person with an id, unless a session goes on here."""
    refuses = arrival is not None and participant.study.plan.recruitment.returning == "refuse"
    return refuses and not _is_at_it(request, participant)


def _is_at_it(request: HttpRequest, participant: Participant) -> bool:
    """Whether somebody comes from a session that is not over, in the browser in which it was begun."""
    over = participant.ended_as or participant.completed_at or participant.released_at
    return not over and remembered(request, participant.study) == participant


def _decide(request: HttpRequest, study: Study, arrival: Arrival | None) -> HttpResponse:
    """Do what the consent form says. Where this browser enrolled the person before, agreeing leads on.

    Raises:
        BadRequest: what was sent is not the form of our page.
    """
    enrolled = _known(request, study, arrival)
    answer = request.POST.get("answer")
    if answer not in ("agree", "decline"):
        raise BadRequest("The form was sent without an answer.")
    try:
        client_id = uuid.UUID(request.POST.get("client_id", ""))
    except ValueError:
        raise BadRequest("The form was sent without its id.") from None
    if answer == "decline":
        consent_decline(study=study, client_id=client_id)
        if enrolled:  # in another window: what was agreed to there is taken back on the page that says what goes
            return redirect("withdraw", token=enrolled.token)
        address = reverse("declined", kwargs={"slug": study.slug})
        return redirect(_with_arrival(address, request.POST.get(FIELD, "") if arrival else ""))
    if enrolled and not _is_refused(request, arrival, enrolled):
        return redirect("session", token=enrolled.token)
    try:
        participant = participant_enrol(study=study, client_id=client_id, arrival=arrival)
    except UnverifiedError as error:
        return _not_from_panel(request, study, error)
    except (TookPartError, NoPlaceError) as reason:
        person_refused(study=study, reason=reason)
        return _took_part(request, study) if isinstance(reason, TookPartError) else _full(request, study, arrival)
    return redirect("session", token=participant.token)


def _with_arrival(address: str, carried: str) -> str:
    return f"{address}?{FIELD}={carried}" if carried else address


def _consent_page(request: HttpRequest, study: Study, arrival: Arrival | None) -> HttpResponse:
    """The text and its form, which carries an id so that sending it twice enrols once."""
    context = {
        "study": study,
        "paragraphs": paragraphs(study.plan.consent.text),
        "client_id": uuid.uuid4(),
        "arrival": signed_arrival(study, arrival),
        "device": study.plan.device,
    }
    return render(request, "studyapp/consent.html", context)


def _took_part(request: HttpRequest, study: Study) -> HttpResponse:
    return render(request, "studyapp/took_part.html", {"study": study})


def _full(request: HttpRequest, study: Study, arrival: Arrival | None) -> HttpResponse:
    link = link_for_arrival(study.plan.recruitment.quota_url, arrival)
    return render(request, "studyapp/full.html", {"study": study, "link": link, "closed": study.closed_at is not None})


def _not_from_panel(request: HttpRequest, study: Study, error: ArrivalError) -> HttpResponse:
    context = {"study": study, "unverified": isinstance(error, UnverifiedError)}
    if isinstance(error, UnavailableError):
        return render(request, "studyapp/unavailable.html", context, status=503)
    return render(request, "studyapp/not_from_panel.html", context, status=403)
