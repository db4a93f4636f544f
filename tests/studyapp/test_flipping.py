"""A reference and its explanation in one place: a short press changes what is shown, a long one lasts as it is held."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from studyapp.models import Response, Study
from tests.studyapp.visitor import READING_MS, Visitor

LONG_MS = 600


@pytest.fixture
def visitor(live_study: Study, visit: Callable[..., Visitor]) -> Visitor:
    """At a trial whose references can be flipped."""
    one = visit(has_touch=True)
    one.come_by_link(live_study)
    if one.trial.condition != "accentuation":
        one.click("left", 1)
    assert one.trial.condition == "accentuation"
    return one


def is_shown(page: Page, *shown: str) -> None:
    expect(page.locator(".caption")).to_have_text(list(shown))
    for place, what in enumerate(shown):
        explanation = page.locator(".explanation").nth(place)
        (expect(explanation).to_be_hidden if what == "original" else expect(explanation).to_be_visible)()


ORIGINALS, EXPLAINED = ("original",) * 4, ("accentuated",) * 4
THIRD = ("accentuated", "accentuated", "original", "accentuated")


def stored(visitor: Visitor) -> Response:
    """Answer the trial and give what was stored of it."""
    visitor.page.wait_for_timeout(READING_MS)
    visitor.page.keyboard.press("3")
    expect(visitor.page.get_by_role("button", name="Continue")).to_be_visible()
    return Response.objects.latest("pk")


def test_the_mouse_held_down_shows_the_original_until_it_is_let_go(visitor: Visitor) -> None:
    page = visitor.page
    page.locator("button.reference").nth(2).hover()
    page.mouse.down()
    is_shown(page, *THIRD)
    page.wait_for_timeout(LONG_MS)
    is_shown(page, *THIRD)
    page.mouse.up()
    is_shown(page, *EXPLAINED)
    page.get_by_role("button", name="Show the original images").hover()
    page.mouse.down()
    is_shown(page, *ORIGINALS)
    page.wait_for_timeout(LONG_MS)
    page.mouse.up()
    is_shown(page, *EXPLAINED)
    response = stored(visitor)
    assert [event[1:] for event in response.events if event[1] == "flip"] == [
        ["flip", "3 original"], ["flip", "3 explanation"], ["flip", "all original"], ["flip", "all explanation"],
    ]  # fmt: skip
    assert response.data["flips"] == 4
    assert 2 * LONG_MS <= response.data["original_ms"] < response.rt_ms
    times = [event[0] for event in response.events]
    assert times == sorted(times)


@pytest.mark.parametrize("key", ["f", "Space", "Enter"])
def test_a_key_held_down_does_the_same_and_a_short_one_changes_what_stays(visitor: Visitor, key: str) -> None:
    page = visitor.page
    flipped = ORIGINALS
    if key != "f":
        page.locator("button.reference").nth(2).focus()
        flipped = THIRD
    for _ in range(3):
        page.keyboard.down(key)  # repeats, as a key does that is held
    is_shown(page, *flipped)
    page.wait_for_timeout(LONG_MS)
    page.keyboard.up(key)
    is_shown(page, *EXPLAINED)
    page.keyboard.press(key)
    is_shown(page, *flipped)
    page.keyboard.press(key)
    is_shown(page, *EXPLAINED)
    assert stored(visitor).data["flips"] == 4


def test_where_originals_are_shown_a_key_held_down_shows_the_explanations_until_it_is_let_go(visitor: Visitor) -> None:
    page = visitor.page
    page.keyboard.press("f")
    is_shown(page, *ORIGINALS)
    page.keyboard.down("f")
    is_shown(page, *EXPLAINED)
    page.wait_for_timeout(LONG_MS)
    is_shown(page, *EXPLAINED)
    page.keyboard.up("f")
    is_shown(page, *ORIGINALS)
    assert stored(visitor).data["flips"] == 3


def test_a_touch_flips_one_place_and_another_one_flips_it_back(visitor: Visitor) -> None:
    page = visitor.page
    page.locator("button.reference").nth(2).tap()
    is_shown(page, *THIRD)
    expect(page.get_by_role("button", name="Reference image 3 original")).to_be_visible()
    expect(page.locator("#shown")).to_have_text("both kinds")
    page.locator("button.reference").nth(2).tap()
    is_shown(page, *EXPLAINED)


def test_a_click_without_any_press_as_a_screen_reader_makes_flips_too(visitor: Visitor) -> None:
    visitor.page.locator("button.reference").nth(2).evaluate("button => button.click()")
    is_shown(visitor.page, *THIRD)


def test_a_key_that_is_held_while_the_window_loses_the_focus_leaves_nothing_flipped(visitor: Visitor) -> None:
    page = visitor.page
    page.keyboard.down("f")
    is_shown(page, *ORIGINALS)
    page.evaluate("dispatchEvent(new Event('blur'))")
    is_shown(page, *EXPLAINED)


def test_beside_the_feedback_the_key_flips_as_the_button_does_and_changes_nothing_of_the_answer(
    visitor: Visitor,
) -> None:
    page = visitor.page
    response = stored(visitor)
    page.keyboard.press("f")
    is_shown(page, *ORIGINALS)
    page.get_by_role("button", name="Show the accentuated images").click()
    is_shown(page, *EXPLAINED)
    page.get_by_role("button", name="Continue").click()
    expect(page.locator(f'[data-trial="{response.trial.public_id}"]')).to_have_count(0)
    response.refresh_from_db()
    assert response.data["flips"] == 0


def test_what_happens_during_a_trial_is_stored_with_its_answer(visitor: Visitor) -> None:
    page = visitor.page
    page.evaluate("dispatchEvent(new Event('blur'))")
    page.evaluate("dispatchEvent(new Event('focus'))")
    page.set_viewport_size({"width": 1300, "height": 850})
    page.wait_for_timeout(300)
    response = stored(visitor)
    data: dict[str, Any] = response.data
    assert [event[1:] for event in response.events if event[1] != "resize"] == [["blur", ""], ["focus", ""]]
    assert ["resize", "1300x850"] in [event[1:] for event in response.events]
    assert (data["blurs"], data["flips"], data["hidden_ms"], data["original_ms"]) == (1, 0, 0, 0)
    assert data["resizes"] >= 1
    assert (data["viewport_width"], data["viewport_height"], data["device_pixel_ratio"]) == (1300, 850, 1)
    assert 0 < data["images_ms"] < 30_000
    assert 1 < data["frame_ms"] < 500


def test_every_flip_is_logged_whatever_else_happens_and_a_window_that_is_dragged_is_resized_once(
    visitor: Visitor,
) -> None:
    page = visitor.page
    page.evaluate("() => { for (let i = 0; i < 600; i++) dispatchEvent(new Event('resize')); }")
    page.evaluate("() => { for (let i = 0; i < 600; i++) dispatchEvent(new Event('focus')); }")
    for _ in range(3):
        page.keyboard.press("f")
    page.wait_for_timeout(LONG_MS)
    page.evaluate("dispatchEvent(new Event('resize'))")
    response = stored(visitor)
    names = [event[1] for event in response.events]
    assert (names.count("flip"), response.data["flips"]) == (3, 3)
    assert names[0] == "resize"
    assert names.count("focus") == 499
    assert response.data["resizes"] == 2


@pytest.mark.parametrize("width", [390, 360])
@pytest.mark.parametrize("language", ["en", "de"])
def test_nothing_moves_on_a_phone_when_the_images_are_flipped(visitor: Visitor, width: int, language: str) -> None:
    page = visitor.page
    page.set_viewport_size({"width": width, "height": 844})
    button = page.locator("#flip")
    if language == "de":
        button.evaluate("""one => {
            one.dataset.showExplained = "Die akzentuierten Bilder zeigen";
            one.dataset.showOriginals = one.textContent = "Die Originalbilder zeigen";
        }""")
    before = [box.bounding_box() for box in page.locator(".query img, .answer, #flip").all()]
    button.click()
    assert [box.bounding_box() for box in page.locator(".query img, .answer, #flip").all()] == before
