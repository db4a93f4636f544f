"""The tasks continuation and transfer as participants meet them; held_out has its own journeys."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from studyapp.models import Response, Study
from tests.studyapp.visitor import Visitor
from tests.studyapp.world import make_study, protocol_text


@pytest.fixture
def live(live_server: LiveServer, browser: Browser, request: pytest.FixtureRequest) -> Study:
    task, conditions = request.param
    return make_study(protocol_text(task=task, conditions=conditions, features=2, references=2))


@pytest.mark.parametrize("live", [("continuation", ("accentuation", "none"))], indirect=True)
def test_a_continuation_is_flipped_and_answered(live: Study, visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.enrol(live)
    page, met = visitor.page, set()
    for _ in range(2):
        condition = visitor.trial.condition
        met.add(condition)
        expect(page.locator("#question")).to_have_text("Which of the two images below continues the change?")
        expect(page.locator(".stack")).to_have_count(2 if condition == "accentuation" else 1)
        if condition == "accentuation":
            expect(page.locator(".caption")).to_have_text(["original", "accentuated a little"])
            seed, place = page.locator(".reference").all()
            assert seed.locator("img").get_attribute("src") == place.locator("img").first.get_attribute("src")
            page.keyboard.press("f")
            expect(place.locator(".explanation")).to_be_hidden()
            expect(place.locator(".caption")).to_have_text("original")
            page.keyboard.press("f")
            expect(place.locator(".explanation")).to_be_visible()
        else:
            expect(page.locator("#flip")).to_have_count(0)
        visitor.assert_accessible()
        visitor.press_number("left", 3)
    assert met == {"accentuation", "none"}
    assert visitor.complaints == []
    assert Response.objects.filter(trial__task="continuation").count() == 2


@pytest.mark.parametrize("live", [("transfer", ("accentuation",))], indirect=True)
def test_a_transfer_has_the_page_of_held_out_and_its_own_question(live: Study, visit: Callable[..., Visitor]) -> None:
    visitor = visit(viewport={"width": 390, "height": 844})
    visitor.enrol(live)
    assert visitor.trial.task == "transfer"
    question = "Which image below was changed so that this detector responds more?"
    expect(visitor.page.locator("#question")).to_have_text(question)
    expect(visitor.page.locator("button.reference")).to_have_count(2)
    visitor.assert_accessible()
    visitor.click("right", 2)
    assert visitor.complaints == []
    assert Response.objects.filter(trial__task="transfer").count() == 1
