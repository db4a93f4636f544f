"""One bar for the whole session, read on every page in a real browser: it has one scale and never goes back."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from studyapp.models import Response, Study
from tests.studyapp.visitor import SCALE, Visitor
from tests.studyapp.whole_session import whole_study

SLOW_MS = 300_000


@pytest.fixture
def whole(live_server: LiveServer, browser: Browser) -> Study:
    return whole_study()


def read(page: Page) -> tuple[float, str, str]:
    """What the bar shows, what it says to those who do not see it, and where and how long the page says that it is."""
    bar = page.locator("progress")
    expect(bar).to_have_attribute("max", "1000")
    value = float(bar.evaluate("bar => bar.value"))
    where = page.locator(".bar label, #session-part").inner_text()
    return value, str(bar.get_attribute("aria-valuetext")), where


def test_on_every_page_of_a_session_with_repetitions_and_a_changing_pace(
    whole: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    page, plan = visitor.page, whole.plan
    assert plan.questionnaire_before
    assert plan.questionnaire_after
    assert plan.quiz
    readings: list[tuple[float, str, str]] = []

    def look() -> None:
        """Read the bar as it came, and again after a reload."""
        readings.append(read(page))
        assert readings[-1][1] == f"{int(readings[-1][0] // 10)} percent of the session"
        left = page.locator(".time-left").inner_text()
        page.reload()
        page.locator("[data-step], [data-state=shown]").wait_for()
        assert read(page) == readings[-1]
        assert page.locator(".time-left").inner_text() == left

    def press(button: str, heading: str) -> None:
        page.get_by_role("button", name=button).click()
        page.get_by_role("heading", name=heading, level=1).wait_for()
        look()

    def trial(*, right: bool = True) -> None:
        """Answer the trial on the page; the next one comes without loading it again."""
        strong = visitor.trial.strong_side
        look()
        side = next(side for side, _ in SCALE if (side == strong) == right)
        assert visitor.trial
        visitor.click(side, 2)

    def quiz(answers: list[str]) -> None:
        for answer in answers:
            page.get_by_label(answer, exact=True).check()

    page.goto(f"{visitor.address}/s/{whole.slug}/")
    press("I agree and take part", "About you")
    visitor.fill(plan.questionnaire_before)
    press("Send and go on", "Instructions")
    press("Go on to the quiz", "Short quiz")
    quiz(["Red", "Two"])
    press("Check my answers", "Instructions")
    press("Go on to the quiz", "Short quiz")
    quiz([question.answer for question in plan.quiz.questions])
    page.get_by_role("button", name="Check my answers").click()
    page.locator("[data-trial]").wait_for()
    for right in (True, False, True, True):
        trial(right=right)
    Response.objects.update(rt_ms=SLOW_MS)  # the rest will take long, so it seems
    page.reload()
    trial()
    trial()
    page.get_by_role("heading", name="A short break").wait_for()
    look()
    expect(page.locator(".time-left")).to_have_text("About 15 minutes left")
    Response.objects.update(rt_ms=200)
    page.reload()
    page.get_by_role("button", name="Go on").click()
    trial()
    trial()
    page.get_by_role("heading", name="Looking back").wait_for()
    look()
    visitor.fill(plan.questionnaire_after)
    press("Send and go on", "What the study was about")

    values = [value for value, *_ in readings]
    assert values == sorted(values)
    assert values[0] == 0
    assert len(set(values)) == len(values) - 4  # instructions, quiz and two trials of practice were taken once more
    assert [where for *_, where in readings if not where.startswith("Part")] == [
        *("Practice 1 of 2", "Practice 2 of 2"),
        *("Practice, round 2: 1 of 2", "Practice, round 2: 2 of 2"),
        *(f"Trial {number} of 4" for number in range(1, 5)),
    ]
    assert visitor.complaints == []


def test_a_page_that_is_loaded_while_answers_wait_shows_no_bar_that_has_gone_back(
    whole: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    page = visitor.page
    page.goto(f"{visitor.address}/s/{whole.slug}/")
    page.get_by_role("button", name="I agree and take part").click()
    visitor.to_first_trial(whole)
    for _ in range(2):
        visitor.click(visitor.trial.strong_side, 1)  # type: ignore[arg-type]
    assert visitor.trial.phase == "main"
    page.wait_for_load_state("networkidle")
    page.route("**/responses/", lambda route: route.abort())
    page.keyboard.press("1")
    expect(page.locator(".bar label")).to_have_text("Trial 2 of 4")
    before = read(page)
    page.reload()
    expect(page.locator(".state")).to_have_text("Offline. Kept on this device: 1")
    expect(page.locator("progress")).to_be_hidden()
    expect(page.locator(".bar label")).to_be_hidden()
    page.unroute("**/responses/")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator(".bar label")).to_have_text("Trial 2 of 4")
    expect(page.locator("progress")).to_be_visible()
    assert read(page) == before
