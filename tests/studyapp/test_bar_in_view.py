"""How far the participant is stays in view on every page of a session, and hides nothing that has the focus."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from studyapp.models import Study
from tests.studyapp.visitor import Visitor
from tests.studyapp.world import make_study, protocol_text

LONG_TEXT = "\n\n".join(["What this is about, in many words. " * 12] * 12)


@pytest.fixture
def long_pages(live_server: LiveServer, browser: Browser) -> Study:
    """Instructions and trials that are longer than a phone's screen."""
    text = protocol_text(features=2, references=9, stimuli="weak_references = 9")
    before, after = text.split("[instructions]")
    _, rest = after.split("\n[", 1)
    return make_study(f'{before}[instructions]\ntext = """{LONG_TEXT}"""\n[{rest}')


def look(page: Page, bar: str) -> None:
    """The bar stands at the top wherever the page is scrolled, covers what is under it, and no focus is hidden."""
    for share in (0, 0.5, 1):
        page.evaluate("share => scrollTo(0, share * document.documentElement.scrollHeight)", share)
        box = page.locator(bar).bounding_box()
        assert box is not None
        assert box["y"] == 0
        assert page.evaluate("([x, y]) => document.elementFromPoint(x, y).closest('header') !== null", [
            box["x"] + box["width"] / 2, box["height"] - 1,
        ])  # fmt: skip
    assert page.locator(bar).evaluate("bar => getComputedStyle(bar).backgroundColor") == "rgb(128, 128, 128)"
    focused = 0
    for _ in range(30):
        page.keyboard.press("Shift+Tab")
        top = page.evaluate(
            "document.activeElement.closest('header') || document.activeElement === document.body"
            " ? null : document.activeElement.getBoundingClientRect().top"
        )
        if top is not None:
            focused += 1
            assert top >= box["height"]
    assert focused


@pytest.mark.parametrize(("width", "height"), [(1440, 600), (1024, 500), (390, 600)])
def test_the_bar_stays_in_view_on_long_pages(
    long_pages: Study, visit: Callable[..., Visitor], width: int, height: int
) -> None:
    visitor = visit(viewport={"width": width, "height": height})
    page = visitor.page
    page.goto(f"{visitor.address}/s/{long_pages.slug}/")
    page.get_by_role("button", name="I agree and take part").click()
    page.get_by_role("heading", name="Instructions").wait_for()
    look(page, ".session-bar")
    visitor.assert_accessible()
    page.get_by_role("button", name="Start the practice").click()
    assert visitor.trial
    look(page, ".bar")
    visitor.assert_accessible()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert visitor.complaints == []


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(("width", "height"), [(320, 640), (320, 900), (390, 664)])
def test_nothing_is_wider_than_the_narrowest_phone_and_what_can_be_pressed_in_the_bar_is_large_enough(
    live_server: LiveServer, browser: Browser, visit: Callable[..., Visitor], language: str, width: int, height: int
) -> None:
    text = protocol_text(features=2, references=9, stimuli="weak_references = 9")
    study = make_study(text.replace("seed = 7", f'seed = 7\nlanguage = "{language}"'))
    visitor = visit(viewport={"width": width, "height": height})
    page = visitor.page
    whole = "document.documentElement.scrollWidth"
    page.goto(f"{visitor.address}/s/{study.slug}/")
    page.locator("form button").first.click()
    page.locator(".miniature").wait_for()
    assert page.evaluate(whole) == width
    page.locator("form .button.primary").click()
    conditions = set()
    for _ in range(2):
        trial = visitor.trial
        conditions.add(trial.condition)
        assert page.evaluate(whole) == width
        for part in page.locator(".bar :is(a, button)").all():
            box = part.bounding_box()
            assert box
            assert min(box["width"], box["height"]) >= 24
        for side in ("left", "right"):
            picture = page.locator(f'.query[data-side="{side}"] img').bounding_box()
            assert picture
            for part in page.locator(f'.answer[data-side="{side}"]').all():
                box = part.bounding_box()
                assert box
                assert picture["x"] <= box["x"] + 0.1
                assert box["x"] + box["width"] <= picture["x"] + picture["width"] + 0.1
                assert part.evaluate("one => one.scrollWidth <= one.clientWidth")
        visitor.assert_accessible()
        page.locator(visitor.button("left", 2)).click()
        page.locator("#continue").click()
        page.locator(f'[data-trial="{trial.public_id}"]').wait_for(state="detached")
    assert conditions == {"exemplars", "accentuation"}
