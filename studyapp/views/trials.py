"""What a trial's page asks for: its images, and that its answer be recorded."""

import re
from typing import Annotated, Literal
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views.decorators.http import require_POST, require_safe
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stimuli import files
from stimuli.renditions import web_file
from studyapp.selectors import current_trial, slot_image
from studyapp.services.responses import ResponseRefusedError, response_record
from studyapp.views.personal_link import participant_of, unloaded_participant_of


class Answer(BaseModel):
    """What the browser sends for one trial."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    trial: UUID
    client_id: UUID
    choice: Literal["left", "right"]
    confidence: Annotated[int, Field(ge=1, le=3)]
    # Eleven days: longer than anyone leaves a trial open, and a number that can be computed with.
    rt_ms: Annotated[float, Field(ge=0, le=1e9)]


@require_POST
def record_response(request: HttpRequest, token: str) -> HttpResponseBase:
    """Store one answer and acknowledge it; the browser sends it again until it reads the acknowledgement."""
    participant = unloaded_participant_of(token)
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
    trial = current_trial(participant_of(token))
    if trial is None or trial.public_id != public_id:
        raise Http404
    image, table = slot_image(trial, slot), trial.participant.study.plan.stimuli.files
    if image is None or image_format != table.format:
        raise Http404
    file = web_file(image, table, _width(request, default=image.pool.image_size))
    if file is None:
        raise Http404
    response = HttpResponse(files.read(file.sha256), content_type=file.content_type)
    response["Cache-Control"] = "private, max-age=3600"
    return response


def _width(request: HttpRequest, *, default: int) -> int:
    """The width in the address; 0, which no image has, for anything that is not a number of up to four digits."""
    text = request.GET.get("width", str(default))
    return int(text) if re.fullmatch(r"[0-9]{1,4}", text) else 0
