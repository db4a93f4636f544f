"""The pages between the trials, in a real browser: what they look like, and that nothing typed is lost."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Route, expect
from pytest_django.live_server_helper import LiveServer

from studyapp.models import Study
from tests.studyapp.visitor import Visitor
from tests.studyapp.world import make_study, protocol_text

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
QUESTIONS = """
[questionnaire_before]
title = "About you"
questions = [
    {name = "age", label = "How old are you?", kind = "number", integer = true, min = 18, max = 120},
    {name = "why", label = "Why are you here?", kind = "text"},
    {name = "sure", label = "How sure are you?", kind = "scale", min = 0, max = 10, low_label = "not at all sure", high_label = "completely sure"},
]
"""  # noqa: E501

QUIZ = """
[quiz]
questions = [
    {question = "Which colour?", choices = ["Red", "Blue"], answer = "Blue"},
    {question = "How many?", choices = ["One", "Two"], answer = "Two"},
]
"""


@pytest.fixture
def asking(live_server: LiveServer) -> Study:
    """A study that begins with questions."""
    return make_study(protocol_text(tables=QUESTIONS))


def to_questions(visitor: Visitor, study: Study) -> None:
    visitor.page.goto(f"{visitor.address}/s/{study.slug}/")
    visitor.page.get_by_role("button", name="I agree and take part").click()
    visitor.page.get_by_role("heading", name="About you").wait_for()


def box(element: Locator) -> dict[str, float]:
    found = element.bounding_box()
    assert found is not None
    return {**found}


@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_words_for_the_ends_of_a_long_scale_stand_below_its_ends(
    asking: Study, visit: Callable[..., Visitor], screen: dict[str, Any]
) -> None:
    visitor = visit(**screen)
    to_questions(visitor, asking)
    steps = [box(step) for step in visitor.page.locator(".scale .steps .choice").all()]
    low, high = (box(end) for end in visitor.page.locator(".scale .end").all())
    assert len(steps) == 11
    assert len({step["y"] for step in steps}) == 1
    assert low["y"] >= steps[0]["y"] + steps[0]["height"]
    assert low["y"] == high["y"]
    assert abs(low["x"] - steps[0]["x"]) < 2
    assert abs(high["x"] + high["width"] - steps[-1]["x"] - steps[-1]["width"]) < 2


def test_what_was_entered_is_there_after_a_reload_until_it_is_sent(
    asking: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    page = visitor.page
    to_questions(visitor, asking)
    page.wait_for_load_state("networkidle")  # the script that keeps drafts is there
    page.get_by_label("How old are you?").fill("30.5")
    page.get_by_label("Why are you here?").fill("For two reasons:\nthis one and that one.")
    page.get_by_role("group", name="How sure are you?").get_by_label("10", exact=True).check()
    page.reload()
    expect(page.get_by_label("How old are you?")).to_have_value("30.5")
    expect(page.get_by_label("Why are you here?")).to_have_value("For two reasons:\nthis one and that one.")
    expect(page.get_by_role("group", name="How sure are you?").get_by_label("10", exact=True)).to_be_checked()
    page.get_by_role("button", name="Send and go on").click()
    expect(page.locator(".problem")).to_have_text("Please enter a whole number from 18 to 120.")
    page.get_by_label("How old are you?").fill("30")
    page.get_by_role("button", name="Send and go on").click()
    page.get_by_role("heading", name="Instructions").wait_for()
    page.wait_for_load_state()  # the script that forgets drafts has run
    assert page.evaluate("sessionStorage.length") == 0
    assert visitor.participant.questionnaires.get().answers["age"] == 30


def test_a_form_that_could_not_be_sent_keeps_its_draft(asking: Study, visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    page = visitor.page
    to_questions(visitor, asking)
    page.wait_for_load_state("networkidle")  # what keeps forms from being sent into the void is there
    page.get_by_label("Why are you here?").fill("For this.")
    page.context.set_offline(True)
    page.get_by_role("button", name="Send and go on").click()
    expect(page.locator(".state")).to_contain_text("nothing was sent")
    assert float(page.locator(".state").evaluate("line => parseFloat(getComputedStyle(line).paddingTop)")) > 0
    page.context.set_offline(False)
    page.reload()
    expect(page.get_by_label("Why are you here?")).to_have_value("For this.")


def test_choices_of_the_quiz_are_there_after_a_reload_and_gone_with_the_next_attempt(
    live_server: LiveServer, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    page = visitor.page
    page.goto(f"{visitor.address}/s/{make_study(protocol_text(tables=QUIZ)).slug}/")
    page.get_by_role("button", name="I agree and take part").click()
    page.get_by_role("button", name="Go on to the quiz").click()
    page.wait_for_load_state("networkidle")
    page.get_by_label("Red").check()
    page.reload()
    expect(page.get_by_label("Red")).to_be_checked()
    page.get_by_label("Two").check()
    page.get_by_role("button", name="Check my answers").click()
    page.get_by_role("button", name="Go on to the quiz").click()
    page.get_by_role("heading", name="Short quiz").wait_for()
    page.wait_for_load_state("networkidle")
    assert page.locator("input:checked").count() == 0


@pytest.mark.parametrize("failure", ["reset", "503"])
def test_what_was_sent_and_did_not_arrive_is_there_again(
    asking: Study, visit: Callable[..., Visitor], failure: str
) -> None:
    visitor = visit()
    page = visitor.page
    to_questions(visitor, asking)
    page.wait_for_load_state("networkidle")
    link = page.url
    page.get_by_label("Why are you here?").fill("A long story.")

    def fail(route: Route) -> None:
        route.abort("connectionreset") if failure == "reset" else route.fulfill(status=503, body="<h1>Down</h1>")

    page.route("**/questions-before/", fail)
    with page.expect_event("requestfinished" if failure == "503" else "requestfailed"):
        page.get_by_role("button", name="Send and go on").click()
    page.wait_for_timeout(500)
    expect(page.get_by_role("heading", name="About you")).to_have_count(0)
    page.unroute("**/questions-before/")
    page.goto(link)
    expect(page.get_by_label("Why are you here?")).to_have_value("A long story.")


def test_a_draft_is_forgotten_where_somebody_withdraws(asking: Study, visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    page = visitor.page
    to_questions(visitor, asking)
    page.wait_for_load_state("networkidle")
    page.get_by_label("Why are you here?").fill("A long story.")
    page.get_by_role("link", name="Withdraw from the study").click()
    assert page.evaluate("sessionStorage.length") == 1
    page.get_by_role("button", name="Withdraw").click()
    page.get_by_role("heading", name="You have withdrawn").wait_for()
    page.wait_for_function("() => sessionStorage.length === 0")


def test_a_question_may_have_the_name_of_what_a_form_has(
    live_server: LiveServer, visit: Callable[..., Visitor]
) -> None:
    names = ("action", "dataset", "elements", "submit", "closest")
    questions = ", ".join(f'{{name = "{name}", label = "What of {name}?", kind = "text"}}' for name in names)
    tables = f'[questionnaire_before]\ntitle = "About you"\nquestions = [{questions}]\n'
    study = make_study(protocol_text(tables=tables))
    visitor = visit()
    page = visitor.page
    to_questions(visitor, study)
    page.wait_for_load_state("networkidle")
    for name in names:
        page.get_by_label(f"What of {name}?").fill(f"This of {name}.")
    page.reload()
    for name in names:
        expect(page.get_by_label(f"What of {name}?")).to_have_value(f"This of {name}.")
    page.get_by_role("button", name="Send and go on").click()
    page.get_by_role("heading", name="Instructions").wait_for()
    assert visitor.participant.questionnaires.get().answers == {name: f"This of {name}." for name in names}
    assert visitor.complaints == []


@pytest.mark.parametrize(("screen", "tells_of_keys"), [(DESKTOP, True), (PHONE, False)], ids=["desktop", "phone"])
def test_the_picture_of_a_trial_tells_of_keys_where_there_are_some_and_numbers_in_one_column(
    live_study: Study, visit: Callable[..., Visitor], screen: dict[str, Any], tells_of_keys: bool
) -> None:
    visitor = visit(**screen)
    page = visitor.page
    page.goto(f"{visitor.address}/s/{live_study.slug}/")
    page.get_by_role("button", name="I agree and take part").click()
    page.get_by_role("heading", name="What a trial looks like").wait_for()
    told = page.locator(".example figcaption")
    expect(told).to_contain_text("One press answers", use_inner_text=True)
    assert ("keyboard" in told.inner_text()) == tells_of_keys
    assert len({box(part)["x"] for part in page.locator(".miniature .marked").all()}) == 1
