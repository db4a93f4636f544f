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
