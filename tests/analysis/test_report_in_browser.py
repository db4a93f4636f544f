"""The report as a reader meets it: accessible, nothing fetched, nothing wider than the screen."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

from analysis.figures.flow import flow_figure
from analysis.reading import parse_export
from analysis.report import render_report
from analysis.results import analyse
from analysis.selection import select_trials
from analysis.simulation import Assumptions, synthetic_export
from tests import chromium
from tests.analysis.conftest import ACCURACY, answered_by_people


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
    export = parse_export(answered_by_people(synthetic_export(file, Assumptions(ACCURACY), participants=14, seed=3)))
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
    assert page.locator("figure .drawing svg").count() == 5
    for figure in page.locator("figure, figure .drawing").all():
        assert figure.bounding_box()["width"] <= 390


# Upright text too: the scale is the length of what becomes of a unit along it.
TEXT_PIXELS = """() => [...document.querySelectorAll("figure svg text")].map(text => {
    const seen = text.getScreenCTM();
    return parseFloat(getComputedStyle(text).fontSize) * Math.hypot(seen.a, seen.b);
})"""


@pytest.mark.parametrize("width", [390, 1440])
def test_text_in_figures_can_be_read_on_any_screen(report: Path, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(report.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(element => { element.open = true })")
    sizes = page.evaluate(TEXT_PIXELS)
    assert len(sizes) > 20
    assert 11 <= min(sizes) <= max(sizes) < 18


def test_a_figure_that_is_wider_than_a_phone_is_scrolled_by_keyboard_and_whole_on_paper(
    report: Path, page: Page
) -> None:
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto(report.as_uri())
    region = page.get_by_role("region", name="Correct answers of every participant in every condition")
    region.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("element => element.scrollLeft > 0", arg=region.element_handle())
    page.emulate_media(media="print")
    for figure in page.locator("figure svg").all():
        box = figure.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390


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


def test_the_table_of_response_times_is_seen_whole_on_a_desktop(report: Path, page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(report.as_uri())
    region = page.locator(".table", has=page.locator("#times-table"))
    assert region.evaluate("element => element.scrollWidth <= element.clientWidth")


# The boxes of the flow are its paths that are filled; a line of text belongs to the box in which its middle lies.
TEXT_OUTSIDE_BOXES = """() => {
    const svg = document.querySelector("figure svg");
    const patches = [...svg.querySelectorAll("g[id*='patch_'] path")].map(path => path.getBoundingClientRect());
    const boxes = patches.filter(box => box.height < svg.getBoundingClientRect().height / 2);
    return [...svg.querySelectorAll("text")].filter(text => {
        const seen = text.getBoundingClientRect(), middle = (seen.top + seen.bottom) / 2;
        const around = boxes.filter(box => box.top < middle && middle < box.bottom
            && box.left < (seen.left + seen.right) / 2 && (seen.left + seen.right) / 2 < box.right);
        return !around.some(box => box.left <= seen.left && seen.right <= box.right
            && box.top <= seen.top && seen.bottom <= box.bottom);
    }).map(text => text.textContent);
}"""


def test_the_words_of_the_flow_stay_in_their_boxes(protocol_file, plan, tmp_path, page: Page) -> None:
    rules = "min_catch_accuracy = 0.95\nmin_instructions_s = 15\nmax_total_s = 3600\nmax_practice_rounds = 3\n"
    file = protocol_file(f"{plan}[analysis.exclusions]\nmin_side_choices = 1\n{rules}")
    export = parse_export(answered_by_people(synthetic_export(file, Assumptions(ACCURACY), participants=8, seed=3)))
    path = tmp_path / "flow.html"
    path.write_text(f"<figure>{flow_figure(select_trials(export, file.protocol.analysis.exclusions))}</figure>")
    page.goto(path.as_uri())
    assert page.locator("figure svg text").count() > 8
    assert page.evaluate(TEXT_OUTSIDE_BOXES) == []
