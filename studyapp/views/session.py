"""The personal link: the participant's current page, its images, and the answers sent from it."""

import re
from typing import Annotated, Literal
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stimuli.renditions import web_file, web_widths
from studyapp.explanations import wording
from studyapp.models import Participant, Trial
from studyapp.selectors import current_trial, phase_progress, reference_panels, slot_image
from studyapp.services.participation import ResponseRefusedError, instructions_read, response_record
from studyapp.text import paragraphs
from studyapp.views.memory import remember
from studyapp.views.pictures import picture


class Answer(BaseModel):
    """What the browser sends for one trial."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    trial: UUID
    client_id: UUID
    choice: Literal["left", "right"]
    confidence: Annotated[int, Field(ge=1, le=3)]
    # Eleven days: longer than anyone leaves a trial open, and a number that can be computed with.
    rt_ms: Annotated[float, Field(ge=0, le=1e9)]


@never_cache
@require_safe
def current_page(request: HttpRequest, token: str) -> HttpResponse:
    """Instructions, a trial or the thanks: whatever comes next for this participant."""
    participant = _participant(token)
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
    instructions_read(participant=_participant(token))
    return redirect("session", token=token)


@require_POST
def record_response(request: HttpRequest, token: str) -> HttpResponseBase:
    """Store one answer and acknowledge it; the browser sends it again until it reads the acknowledgement."""
    participant = _participant(token)
    try:
        answer = Answer.model_validate_json(request.body)
    except ValidationError:
        return JsonResponse({"error": "This is not an answer to a trial."}, status=400)
    try:
        acknowledgement = response_record(
            participant=participant,
            trial_id=answer.trial,
            client_id=answer.client_id,
            choice=answer.choice,
            confidence=answer.confidence,
            rt_ms=answer.rt_ms,
        )
    except ResponseRefusedError as error:
        return JsonResponse({"error": str(error)}, status=409)
    feedback = acknowledgement.feedback
    return JsonResponse(
        {
            "status": "stored" if acknowledgement.stored else "already answered",
            "feedback": feedback and {"correct": feedback.correct, "strong_side": feedback.strong_side},
        }
    )


@require_safe
def trial_image(request: HttpRequest, token: str, public_id: UUID, slot: str, image_format: str) -> HttpResponse:
    """One image of the participant's current trial, in the width that the browser asks for (``?width=``) or in full.

    The answer carries no name, hash or date of the file: what tells the two queries apart is in the picture only.
    """
    trial = current_trial(_participant(token))
    if trial is None or trial.public_id != public_id:
        raise Http404
    image, table = slot_image(trial, slot), trial.participant.study.plan.stimuli.files
    if image is None or image_format != table.format:
        raise Http404
    file = web_file(image, table, _width(request, default=image.pool.image_size))
    if file is None:
        raise Http404
    response = picture(file)
    response["Cache-Control"] = "private, max-age=3600"
    return response


def _width(request: HttpRequest, *, default: int) -> int:
    """The width in the address; 0, which no image has, for anything that is not a number of up to four digits."""
    text = request.GET.get("width", str(default))
    return int(text) if re.fullmatch(r"[0-9]{1,4}", text) else 0


def _participant(token: str) -> Participant:
    return get_object_or_404(Participant.objects.select_related("study"), token=token)


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
    context = {
        "study": study,
        "participant": trial.participant,
        "trial": trial,
        "progress": phase_progress(trial),
        "panels": reference_panels(trial),
        "wording": wording(trial.condition, study.plan),
        "image_format": table.format,
        "widths": web_widths(table, trial.query_pair.strong_image.pool.image_size),
    }
    return render(request, f"studyapp/tasks/{trial.task}.html", context)


def _thanks_page(request: HttpRequest, participant: Participant) -> HttpResponse:
    study = participant.study
    context = {"study": study, "participant": participant, "paragraphs": paragraphs(study.plan.completion.text)}
    return render(request, "studyapp/thanks.html", context)
