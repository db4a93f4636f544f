"""The personal link: the page of the step that the participant is at, and the forms that lead from step to step.

Another window or device may go on, or withdraw, after the step was read. A page that then has nothing to show leads to
the personal link once more.
"""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from stimuli.renditions import web_file
from studyapp.flow import OVER, QUESTIONNAIRES, Step, break_before, next_step, questionnaire_of
from studyapp.miniature import pictured_image, pictured_trial
from studyapp.models import Ending, Participant, Place
from studyapp.progress import session_progress
from studyapp.questions import QuestionsForm, questionnaire_answers, questionnaire_form, quiz_choices, quiz_form
from studyapp.recruitment.links import way_out
from studyapp.selectors import current_trial, reference_panels
from studyapp.services import progress
from studyapp.services.places import place_keep
from studyapp.tasks.registry import task_of
from studyapp.text import paragraphs
from studyapp.views.memory import remember
from studyapp.views.personal_link import participant_of
from studyapp.views.pictures import picture
from studyapp.views.trials import trial_page
from studyapp.views.withdrawal import withdrawn_page

FORMS = ["GET", "HEAD", "POST"]


@never_cache
@require_safe
def current_page(request: HttpRequest, token: str) -> HttpResponse:
    """Whatever comes next for this participant."""
    participant = participant_of(token)
    step = next_step(participant)
    if step not in OVER and not _only_asks(request):
        place_keep(participant=participant)
    page = PAGES[step](request, participant)
    if participant.ended_as == Ending.WITHDRAWN:
        return page  # the browser has forgotten the participant
    # Also where the personal link was opened on another device: its public link must not enrol the person again.
    remember(request, page, participant)
    return page


@never_cache
@require_http_methods(FORMS)
def questionnaire(request: HttpRequest, token: str, place: str) -> HttpResponse:
    """Take the answers to a page of questions; show it again with what is wrong, and with all that was typed."""
    participant = participant_of(token)
    where = Place(place)
    table = questionnaire_of(participant.study, where)
    if request.method != "POST" or table is None or next_step(participant) is not QUESTIONNAIRES[where]:
        return redirect("session", token=token)
    form = questionnaire_form(table, request.POST)
    if not form.is_valid():
        return _questionnaire_page(request, participant, where, form)
    progress.questionnaire_answer(participant=participant, place=where, answers=questionnaire_answers(form))
    return redirect("session", token=token)


@require_POST
def leave_instructions(request: HttpRequest, token: str) -> HttpResponse:
    """Go on from the instructions."""
    progress.instructions_read(participant=participant_of(token))
    return redirect("session", token=token)


@require_safe
def instructions_image(request: HttpRequest, token: str, slot: str, image_format: str) -> HttpResponse:
    """One image of the instructions' picture of a trial."""
    participant = participant_of(token)
    table = participant.study.plan.stimuli.files
    image = pictured_image(participant, slot)
    if image is None or image_format != table.format:
        raise Http404
    file = web_file(image, table, image.pool.image_size)
    if file is None:
        raise Http404
    response = picture(file)
    response["Cache-Control"] = "private, max-age=3600"
    return response


@never_cache
@require_http_methods(FORMS)
def quiz(request: HttpRequest, token: str) -> HttpResponse:
    """Take an attempt at the quiz; a page on which a question was left out is shown again and is no attempt."""
    participant = participant_of(token)
    table = participant.study.plan.quiz
    if request.method != "POST" or table is None or next_step(participant) is not Step.QUIZ:
        return redirect("session", token=token)
    form = quiz_form(table, request.POST)
    if not form.is_valid():
        return _quiz_page(request, participant, form)
    progress.quiz_attempt(participant=participant, number=_number(request, "attempt"), choices=quiz_choices(form))
    return redirect("session", token=token)


@require_POST
def leave_break(request: HttpRequest, token: str) -> HttpResponse:
    """Go on after a break."""
    progress.break_take(participant=participant_of(token), number=_number(request, "break"))
    return redirect("session", token=token)


@require_POST
def leave_debriefing(request: HttpRequest, token: str) -> HttpResponse:
    """Go on from the debriefing to the completion code."""
    progress.debriefing_read(participant=participant_of(token))
    return redirect("session", token=token)


def _only_asks(request: HttpRequest) -> bool:
    """Whether a program asks what there is, as a mail's preview of a link does: nobody has come and seen the page."""
    return request.method == "HEAD"


def _number(request: HttpRequest, name: str) -> int:
    """A small number from a hidden field; 0, which nothing has, for anything else."""
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else 0


