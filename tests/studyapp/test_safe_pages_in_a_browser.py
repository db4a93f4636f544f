"""Withdrawing and watching a study in a real browser, wide and narrow: axe finds nothing, no policy is offended."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from studyapp.models import Participant, Study
from tests.studyapp.visitor import Visitor

DESKTOP: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SCREENS = pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])


def look(visitor: Visitor) -> None:
    visitor.assert_accessible()
    page = visitor.page
    width = page.viewport_size and page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") == width


def log_in(visitor: Visitor, study: Study) -> None:
    user = User.objects.create_user("anna", password="a long password", is_staff=True)
    study.researchers.add(user)
    visitor.page.goto(f"{visitor.address}/researcher/")
    visitor.page.get_by_label("Username").fill("anna")
    visitor.page.get_by_label("Password").fill("a long password")
    visitor.page.get_by_role("button", name="Log in").click()
    visitor.page.get_by_role("link", name=study.slug).click()


@SCREENS
def test_a_participant_withdraws(live_study: Study, visit: Callable[..., Visitor], screen: dict[str, Any]) -> None:
    visitor = visit(**screen)
    visitor.enrol(live_study)
    visitor.click("left", 1) if screen is DESKTOP else visitor.tap("left", 1)
    link = visitor.page.url
    visitor.page.goto(f"{link}withdraw/")
    expect(visitor.page.get_by_role("heading", name="Do you want to withdraw?")).to_be_visible()
    look(visitor)
    visitor.page.get_by_role("link", name="Go back").click()
    assert visitor.page.url == link
    visitor.page.goto(f"{link}withdraw/")
    visitor.tab_to("Withdraw")
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.get_by_role("heading", name="You have withdrawn")).to_be_visible()
    look(visitor)
    assert visitor.participant.ended_as == "withdrawn"
    assert visitor.participant.trials.count() == 0
    # The browser has forgotten: the public link starts from the information about the study.
    visitor.page.goto(f"{visitor.address}/s/{live_study.slug}/")
    expect(visitor.page.get_by_role("button", name="I agree and take part")).to_be_visible()
    assert visitor.complaints == []


@SCREENS
def test_a_researcher_watches_closes_downloads_and_withdraws(
    live_study: Study, visit: Callable[..., Visitor], screen: dict[str, Any]
) -> None:
    participant = visit()
    participant.enrol(live_study)
    participant.click("left", 2)
    visitor = visit(**screen)
    page = visitor.page
    log_in(visitor, live_study)
    expect(page.get_by_text("in practice")).to_be_visible()
    look(visitor)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the responses").click()
    assert download.value.suggested_filename == "birds.csv"
    page.get_by_role("button", name="Close enrolment").click()
    expect(page.get_by_text("closed since")).to_be_visible()
    page.get_by_role("link", name="All participants").click()
    look(visitor)
    page.get_by_role("link", name="Withdraw").click()
    look(visitor)
    page.get_by_role("button", name="Withdraw this participant").click()
    expect(page.get_by_role("cell", name="withdrawn")).to_be_visible()
    assert Participant.objects.get().ended_as == "withdrawn"
    page.goto(f"{visitor.address}/researcher/birds/events/")
    for name in ("withdrawn", "closed", "export_downloaded"):
        expect(page.get_by_role("rowheader", name=name, exact=True)).to_be_visible()
    look(visitor)
    assert visitor.complaints == []


def test_too_many_enrolments_end_on_a_kind_page(
    live_study: Study, visit: Callable[..., Visitor], settings: Any
) -> None:
    settings.ENROLMENTS_PER_HOUR = 1
    visit().enrol(live_study)
    visitor = visit(**PHONE)
    visitor.page.goto(f"{visitor.address}/s/{live_study.slug}/")
    visitor.page.get_by_role("button", name="I agree and take part").click()
    expect(visitor.page.get_by_role("heading", name="Please come back a little later")).to_be_visible()
    look(visitor)
