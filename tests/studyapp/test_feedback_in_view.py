"""What is said after an answer stands above the trial: nothing moves for it, and it is in view."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from studyapp.models import Study
from tests.studyapp.visitor import READING_MS, Visitor

SIDES = ("rightLeft", "rightRight", "wrongLeft", "wrongRight")


def places(page: Page) -> list[object]:
    """Where all of the trial stands in the window, and how high the page is."""
    boxes = [one.bounding_box() for one in page.locator(".stage img, .answer, .question h1").all()]
    return [*boxes, page.evaluate("[scrollY, document.documentElement.scrollHeight]")]


@pytest.mark.parametrize(
    ("size", "sentences"),
    [((1366, 625), 1), ((1366, 625), 6), ((1440, 900), 1), ((1440, 900), 6), ((390, 844), 1), ((390, 844), 3)],
)
def test_no_feedback_moves_the_trial(
    live_study: Study, visit: Callable[..., Visitor], size: tuple[int, int], sentences: int
) -> None:
    visitor = visit(viewport={"width": size[0], "height": size[1]})
    page = visitor.page
    visitor.come_by_link(live_study)
    assert visitor.trial
    page.evaluate(
        """([sides, times]) => {
          const said = document.querySelector(".feedback").dataset;
          for (const side of sides) said[side] = `${said[side]} `.repeat(times);
        }""",
        [SIDES, sentences],
    )
    page.mouse.wheel(0, 5000)
    page.wait_for_timeout(200)
    before = places(page)
    page.keyboard.press("3")
    proceed = page.get_by_role("button", name="Continue")
    expect(proceed).to_be_focused()
    assert places(page) == before
    expect(page.locator(".feedback")).to_be_in_viewport(ratio=1)
    verdict, box = page.locator(".verdict").bounding_box(), page.locator(".feedback").bounding_box()
    assert verdict
    assert box
    assert verdict["y"] + verdict["height"] <= box["y"]


@pytest.mark.parametrize("scrolled", [0, 22, 40, 5000])
def test_what_takes_the_focus_beside_the_feedback_is_not_behind_it(
    live_study: Study, visit: Callable[..., Visitor], scrolled: int
) -> None:
    """At twice the size of a window of 1280 x 720."""
    visitor = visit(viewport={"width": 640, "height": 360})
    page = visitor.page
    visitor.come_by_link(live_study)
    while visitor.trial.condition != "accentuation":
        visitor.click("left", 1)
    page.keyboard.press("3")
    expect(page.get_by_role("button", name="Continue")).to_be_focused()
    page.evaluate("y => scrollTo(0, y)", scrolled)
    page.keyboard.press("Shift+Tab")
    flip = page.locator("#flip")
    expect(flip).to_be_focused()
    page.wait_for_timeout(200)
    button, feedback = flip.bounding_box(), page.locator(".feedback").bounding_box()
    assert button
    assert feedback
    assert button["y"] + button["height"] <= feedback["y"]
    assert button["y"] >= 0


# The longest words that there are, with those that end a round of practice.
LONGEST = {
    "en": "Not this time: the right image was changed so that this detector responds more. Not enough answers were "
    "right this time, which happens easily. The practice begins once more.",
    "de": "Diesmal nicht: Das rechte Bild wurde so verändert, dass dieser Detektor stärker anspricht. Diesmal waren "
    "nicht genug Antworten richtig, was leicht vorkommt. Die Übung beginnt noch einmal.",
}


@pytest.mark.parametrize("language", LONGEST)
def test_on_a_low_phone_the_answers_can_be_scrolled_above_the_longest_feedback(
    live_study: Study, visit: Callable[..., Visitor], language: str
) -> None:
    visitor = visit(viewport={"width": 390, "height": 664}, has_touch=True, is_mobile=True)
    page = visitor.page
    visitor.come_by_link(live_study)
    assert visitor.trial
    page.evaluate(
        "([sides, words]) => sides.forEach((side) => (document.querySelector('.feedback').dataset[side] = words))",
        [SIDES, LONGEST[language]],
    )
    page.wait_for_timeout(READING_MS)
    trial = page.locator(".stage img, .answer")
    before = [one.bounding_box() for one in trial.all()]
    page.locator(visitor.button("left", 3)).tap()
    expect(page.get_by_role("button", name="Continue")).to_be_focused()
    page.evaluate("words => (document.querySelector('.feedback p').textContent = words)", LONGEST[language])
    assert [one.bounding_box() for one in trial.all()] == before
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    covering = page.locator(".feedback").bounding_box()
    assert covering
    for one in page.locator(".answer").all():
        box = one.bounding_box()
        assert box
        assert box["y"] + box["height"] <= covering["y"]
