"""Weakly activating references: a second panel beside the first, in a real browser."""

import itertools
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from studyapp.models import Response, Study
from tests.studyapp.visitor import Visitor
from tests.studyapp.world import make_study, protocol_text


@pytest.fixture
def study_of_two_panels(live_server: LiveServer, browser: Browser) -> Study:
    return make_study(protocol_text(features=2, stimuli="weak_references = 4"))


SCREENS = [(1440, 900), (1366, 768), (1280, 720), (1366, 625), (1024, 768), (390, 844)]


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_both_panels_and_the_queries_fit_the_screen_at_equal_places_in_all_conditions(
    study_of_two_panels: Study, visit: Callable[..., Visitor], width: int, height: int
) -> None:
    visitor = visit(viewport={"width": width, "height": height}, has_touch=width < 400, is_mobile=width < 400)
    visitor.come_by_link(study_of_two_panels)
    layouts = {}
    for _ in range(2):
        trial, page = visitor.trial, visitor.page
        assert page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]") == [
            width, height,
        ]  # fmt: skip
        visitor.assert_accessible()
        panels = page.locator(".panel")
        headings = [panel.locator("h2").inner_text() for panel in panels.all()]
        # On a phone the left panel stands above the right one.
        assert ["hardly" in heading for heading in headings] == (
            [False, True] if trial.strong_panel_side == "left" else [True, False]
        )
        assert [panel.locator(".stack").count() for panel in panels.all()] == [4, 4]
        explained = page.locator(".panel", has_text="responds strongly").locator(".explanation").count()
        assert explained == page.locator(".explanation").count() == (4 if trial.condition == "accentuation" else 0)
        layouts[trial.condition] = [box.bounding_box() for box in page.locator(".stack, .query img").all()]
        for target in page.locator(".stage button:visible").all():  # those of the bar are smaller
            box = target.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 44
        visitor.click("left", 1)
    assert layouts["exemplars"] == layouts["accentuation"]
    assert visitor.complaints == []


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1366, 625), (390, 844)])
def test_nine_small_images_a_panel_stand_at_equal_places_in_all_conditions_whatever_is_written_below_them(
    live_server: LiveServer, visit: Callable[..., Visitor], width: int, height: int
) -> None:
    study = make_study(protocol_text(features=2, references=9, stimuli="weak_references = 9"))
    visitor = visit(viewport={"width": width, "height": height}, has_touch=width < 400, is_mobile=width < 400)
    visitor.come_by_link(study)
    layouts = {}
    for _ in range(2):
        condition, page = visitor.trial.condition, visitor.page
        layouts[condition] = [box.bounding_box() for box in page.locator(".stack, .query img").all()]
        assert page.evaluate("document.documentElement.scrollWidth") == width
        if width > 400:
            assert page.evaluate("document.documentElement.scrollHeight") == height
        # No word runs into its neighbour.
        words = page.locator(".caption").evaluate_all(
            """all => all.filter(one => one.textContent).map(one => {
              const range = document.createRange();
              range.selectNodeContents(one);
              const { left, right, top } = range.getBoundingClientRect();
              return [top, left, right];
            }).sort((one, other) => one[0] - other[0] || one[1] - other[1])"""
        )
        for (top, _, end), (next_top, start, _) in itertools.pairwise(words):
            assert top != next_top or start > end
        visitor.click("left", 1)
    assert layouts["exemplars"] == layouts["accentuation"]


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1366, 625), (390, 844)])
def test_six_images_a_panel_stand_in_two_rows_of_three(
    live_server: LiveServer, visit: Callable[..., Visitor], width: int, height: int
) -> None:
    study = make_study(protocol_text(features=2, references=6, stimuli="weak_references = 6"))
    visitor = visit(viewport={"width": width, "height": height}, has_touch=width < 400, is_mobile=width < 400)
    visitor.come_by_link(study)
    for panel in visitor.page.locator(".panel").all():
        tops = [box["y"] for stack in panel.locator(".stack").all() if (box := stack.bounding_box())]
        assert [tops.count(top) for top in dict.fromkeys(tops)] == [3, 3]
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == width


def test_a_study_with_two_panels_is_taken_by_keyboard(
    study_of_two_panels: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    visitor.enrol_by_keyboard(study_of_two_panels)
    for _ in range(2):
        visitor.press_number("right", 2)
        visitor.press_arrows("left", 3)
    visitor.page.locator("#completion-code").wait_for()
    assert [(one.choice, one.confidence) for one in Response.objects.order_by("trial__position")] == [
        ("right", 2), ("left", 3),
    ] * 2  # fmt: skip
    assert visitor.complaints == []
