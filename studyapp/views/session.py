"""The personal link: the participant's current page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from studyapp.models import Participant
from studyapp.selectors import current_trial
from studyapp.services.progress import instructions_read
from studyapp.text import paragraphs
from studyapp.views.memory import remember
from studyapp.views.personal_link import participant_of
from studyapp.views.trials import trial_page


@never_cache
@require_safe
def current_page(request: HttpRequest, token: str) -> HttpResponse:
    """Instructions, a trial or the thanks: whatever comes next for this participant."""
    participant = participant_of(token)
    trial = current_trial(participant)
    if participant.instructions_read_at is None:
        page = _instructions_page(request, participant)
    elif trial:
        page = trial_page(request, trial)
    else:
        page = _thanks_page(request, participant)
    # Also where the personal link was opened on another device: its public link must not enrol the person again.
    remember(request, page, participant)
    return page


@require_POST
def leave_instructions(request: HttpRequest, token: str) -> HttpResponse:
    """Go on from the instructions to the first trial."""
    instructions_read(participant=participant_of(token))
    return redirect("session", token=token)


def _instructions_page(request: HttpRequest, participant: Participant) -> HttpResponse:
    study = participant.study
    context = {
        "study": study,
        "participant": participant,
        "paragraphs": paragraphs(study.plan.instructions.text),
    }
    return render(request, "studyapp/instructions.html", context)


def _thanks_page(request: HttpRequest, participant: Participant) -> HttpResponse:
    study = participant.study
    context = {"study": study, "participant": participant, "paragraphs": paragraphs(study.plan.completion.text)}
    return render(request, "studyapp/thanks.html", context)
