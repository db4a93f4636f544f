"""axe finds nothing on any page, and no page offends its content security policy."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from studyapp.models import Study
from tests.studyapp.visitor import Visitor

DESKTOP: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SCREENS = pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])


@SCREENS
def test_every_page_that_a_participant_meets(
    live_study: Study, visit: Callable[..., Visitor], screen: dict[str, Any]
) -> None:
    visitor = visit(**screen)
    page = visitor.page
    page.goto(f"{visitor.address}/s/{live_study.slug}/declined/")
    visitor.assert_accessible()
    page.goto(f"{visitor.address}/s/{live_study.slug}/")
    visitor.assert_accessible()
    page.get_by_role("button", name="I agree and take part").click()
    page.get_by_role("heading", name="Instructions").wait_for()
    visitor.assert_accessible()
    page.get_by_role("button", name="Start the practice").click()
    conditions = set()
    for _ in range(2):
        conditions.add(visitor.trial.condition)
        visitor.assert_accessible()
        page.locator(visitor.button("left", 2)).click()
        proceed = page.get_by_role("button", name="Continue")
        expect(proceed).to_be_focused()
        visitor.assert_accessible()
        proceed.click()
        page.locator(".answer[data-chosen]").wait_for(state="detached")
    assert conditions == {"exemplars", "accentuation"}
    for _ in range(4):
        (visitor.tap if screen is PHONE else visitor.click)("left", 1)
    page.locator("#completion-code").wait_for()
    visitor.assert_accessible()
    assert visitor.complaints == []


def test_a_page_that_does_not_exist(visit: Callable[..., Visitor], live_study: Study) -> None:
    visitor = visit()
    visitor.page.goto(f"{visitor.address}/p/{'x' * 32}/")
    expect(visitor.page.get_by_role("heading", name="This page does not exist")).to_be_visible()
    visitor.assert_accessible()


@SCREENS
def test_the_researchers_pages(live_study: Study, visit: Callable[..., Visitor], screen: dict[str, Any]) -> None:
    User.objects.create_superuser("researcher", password="a long password")
    visitor = visit(**screen)
    page = visitor.page
    page.goto(f"{visitor.address}/researcher/")
    page.get_by_label("Username").fill("researcher")
    page.get_by_label("Password").fill("a long password")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("heading", name="Studies").wait_for()
    visitor.assert_accessible()
    page.get_by_role("link", name="birds").click()
    page.get_by_role("heading", name="What participants are shown").wait_for()
    visitor.assert_accessible()
    assert page.evaluate("document.documentElement.scrollWidth") == screen["viewport"]["width"]
    assert visitor.complaints == []
