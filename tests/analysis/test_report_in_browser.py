"""The report as a reader meets it: accessible, nothing fetched, nothing wider than the screen."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

from analysis.reading import parse_export
from analysis.report import render_report
from analysis.results import analyse
from analysis.simulation import Assumptions, synthetic_export
from tests import chromium

ACCURACY = {"accentuation": 0.85, "exemplars": 0.65}


@pytest.fixture
def page() -> Iterator[Page]:
    executable = chromium.find()
    assert executable is not None, chromium.ADVICE
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=chromium.arguments())
        yield browser.new_page()
        browser.close()


@pytest.fixture
def report(protocol_file, plan, tmp_path) -> Path:
    file = protocol_file(plan + "[analysis.exclusions]\nmin_side_choices = 6\n")
    export = parse_export(synthetic_export(file, Assumptions(ACCURACY), participants=14, seed=3))
    path = tmp_path / "report.html"
    results = analyse(export, seed=1, protocol=file)
    assert results.robustness, "the page must have all its sections"
    path.write_text(render_report(results, export_sha256="ef" * 32), encoding="utf-8")
    return path


def test_the_report_is_accessible_self_contained_and_fits_a_phone(report: Path, page: Page) -> None:
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(report.as_uri())
    assert fetched == [report.as_uri()]
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": rules}})
        assert [violation["id"] for violation in found.response["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator("figure svg").count() == 5
    for figure in page.locator("figure svg").all():
        assert figure.bounding_box()["width"] <= 390


def test_tables_can_be_scrolled_by_keyboard(report: Path, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto(report.as_uri())
    region = page.locator(".table", has=page.locator("#hypothesis-table"))
    region.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("element => element.scrollLeft > 0", arg=region.element_handle())


def test_captions_stay_on_the_screen_of_a_phone_while_their_table_scrolls(report: Path, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto(report.as_uri())
    wide = "element => element.scrollWidth > element.clientWidth"
    regions = [region for region in page.locator(".table").all() if region.evaluate(wide)]
    assert regions, "no table is wider than a phone, so that nothing is tested"
    for region in regions:
        for scrolled in (0, 10_000):
            region.evaluate("(element, left) => { element.scrollLeft = left }", scrolled)
            box = region.locator("caption span").bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390


def test_on_paper_nothing_is_folded(report: Path, page: Page) -> None:
    page.goto(report.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(element => { element.open = false })")
    assert not page.locator("#feature-table").is_visible()
    page.emulate_media(media="print")
    assert page.locator("#feature-table").is_visible()
    assert page.locator("#counts-table").is_visible()
