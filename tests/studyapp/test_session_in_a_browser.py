"""Every page between consent and completion code in a real browser: accessible, by keyboard alone, reloaded."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from studyapp.models import Study
from tests.studyapp.test_accessibility import PHONE, SCREENS
from tests.studyapp.visitor import Visitor
from tests.studyapp.whole_session import answer, whole_study
from tests.studyapp.world import make_study, protocol_text


@pytest.fixture
def whole(live_server: LiveServer, browser: Browser) -> Study:
    return whole_study()


def at(visitor: Visitor, heading: str, width: int) -> None:
    """The page with this heading: also after a reload, accessible, no wider than the screen."""
    visitor.page.get_by_role("heading", name=heading, level=1).wait_for()
    visitor.page.reload()
    visitor.page.get_by_role("heading", name=heading, level=1).wait_for()
    visitor.assert_accessible()
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == width


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


@SCREENS
def test_every_page_is_accessible_and_outlives_a_reload(
    whole: Study, visit: Callable[..., Visitor], screen: dict[str, Any]
) -> None:
    visitor, width = visit(**screen), screen["viewport"]["width"]
    page, plan = visitor.page, whole.plan
    assert plan.questionnaire_before
    assert plan.questionnaire_after
    assert plan.quiz
    page.goto(f"{visitor.address}/s/{whole.slug}/")
    press(page, "I agree and take part")
    at(visitor, "About you", width)
    visitor.fill(plan.questionnaire_before)
    press(page, "Send and go on")
    at(visitor, "Instructions", width)
    press(page, "Go on to the quiz")
    at(visitor, "Short quiz", width)
    for question in plan.quiz.questions:
        page.get_by_label(question.answer).check()
    press(page, "Check my answers")
    page.locator("[data-trial]").wait_for()
    person = visitor.participant
    for _ in range(4):
        answer(person)
    page.reload()
    at(visitor, "A short break", width)
    press(page, "Go on")
    page.locator("[data-trial]").wait_for()
    for _ in range(2):
        answer(person)
    page.reload()
    at(visitor, "Looking back", width)
    visitor.fill(plan.questionnaire_after)
    if screen is PHONE:  # all steps of the scale in one row
        tops = page.locator(".scale .steps .choice").evaluate_all("all => all.map(one => one.offsetTop)")
        assert len(tops) == 7
        assert len(set(tops)) == 1
    press(page, "Send and go on")
    at(visitor, "What the study was about", width)
    press(page, "Finish and see the completion code")
    at(visitor, "Thank you", width)
    expect(page.locator("#completion-code")).to_have_text(visitor.participant.completion_code)
    assert visitor.complaints == []


def test_a_wrong_answer_brings_the_focus_to_the_summary_and_from_there_to_the_field(
    whole: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    page = visitor.page
    page.goto(f"{visitor.address}/s/{whole.slug}/")
    press(page, "I agree and take part")
    page.get_by_label("How old are you?").fill("seven")
    page.get_by_label("Yes").check()
    press(page, "Send and go on")
    expect(page.get_by_role("alert")).to_be_focused()
    visitor.assert_accessible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    age = page.get_by_label("How old are you?")
    expect(age).to_be_focused()
    expect(age).to_have_value("seven")
    expect(age).to_have_accessible_description("Please enter a number from 18 to 120.")
    expect(page.get_by_label("Yes")).to_be_checked()
    assert visitor.complaints == []


def test_by_keyboard_alone_to_the_first_trial(whole: Study, visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    page = visitor.page
    page.goto(f"{visitor.address}/s/{whole.slug}/")
    visitor.tab_to("I agree and take part")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="About you").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.type("33")
    page.keyboard.press("Enter")
    visitor.tab_to("Go on to the quiz")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Short quiz").wait_for()
    for presses in (1, 1):
        page.keyboard.press("Tab")
        for _ in range(presses):
            page.keyboard.press("ArrowDown")
    visitor.tab_to("Check my answers")
    page.keyboard.press("Enter")
    page.locator("[data-trial]").wait_for()
    assert visitor.participant.questionnaires.get().answers == {"age": 33, "sight": None}


def test_another_device_goes_on_at_the_same_step_with_the_personal_link(
    whole: Study, visit: Callable[..., Visitor]
) -> None:
    first, second = visit(), visit()
    first.page.goto(f"{first.address}/s/{whole.slug}/")
    press(first.page, "I agree and take part")
    assert whole.plan.questionnaire_before
    first.fill(whole.plan.questionnaire_before)
    press(first.page, "Send and go on")
    press(first.page, "Go on to the quiz")
    second.page.goto(first.page.url)
    expect(second.page.get_by_role("heading", name="Short quiz")).to_be_visible()


def test_a_form_that_is_sent_without_a_connection_stays_as_it_was_filled_in(
    whole: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    page = visitor.page
    page.goto(f"{visitor.address}/s/{whole.slug}/")
    press(page, "I agree and take part")
    page.get_by_label("How old are you?").fill("41")
    page.wait_for_load_state("networkidle")  # its scripts are there
    page.context.set_offline(True)
    press(page, "Send and go on")
    expect(page.locator(".state")).to_contain_text("Offline: nothing was sent.")
    expect(page.get_by_label("How old are you?")).to_have_value("41")
    page.context.set_offline(False)
    expect(page.locator(".state")).to_be_empty()
    page.get_by_label("Yes").check()
    press(page, "Send and go on")
    page.get_by_role("heading", name="Instructions", level=1).wait_for()
    assert visitor.participant.questionnaires.get().answers["age"] == 41


def test_a_scale_of_eleven_steps_between_long_words_stays_in_its_sheet(
    live_server: LiveServer, visit: Callable[..., Visitor]
) -> None:
    ends = 'min = 1, max = 11, low_label = "exceedingly tired", high_label = "entirely awake"'
    question = f'{{name = "awake", label = "How awake are you?", kind = "scale", {ends}}}'
    study = make_study(protocol_text(tables=f'[questionnaire_before]\ntitle = "You"\nquestions = [{question}]\n'))
    visitor = visit()
    visitor.page.goto(f"{visitor.address}/s/{study.slug}/")
    press(visitor.page, "I agree and take part")
    sheet = visitor.page.locator("main.sheet").bounding_box()
    assert sheet
    for part in visitor.page.locator(".scale .end, .scale .choice").all():
        box = part.bounding_box()
        assert box
        assert sheet["x"] <= box["x"]
        assert box["x"] + box["width"] <= sheet["x"] + sheet["width"]
