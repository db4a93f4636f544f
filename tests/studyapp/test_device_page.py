"""What the window must offer is said before the consent, in a real browser, and it lets go by itself."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from studyapp.models import Event, Participant, Response, Study
from studyapp.services.enrolment import participant_enrol
from studyapp.services.progress import instructions_read
from tests.studyapp.visitor import Visitor
from tests.studyapp.world import make_study, protocol_text

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "screen": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
}
LARGE: dict[str, Any] = {"screen": {"width": 1920, "height": 1080}}


@pytest.fixture
def demanding(live_server: LiveServer, browser: Browser) -> Study:
    """A study that needs a window of 1024 x 700."""
    return make_study(protocol_text(features=2, tables="[device]\nmin_width = 1024\nmin_height = 700"))


def come(visit: Callable[..., Visitor], study: Study, **options: Any) -> Visitor:
    visitor = visit(**options)
    visitor.page.goto(f"{visitor.address}/s/{study.slug}/")
    return visitor


def agree(page: Page) -> Any:
    return page.get_by_role("button", name="I agree and take part")


def test_a_window_that_fits_shows_the_consent_at_once(demanding: Study, visit: Callable[..., Visitor]) -> None:
    visitor = come(visit, demanding, viewport={"width": 1440, "height": 900})
    expect(agree(visitor.page)).to_be_visible()
    expect(visitor.page.locator("#device")).to_be_hidden()
    expect(visitor.page.get_by_text("JavaScript is needed")).to_have_count(0)
    visitor.assert_accessible()
    assert visitor.complaints == []


def test_a_small_window_is_told_how_much_it_lacks_live_and_goes_on_by_itself(
    demanding: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = come(visit, demanding, viewport={"width": 800, "height": 600}, **LARGE)
    page = visitor.page
    told = page.get_by_role("status")
    expect(told).to_contain_text("Please make the window at least 1024 pixels wide: it is 800 now.")
    expect(told).to_contain_text("Please make the window at least 700 pixels high: it is 600 now.")
    expect(agree(page)).to_be_hidden()
    visitor.assert_accessible()
    page.set_viewport_size({"width": 900, "height": 720})
    expect(told).to_contain_text("it is 900 now.")
    expect(told).not_to_contain_text(re.compile("pixels high"), use_inner_text=True)
    page.set_viewport_size({"width": 1024, "height": 720})
    expect(agree(page)).to_be_visible()
    expect(page.locator("#consent")).to_be_focused()
    page.keyboard.press("Tab")
    expect(agree(page)).to_be_focused()
    # Who has been let through is not stopped again on this page, but on the next one.
    page.set_viewport_size({"width": 800, "height": 720})
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Instructions").wait_for()
    expect(page.locator("#device")).to_contain_text("it is 800 now.")
    expect(page.get_by_role("button", name="Start the practice")).to_be_hidden()
    visitor.assert_accessible()
    page.set_viewport_size({"width": 1024, "height": 720})
    page.get_by_role("button", name="Start the practice").click()
    page.locator("[data-trial]").wait_for()
    assert visitor.complaints == []


def test_the_personal_link_on_a_phone_shows_no_trial_and_says_what_is_needed(
    demanding: Study, visit: Callable[..., Visitor]
) -> None:
    at_home = visit()
    at_home.enrol(demanding)
    visitor = visit(**PHONE)
    page = visitor.page
    page.goto(at_home.page.url)
    expect(page.locator("#device")).to_contain_text("Please open its address on a larger screen")
    expect(page.locator("#device")).to_contain_text("opened on another device, it goes on where you are now")
    expect(page.get_by_text("Nothing about you has been stored")).to_have_count(0)
    expect(page.locator("[data-trial]")).to_be_hidden()
    page.wait_for_timeout(1000)
    page.keyboard.press("1")
    expect(page.locator(".answer:enabled")).to_have_count(0)
    visitor.assert_accessible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.evaluate("localStorage.length") == 0  # the trial was not begun
    assert not Response.objects.exists()
    assert visitor.complaints == []


def test_a_trial_begins_when_the_window_fits_and_its_time_with_it(
    demanding: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit(**LARGE)
    visitor.enrol(demanding)
    page = visitor.page
    page.set_viewport_size({"width": 800, "height": 900})
    page.reload()
    expect(page.locator("#device")).to_contain_text("it is 800 now.")
    page.wait_for_timeout(5000)
    page.set_viewport_size({"width": 1100, "height": 900})
    visitor.press_number("left", 2)
    response = Response.objects.get()
    assert response.rt_ms < 5000
    assert response.data["hidden_ms"] == 0


def test_a_window_made_smaller_in_mid_trial_takes_no_answer_until_it_fits_again(
    demanding: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit(**LARGE)
    visitor.enrol(demanding)
    page, trial = visitor.page, visitor.trial
    page.locator(visitor.button("left", 1)).focus()
    page.set_viewport_size({"width": 800, "height": 900})
    expect(page.locator("#device")).to_be_visible()
    expect(page.locator("[data-trial]")).to_be_hidden()
    visitor.assert_accessible()
    for key in ("1", "ArrowLeft", "Enter", "Space"):
        page.keyboard.press(key)
    page.wait_for_timeout(1000)
    assert not Response.objects.exists()
    page.set_viewport_size({"width": 1100, "height": 900})
    expect(page.locator("#device")).to_be_hidden()
    expect(page.locator(visitor.button("left", 1))).to_be_focused()
    with page.expect_response(lambda response: response.url.endswith("/responses/")):
        page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Continue")).to_be_visible()
    response = Response.objects.get()
    assert (response.trial, response.choice, response.confidence) == (trial, "left", 1)
    assert 1000 <= response.data["hidden_ms"] < response.rt_ms
    assert [event[2] for event in response.events if event[1] == "resize"] == ["800x900", "1100x900"]
    assert response.data["shown_times"] == 1
    assert visitor.complaints == []


def test_a_phone_is_told_that_a_larger_screen_is_needed_and_nothing_is_stored(
    demanding: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = come(visit, demanding, **PHONE)
    expect(visitor.page.get_by_role("status")).to_contain_text(
        re.compile(r"needs a window of at least 1024\s.\s700 pixels. Please open its address on a larger screen")
    )
    expect(visitor.page.get_by_text("Please make the window")).to_have_count(2)
    for line in visitor.page.get_by_text("Please make the window").all():
        expect(line).to_be_hidden()
    visitor.assert_accessible()
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == 390
    assert visitor.page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert not Participant.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("language", "device", "told"),
    [
        ("en", "min_width = 1024", "which needs a window at least 1024 pixels wide. Please"),
        ("en", "min_height = 900", "which needs a window at least 900 pixels high. Please"),
        ("de", "min_width = 1024", "die ein mindestens 1024 Pixel breites Fenster braucht. Bitte"),
        ("de", "min_height = 900", "die ein mindestens 900 Pixel hohes Fenster braucht. Bitte"),
    ],
)
def test_where_one_side_is_demanded_no_other_one_is_told(
    live_server: LiveServer, browser: Browser, visit: Callable[..., Visitor], language: str, device: str, told: str
) -> None:
    text = protocol_text(features=2, tables=f"[device]\n{device}")
    study = make_study(text.replace("seed = 7", f'seed = 7\nlanguage = "{language}"'))
    size = {"width": 390, "height": 844}
    visitor = come(visit, study, viewport=size, screen=size)

    def notice() -> str:
        expect(visitor.page.locator("#device")).to_contain_text(told)
        visitor.assert_accessible()
        return visitor.page.locator("#device").inner_text()

    assert not re.search(r"\b0\b|\u00d7", notice())
    person = participant_enrol(study=study, client_id=uuid.uuid4())
    instructions_read(participant=person)
    visitor.page.goto(f"{visitor.address}/p/{person.token}/")
    expect(visitor.page.locator("[data-trial]")).to_be_hidden()
    assert not re.search(r"\b0\b|\u00d7", notice())


def test_a_tablet_that_fits_when_turned_is_told_about_the_window(
    demanding: Study, visit: Callable[..., Visitor]
) -> None:
    size = {"width": 768, "height": 1024}
    visitor = come(visit, demanding, viewport=size, screen=size, has_touch=True, is_mobile=True)
    expect(visitor.page.get_by_role("status")).to_contain_text("it is 768 now.")


def test_a_device_without_mouse_is_asked_to_come_with_one_where_touch_is_not_allowed(
    live_server: LiveServer, browser: Browser, visit: Callable[..., Visitor]
) -> None:
    study = make_study(protocol_text(features=2, tables="[device]\nallow_touch_only = false"))
    visitor = come(visit, study, **PHONE)
    expect(visitor.page.get_by_role("status")).to_contain_text("needs a mouse or a trackpad")
    expect(agree(visitor.page)).to_be_hidden()
    visitor.assert_accessible()
    expect(agree(come(visit, study).page)).to_be_visible()


def test_a_phone_may_take_part_where_the_protocol_asks_for_nothing(
    live_study: Study, visit: Callable[..., Visitor]
) -> None:
    expect(agree(come(visit, live_study, **PHONE).page)).to_be_visible()


def test_without_javascript_the_page_says_that_it_is_needed(demanding: Study, visit: Callable[..., Visitor]) -> None:
    page = come(visit, demanding, java_script_enabled=False).page
    expect(page.get_by_role("heading", name="JavaScript is needed")).to_be_visible()
    expect(page.locator("#unstarted")).to_have_css("opacity", "1")
    expect(agree(page)).to_be_hidden()


def test_when_the_script_cannot_be_loaded_the_page_says_so_too(demanding: Study, visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.page.route("**/device.js", lambda route: route.abort())
    visitor.page.goto(f"{visitor.address}/s/{demanding.slug}/")
    expect(visitor.page.get_by_role("heading", name="JavaScript is needed")).to_be_visible()
    expect(visitor.page.locator("#unstarted")).to_have_css("opacity", "1")
    visitor.assert_accessible()


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_the_pages_of_those_who_do_not_take_part(
    live_server: LiveServer, browser: Browser, visit: Callable[..., Visitor], width: int
) -> None:
    tables = '[recruitment]\nsource = "sona"\nquota = 1\nreturning = "refuse"\nquota_url = "https://panel.example/"'
    study = make_study(protocol_text(features=2, tables=tables))
    visitor = visit(viewport={"width": width, "height": 844})
    page = visitor.page
    address = f"{visitor.address}/s/{study.slug}/"

    def look(heading: str) -> None:
        page.get_by_role("heading", name=heading).wait_for()
        visitor.assert_accessible()
        assert page.evaluate("document.documentElement.scrollWidth") == width

    page.goto(f"{address}?survey_code=1")
    page.get_by_role("button", name="I do not take part").click()
    look("Thank you for your time")
    page.get_by_role("link", name="go back to the information").click()
    agree(page).click()
    page.get_by_role("heading", name="Instructions").wait_for()
    page.context.clear_cookies()  # as in another browser: in this one the session would go on
    page.goto(f"{address}?survey_code=1")
    look("You took part already")
    page.goto(f"{address}?survey_code=2")
    look("All places are taken")
    expect(page.get_by_role("link", name="Go back to where you came from")).to_have_attribute(
        "href", "https://panel.example/"
    )
    assert visitor.complaints == []
    page.goto(address)
    look("Please come from the panel's page")
