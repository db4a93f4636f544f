"""The personal link: the participant's current page, its images, and the answers sent from it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from stimuli.renditions import web_widths
from studyapp.explanations import wording
from studyapp.models import Ending, Participant, Trial
from studyapp.selectors import current_trial, phase_progress, reference_panels, slot_image
from studyapp.services.progress import instructions_read
from studyapp.tasks.registry import task_of
from studyapp.text import paragraphs
from studyapp.views.memory import remember
from studyapp.views.personal_link import participant_of
from studyapp.views.withdrawal import withdrawn_page


@never_cache
@require_safe
def current_page(request: HttpRequest, token: str) -> HttpResponse:
    """Instructions, a trial or the thanks: whatever comes next for this participant."""
    participant = participant_of(token)
    if participant.ended_as == Ending.WITHDRAWN:
        return withdrawn_page(request, participant)
    trial = current_trial(participant)
    if participant.instructions_read_at is None:
        page = _instructions_page(request, participant)
    elif trial:
        page = _trial_page(request, trial)
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


def _trial_page(request: HttpRequest, trial: Trial) -> HttpResponse:
    study = trial.participant.study
    table = study.plan.stimuli.files
    task = task_of(trial)
    left = slot_image(trial, "left")
    assert left is not None
    context = {
        "study": study,
        "participant": trial.participant,
        "trial": trial,
        "progress": phase_progress(trial),
        "task": task,
        "panels": reference_panels(trial),
        "wording": wording(trial.condition, study.plan),
        "image_format": table.format,
        "widths": web_widths(table, left.pool.image_size),
    }
    return render(request, task.template, context)


def _thanks_page(request: HttpRequest, participant: Participant) -> HttpResponse:
    study = participant.study
    context = {"study": study, "participant": participant, "paragraphs": paragraphs(study.plan.completion.text)}
    return render(request, "studyapp/thanks.html", context)