def _page(
    request: HttpRequest, template: str, participant: Participant, step: Step, context: dict[str, Any]
) -> HttpResponse:
    everywhere = {
        "study": participant.study,
        "participant": participant,
        "step": step.value,
        "session": session_progress(participant, step),
    }
    return render(request, template, everywhere | context)


def _once_more(participant: Participant) -> HttpResponse:
    """Where the page's step is over already."""
    return redirect("session", token=participant.token)


def _questionnaire_before_page(request: HttpRequest, participant: Participant) -> HttpResponse:
    return _questionnaire_page(request, participant, Place.BEFORE)


def _questionnaire_after_page(request: HttpRequest, participant: Participant) -> HttpResponse:
    return _questionnaire_page(request, participant, Place.AFTER)


def _questionnaire_page(
    request: HttpRequest, participant: Participant, place: Place, form: QuestionsForm | None = None
) -> HttpResponse:
    table = questionnaire_of(participant.study, place)
    assert table is not None
    context = {
        "table": table,
        "paragraphs": paragraphs(table.text or ""),
        "form": form or questionnaire_form(table),
        "place": place.value,
    }
    return _page(request, "studyapp/questionnaire.html", participant, QUESTIONNAIRES[place], context)


def _instructions_page(request: HttpRequest, participant: Participant) -> HttpResponse:
    if not _only_asks(request):
        progress.instructions_shown(participant=participant)
    plan, trial = participant.study.plan, pictured_trial(participant)
    if trial is None:
        return _once_more(participant)
    failed = participant.quiz_attempts.count()
    context = {
        "paragraphs": paragraphs(plan.instructions.text),
        "has_quiz": plan.quiz is not None,
        "failed": failed,
        "attempts_left": plan.quiz.max_attempts - failed if plan.quiz else 0,
        "question": task_of(trial).question,
        "panels": reference_panels(trial),
        "wording": task_of(trial).wording(trial),
        "image_format": plan.stimuli.files.format,
    }
    return _page(request, "studyapp/instructions.html", participant, Step.INSTRUCTIONS, context)


def _quiz_page(request: HttpRequest, participant: Participant, form: QuestionsForm | None = None) -> HttpResponse:
    table = participant.study.plan.quiz
    assert table is not None
    attempt = participant.quiz_attempts.count() + 1
    context = {"form": form or quiz_form(table), "attempt": attempt, "attempts": table.max_attempts}
    return _page(request, "studyapp/quiz.html", participant, Step.QUIZ, context)


def _trial_page(request: HttpRequest, participant: Participant) -> HttpResponse:
    trial = current_trial(participant)
    return trial_page(request, trial) if trial else _once_more(participant)


def _break_page(request: HttpRequest, participant: Participant) -> HttpResponse:
    table = participant.study.plan.trials
    trial = current_trial(participant)
    number = break_before(trial) if trial else 0
    if number == 0:
        return _once_more(participant)
    assert table.block_size is not None
    blocks = -(-participant.main_trials // table.block_size)
    context = {
        "number": number,
        "blocks": blocks,
        "blocks_left": blocks - number,
        "paragraphs": paragraphs(table.break_text or ""),
    }
    return _page(request, "studyapp/break.html", participant, Step.BREAK, context)


def _debriefing_page(request: HttpRequest, participant: Participant) -> HttpResponse:
    table = participant.study.plan.debriefing
    assert table is not None
    context = {"paragraphs": paragraphs(table.text)}
    return _page(request, "studyapp/debriefing.html", participant, Step.DEBRIEFING, context)


def _thanks_page(request: HttpRequest, participant: Participant) -> HttpResponse:
    texts = paragraphs(participant.study.plan.completion.text)
    context = {"paragraphs": texts, "way_out": way_out(participant)}
    return _page(request, "studyapp/thanks.html", participant, Step.DONE, context)


def _ended_page(request: HttpRequest, participant: Participant) -> HttpResponse:
    if participant.ended_as == Ending.WITHDRAWN:
        return withdrawn_page(request, participant)
    context = {"ended_as": participant.ended_as or "released", "way_out": way_out(participant)}
    return _page(request, "studyapp/ended.html", participant, Step.ENDED, context)


PAGES = {
    Step.QUESTIONNAIRE_BEFORE: _questionnaire_before_page,
    Step.INSTRUCTIONS: _instructions_page,
    Step.QUIZ: _quiz_page,
    Step.TRIAL: _trial_page,
    Step.BREAK: _break_page,
    Step.QUESTIONNAIRE_AFTER: _questionnaire_after_page,
    Step.DEBRIEFING: _debriefing_page,
    Step.DONE: _thanks_page,
    Step.ENDED: _ended_page,
    Step.RELEASED: _ended_page,
}
