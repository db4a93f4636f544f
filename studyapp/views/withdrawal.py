"""Withdrawing by the personal link, at any time."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from studyapp.models import Ending, Participant
from studyapp.recruitment.links import way_out
from studyapp.services.withdrawal import participant_withdraw
from studyapp.views.memory import forget
from studyapp.views.personal_link import participant_of


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, token: str) -> HttpResponse:
    """Say what withdrawing does and ask for confirmation; do it once that is given."""
    participant = participant_of(token)
    if request.method == "POST":
        participant_withdraw(participant=participant)
        return redirect("session", token=token)
    if participant.ended_as == Ending.WITHDRAWN:
        return redirect("session", token=token)
    context = {"study": participant.study, "participant": participant, "keeps": _keeps(participant)}
    return render(request, "studyapp/withdraw.html", context)


def withdrawn_page(request: HttpRequest, participant: Participant) -> HttpResponse:
    """What the personal link shows from then on. The browser forgets the participant."""
    context = {
        "study": participant.study,
        "participant": participant,
        "keeps": _keeps(participant),
        "link": way_out(participant),
    }
    page = render(request, "studyapp/withdrawn.html", context)
    forget(page, participant.study)
    return page


def _keeps(participant: Participant) -> bool:
    return participant.study.plan.consent.on_withdrawal == "keep"
