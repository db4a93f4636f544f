"""Makes the pictures of docs/pages.md: ``python -m docs.make_screenshots http://127.0.0.1:8000/s/demo/``.

Takes the demo, served by ``make demo``, in Chromium at three widths, from the consent to the withdrawal, and goes the
ways of those who decline and of those who do not pass the quiz.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from stimuli.protocol import QuizTable, read_protocol
from tests import chromium

PAGES = Path(__file__).resolve().parent / "pages"
SIZES = {1440: 900, 1024: 768, 390: 844}
QUALITY = 60
PROTOCOL = Path(__file__).resolve().parent.parent / "studyapp" / "protocols" / "demo.toml"


def quiz() -> QuizTable:
    """The demo's quiz, with its answers."""
    table = read_protocol(PROTOCOL).protocol.quiz
    assert table is not None
    return table


def steps(page: Page, address: str) -> Iterator[str]:
    """Go through the session; the name of each page when it stands."""
    page.goto(address)
    yield "consent"
    page.get_by_role("button", name="I agree and take part").click()
    while not page.locator("#completion-code").count():
        yield from step(page)
    yield "thanks"
    page.get_by_role("link", name="Withdraw from the study").click()
    yield "withdraw"
    page.get_by_role("button", name="Withdraw").click()
    page.wait_for_load_state()
    yield "withdrawn"


def declining(page: Page, address: str) -> Iterator[str]:
    """Read the consent and decline."""
    page.goto(address)
    page.get_by_role("button", name="I do not take part").click()
    page.wait_for_load_state()
    yield "declined"


def failing(page: Page, address: str) -> Iterator[str]:
    """Give wrong answers to the quiz as often as it is asked."""
    page.goto(address)
    page.get_by_role("button", name="I agree and take part").click()
    for _ in range(quiz().max_attempts):
        while page.locator("main").get_attribute("data-step") != "quiz":
            fill(page)
            page.locator("main form button.primary").click()
            page.wait_for_load_state()
        for question in quiz().questions:
            wrong = next(choice for choice in question.choices if choice != question.answer)
            page.get_by_label(wrong, exact=True).check()
        page.locator("main form button.primary").click()
        page.wait_for_load_state()
    yield "ended"


def step(page: Page) -> Iterator[str]:
    """One page of the session, and what leads on from it."""
    page.wait_for_load_state()
    if page.locator("main.trial").count():
        yield from trial(page)
        return
    yield str(page.locator("main").get_attribute("data-step"))
    if page.locator("main").get_attribute("data-step") == "quiz":
        for question in quiz().questions:
            page.get_by_label(question.answer, exact=True).check()
    elif page.locator("main form .asked").count():
        fill(page)
    page.locator("main form button.primary").click()


def fill(page: Page) -> None:
    """Answer a page of questions: the first choice of each, a number, a word."""
    for group in page.locator(".asked").all():
        if group.locator("input[type=radio]").count():
            group.locator("input[type=radio]").first.check()
        elif group.locator("input").count():
            group.locator("input").first.fill("30")


def trial(page: Page) -> Iterator[str]:
    """Show a trial, answer it, and go on."""
    turn = page.locator('.turn[data-state="shown"]')
    turn.wait_for()
    expect(page.locator(".answer:enabled")).to_have_count(6)
    name = str(page.locator(".bar label").inner_text()).lower().replace(" ", "-")
    shown = str(turn.get_attribute("data-trial"))
    yield name
    page.wait_for_timeout(250)
    page.locator(".answer").nth(1).click()
    proceed = page.locator("#continue")
    if turn.get_attribute("data-feedback") is not None:
        proceed.wait_for()
        yield f"{name}-feedback"
        proceed.click()
    page.locator(f'[data-trial="{shown}"]').wait_for(state="detached")


def main(address: str) -> None:
    """Take the pictures."""
    PAGES.mkdir(exist_ok=True)
    kept = {"consent", "questionnaire_before", "instructions", "quiz", "practice-1-of-2", "practice-1-of-2-feedback"}
    kept |= {"practice-2-of-2-feedback", "trial-1-of-8", "trial-2-of-8", "break", "questionnaire_after", "debriefing"}
    kept |= {"thanks", "withdraw", "withdrawn", "declined", "ended"}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=chromium.arguments())
        for width, height in SIZES.items():
            phone = width < 500
            for way in (steps, declining, failing):
                context = browser.new_context(
                    viewport={"width": width, "height": height}, is_mobile=phone, has_touch=phone
                )
                page = context.new_page()
                for name in way(page, address):
                    if name in kept:
                        path = PAGES / f"{name}-{width}.jpg"
                        page.screenshot(path=path, type="jpeg", quality=QUALITY, full_page=True)
                context.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
