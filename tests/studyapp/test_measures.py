"""What the browser measures of a trial beside its answer, and that each trial begins alike."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from studyapp.models import Response, Study
from tests.studyapp.visitor import READING_MS, Visitor
from tests.studyapp.world import make_study, protocol_text

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
CHOSEN_MS = 200  # as player.js: so long the chosen answer stands


@pytest.fixture
def visitor(live_study: Study, visit: Callable[..., Visitor]) -> Visitor:
    """At the first trial, of practice."""
    one = visit(has_touch=True)
    one.come_by_link(live_study)
    return one


def last_response() -> Response:
    response = Response.objects.order_by("trial__position").last()
    assert response is not None
    return response


def kept(page: Page) -> dict[str, str]:
    """What the browser keeps of the session."""
    entries: dict[str, str] = page.evaluate("Object.fromEntries(Object.entries(localStorage))")
    return entries


def test_a_trial_that_is_loaded_again_says_how_often_it_was_begun(visitor: Visitor) -> None:
    page = visitor.page
    visitor.click("left", 1)
    assert last_response().data["shown_times"] == 1
    for _ in range(2):
        trial = visitor.trial
        page.reload()
    assert visitor.trial == trial
    assert kept(page) == {f"quiddity.shown:{page.evaluate('location.pathname')}:{trial.public_id}": "3"}
    visitor.click("left", 1)
    response = last_response()
    assert response.trial == trial
    assert response.data["shown_times"] == 3
    assert visitor.trial != trial  # the next one counts on its own
    assert list(kept(page).values()) == ["1"]
    visitor.click("left", 1)
    assert last_response().data["shown_times"] == 1


def test_a_reload_after_the_answer_is_no_further_beginning(visitor: Visitor) -> None:
    page = visitor.page
    trial = visitor.trial
    page.route("**/responses/", lambda route: route.abort())
    page.locator(visitor.button("right", 3)).click()
    expect(page.locator(".state")).to_contain_text("Offline")
    page.unroute("**/responses/")
    page.reload()
    expect(page.get_by_role("button", name="Continue")).to_be_visible()
    assert last_response().trial == trial
    assert last_response().data["shown_times"] == 1
    assert kept(page) == {}


def test_where_storage_is_blocked_nothing_is_said_of_how_often_a_trial_was_begun(
    live_study: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    visitor.page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } })"
    )
    visitor.come_by_link(live_study)
    visitor.click("left", 1)
    assert "shown_times" not in last_response().data
    assert last_response().data["input"] == "mouse"
    assert visitor.complaints == []


def test_an_answer_says_what_it_was_given_with(visitor: Visitor) -> None:
    given = (
        (visitor.click, "mouse"),
        (visitor.tap, "touch"),
        (visitor.press_number, "keyboard"),
        (visitor.press_arrows, "keyboard"),
        (visitor.click, "mouse"),
    )
    for answer, name in given:
        answer("right", 2)
        assert last_response().data["input"] == name


@pytest.mark.parametrize(("press", "name"), [("click", "mouse"), ("tap", "touch"), ("press_arrows", "keyboard")])
def test_where_clicks_do_not_tell_their_pointer_the_press_before_them_does(
    live_study: Study, visit: Callable[..., Visitor], press: str, name: str
) -> None:
    visitor = visit(has_touch=True)
    # As in browsers whose clicks are plain mouse events.
    visitor.page.add_init_script(
        """
        const { get } = Object.getOwnPropertyDescriptor(PointerEvent.prototype, "pointerType");
        Object.defineProperty(PointerEvent.prototype, "pointerType", {
          get() { return this.type === "click" ? undefined : get.call(this); },
        });
        """
    )
    visitor.come_by_link(live_study)
    getattr(visitor, press)("right", 2)
    assert last_response().data["input"] == name


def test_the_pause_in_which_the_chosen_answer_stands_is_no_time_of_the_images(
    live_server: LiveServer, browser: Browser, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    visitor.come_by_link(make_study(protocol_text(features=6, references=2)))
    for number in range(8):
        if number == 3:
            visitor.page.wait_for_load_state("networkidle")  # all images are there
        visitor.press_number("left", 1)
    visitor.page.locator("#completion-code").wait_for()
    ahead = [one.data["images_ms"] for one in Response.objects.filter(trial__phase="main").order_by("trial__position")]
    assert min(ahead[2:]) < CHOSEN_MS / 2
    assert min(ahead) > 0


@pytest.mark.parametrize("reload", [False, True])
def test_every_trial_begins_at_the_top_of_the_page(
    live_server: LiveServer, browser: Browser, visit: Callable[..., Visitor], reload: bool
) -> None:
    study = make_study(protocol_text(features=2, references=9, stimuli="weak_references = 9"))
    visitor = visit(**PHONE | {"viewport": {"width": 390, "height": 600}})
    visitor.come_by_link(study)
    page = visitor.page
    for _ in range(3):
        trial = visitor.trial
        assert page.evaluate("scrollY") == 0
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        assert page.evaluate("scrollY") > 200
        if reload:
            page.wait_for_timeout(READING_MS)
            page.reload()
            assert visitor.trial == trial
            assert page.evaluate("scrollY") == 0
        visitor.tap("left", 1)
