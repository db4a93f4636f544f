"""The trials in the browser: the page that shows one after another, their images, and that answers be recorded."""

import json
import re
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, UnreadablePostError
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from stimuli.models import ImagePool
from stimuli.renditions import web_file, web_widths
from studyapp.addresses import slot_of
from studyapp.answers import UnreadableError, read_answer
from studyapp.coming import coming_trials, visible_trial
from studyapp.language import speak
from studyapp.models import Phase, Study, Trial
from studyapp.progress import SessionProgress, answered_ms, coming_progress, time_words
from studyapp.selectors import Progress, phase_progress, reference_panels, slot_image
from studyapp.services.responses import Feedback, ResponseRefusedError, response_record
from studyapp.tasks.registry import task_named, task_of
from studyapp.trial_events import logged_events
from studyapp.views.personal_link import participant_of, unloaded_participant_of
from studyapp.views.pictures import picture

# So many trials a browser gets at once; after the last of them it asks for its page again.
MOST_TRIALS = 60


def trial_page(request: HttpRequest, trial: Trial) -> HttpResponse:
    """The page that shows this trial, and then those that follow it up to the next stop."""
    participant = trial.participant
    (session,) = coming_progress(participant, 1)
    context = trial_context(trial, phase_progress(trial), session)
    context |= {
        "template": task_of(trial).template,
        "answered_ms": json.dumps(answered_ms(participant)),
        "time_words": json.dumps(time_words()),
    }
    return render(request, "studyapp/trial.html", context)


def trial_context(trial: Trial, progress: Progress, session: SessionProgress) -> dict[str, Any]:
    """Everything that the template of a trial's task is given."""
    participant = trial.participant
    plan = participant.study.plan
    return {
        "study": participant.study,
        "participant": participant,
        "trial": trial,
        "progress": progress,
        "label": _label(progress, trial.round),
        "session": session,
        "question": task_of(trial).question,
        "gives_feedback": trial.phase == Phase.PRACTICE or plan.trials.feedback,
        "panels": reference_panels(trial),
        "wording": task_of(trial).wording(trial),
        "image_format": plan.stimuli.files.format,
        "widths": web_widths(plan.stimuli.files, _pool(trial).image_size),
    }


@never_cache
@require_safe
def coming(request: HttpRequest, token: str) -> HttpResponse:
    """The trials up to the next stop, each as it will stand on the page."""
    try:
        participant = participant_of(token)
    except Http404:
        return _unknown_session()
    trials = list(coming_trials(participant)[:MOST_TRIALS])
    shown = []
    # They follow each other in one round: where the first one stands says where all of them do.
    first = phase_progress(trials[0]) if trials else None
    for ahead, (trial, session) in enumerate(zip(trials, coming_progress(participant, len(trials)), strict=True)):
        assert first is not None
        context = trial_context(trial, replace(first, trial=first.trial + ahead), session)
        shown.append({"trial": trial.public_id, "html": render_to_string(task_of(trial).template, context)})
    return JsonResponse({"trials": shown})


@require_POST
def record_response(request: HttpRequest, token: str) -> HttpResponseBase:
    """Store one answer and acknowledge it; the browser sends it again until it reads the acknowledgement."""
    try:
        participant = unloaded_participant_of(token)
    except Http404:
        return _unknown_session()
    try:
        answer, data, events = read_answer(_body(request))
    except UnreadableError:
        return _refusal("unreadable", "This did not arrive as it was sent; send it again.", status=400)
    except ValueError:
        return _refusal("not_an_answer", "This is not an answer to a trial.", status=400)
    try:
        acknowledgement = response_record(
            participant=participant,
            trial_id=answer.trial,
            client_id=answer.client_id,
            choice=answer.choice,
            confidence=answer.confidence,
            rt_ms=answer.rt_ms,
            data=task_named(participant.study.plan.trials.task).data_of(data),
            events=logged_events(events),
        )
    except ResponseRefusedError as error:
        return _refusal("not_taken", str(error), status=409)
    return JsonResponse(
        {
            "status": "stored" if acknowledgement.stored else "already answered",
            "feedback": acknowledgement.feedback and _told(acknowledgement.feedback, speak(participant.study)),
            "over": acknowledgement.over,
        }
    )


@require_safe
def trial_image(request: HttpRequest, token: str, public_id: UUID, code: str, image_format: str) -> HttpResponse:
    """One image of a coming or an answered trial, in the width that the browser asks for (``?width=``) or in full.

    The answer carries no name, hash or date of the file: what tells the two queries apart is in the picture only.
    """
    participant = unloaded_participant_of(token)
    trial, table = visible_trial(participant.pk, public_id), participant.study.plan.stimuli.files
    slot = slot_of(trial, code)
    image = slot_image(trial, slot) if slot else None
    if image is None or image_format != table.format:
        raise Http404
    file = web_file(image, table, _width(request, default=image.pool.image_size))
    if file is None:
        raise Http404
    response = picture(file)
    response["Cache-Control"] = "private, max-age=3600"
    return response


def _body(request: HttpRequest) -> bytes:
    """What the browser sent. Its script sends JSON: a form's body may be read already, and is none of its answers.

    Raises:
        UnreadableError: this is something else, or broke off on the way.
    """
    if request.content_type != "application/json":
        raise UnreadableError("not JSON")
    try:
        return request.body
    except UnreadablePostError as error:
        raise UnreadableError("broken off") from error


def _unknown_session() -> JsonResponse:
    return _refusal("unknown_session", "There is no such session.", status=404)


def _refusal(code: str, error: str, *, status: int) -> JsonResponse:
    """What tells the browser to drop an answer: a word of ours, for anything on the way may answer with a status.

    One word does not: an answer that was ``unreadable`` was damaged on the way, for the browser sends nothing else than
    whole JSON, and is sent again.
    """
    return JsonResponse({"code": code, "error": error}, status=status)


def _told(feedback: Feedback, study: Study) -> dict[str, Any]:
    """Feedback as the page takes it, with a sentence on what follows where practice ends or is repeated."""
    then = ""
    if feedback.then == "again":
        then = _("Not enough answers were right this time, which happens easily. The practice begins once more.")
    elif feedback.then == "main" and study.plan.trials.feedback:
        then = _("The practice is over. Now the trials begin that count.")
    elif feedback.then == "main":
        then = _("The practice is over. From here on you are not told whether you are right.")
    return {"correct": feedback.correct, "strong_side": feedback.strong_side, "then": then}


def _label(progress: Progress, practice_round: int) -> str:
    """Where a trial stands, in words."""
    words = _("Trial %(trial)d of %(trials)d")
    if progress.phase == Phase.PRACTICE:
        words = _("Practice %(trial)d of %(trials)d")
        if practice_round > 1:
            words = _("Practice, round %(round)d: %(trial)d of %(trials)d")
    return words % {"trial": progress.trial, "trials": progress.trials, "round": practice_round}


def _pool(trial: Trial) -> ImagePool:
    """Where the images of a trial come from; all of them have its size."""
    if trial.query_pair:
        return trial.query_pair.strong_image.pool
    assert trial.continuation_pair is not None
    return trial.continuation_pair.seed_image.pool


def _width(request: HttpRequest, *, default: int) -> int:
    """The width in the address; 0, which no image has, for anything that is not a number of up to four digits."""
    text = request.GET.get("width", str(default))
    return int(text) if re.fullmatch(r"[0-9]{1,4}", text) else 0
