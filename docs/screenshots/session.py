"""The ways through the demo: to the completion code and the withdrawal, and out of it before."""

from collections.abc import Iterator

from playwright.sync_api import Locator, Page, expect

from docs.screenshots.screen import Screen
from docs.screenshots.studies import DEMO
from stimuli.protocol import QuizTable, read_protocol

READING_MS = 250  # an answer in the first moments is taken for a slip of the page before


def taking_part(screen: Screen) -> Iterator[tuple[str, Page]]:
    """Go through the session, and withdraw at its end."""
    page = screen.open("/s/demo/")
    yield "consent", page
    agree(page)
    while not page.locator("#completion-code").count():
        for name in step(page):
            yield name, page
    yield "thanks", page
    yield from withdrawing(page)


def withdrawing(page: Page) -> Iterator[tuple[str, Page]]:
    """Withdraw, from a page of the session."""
    page.get_by_role("link", name="Withdraw from the study").click()
    yield "withdraw", page
    page.get_by_role("button", name="Withdraw").click()
    page.wait_for_load_state()
    yield "withdrawn", page


def declining(screen: Screen) -> Iterator[tuple[str, Page]]:
    """Read the consent and decline."""
    page = screen.open("/s/demo/")
    page.get_by_role("button", name="I do not take part").click()
    page.wait_for_load_state()
    yield "declined", page


def misunderstanding(screen: Screen) -> Iterator[tuple[str, Page]]:
    """Leave out questions, then give wrong answers to the quiz as often as it is asked."""
    page = screen.open("/s/demo/")
    agree(page)
    send(page)
    yield "questionnaire-incomplete", page
    page.context.set_offline(True)
    page.locator("main form button.primary").click()
    page.locator(".state[data-now=unsent]").wait_for()
    yield "questionnaire-offline", page
    page.context.set_offline(False)
    for attempt in range(quiz().max_attempts):
        while page.locator("main").get_attribute("data-step") != "quiz":
            if attempt == 1:
                yield "instructions-again", page
            fill(page)
            send(page)
        if attempt == 1:
            yield "quiz-again", page
        for question in quiz().questions:
            wrong = next(choice for choice in question.choices if choice != question.answer)
            page.get_by_label(wrong, exact=True).check()
        send(page)
    yield "ended", page


def quiz() -> QuizTable:
    """The demo's quiz, with its answers."""
    table = read_protocol(DEMO).protocol.quiz
    assert table is not None
    return table


def agree(page: Page) -> None:
    """Consent."""
    page.get_by_role("button", name="I agree and take part").click()
    page.wait_for_load_state()


def send(page: Page) -> None:
    """Press the button that leads on from a page without a trial."""
    page.locator("main form button.primary").click()
    page.wait_for_load_state()


def step(page: Page) -> Iterator[str]:
    """One page of the session, and what leads on from it; the name of each page when it stands."""
    page.wait_for_load_state()
    if page.locator("main.trial").count():
        yield from trial(page)
        return
    yield str(page.locator("main").get_attribute("data-step"))
    if page.locator("main").get_attribute("data-step") == "quiz":
        for question in quiz().questions:
            page.get_by_label(question.answer, exact=True).check()
    else:
        fill(page)
    send(page)


def fill(page: Page) -> None:
    """Answer the questions of a page, if it has some: the first choice of each, a number, a word."""
    for group in page.locator(".asked").all():
        if group.locator("input[type=radio]").count():
            group.locator("input[type=radio]").first.check()
        elif group.locator("input").count():
            group.locator("input").first.fill("30")


def trial(page: Page) -> Iterator[str]:
    """Show a trial, answer it, and go on."""
    turn = standing_trial(page)
    shown = str(turn.get_attribute("data-trial"))
    gives_feedback = turn.get_attribute("data-feedback") is not None
    yield "practice" if gives_feedback else f"trial-{condition(page)}"
    page.locator(".answer").nth(1).click()
    if gives_feedback:
        page.locator("#continue").wait_for()
        yield f"practice-{outcome(page)}"
        page.locator("#continue").click()
    page.locator(f'[data-trial="{shown}"]').wait_for(state="detached")


def condition(page: Page) -> str:
    """What the trial on the page shows as evidence, by its words; which trial shows what is drawn for each person."""
    heading = page.locator(".evidence h2").first.inner_text()
    signs = {
        "no images": "none",
        "computed": "visualization",
        "Colours": "attribution",
        "suppressed": "suppression",
        "accentuated": "accentuation",
    }
    return next((name for sign, name in signs.items() if sign in heading), "exemplars")


def outcome(page: Page) -> str:
    """What follows on the feedback of the page: the last trial of a round ends the practice or begins it once more."""
    told = page.locator(".feedback").inner_text()
    signs = {"begins once more": "again", "practice is over": "over"}
    return next((name for sign, name in signs.items() if sign in told), "feedback")


def standing_trial(page: Page) -> Locator:
    """The trial that stands on the page, once it takes answers."""
    turn = page.locator('.turn[data-state="shown"]')
    turn.wait_for()
    expect(page.locator(".answer:enabled")).to_have_count(6)
    page.wait_for_timeout(READING_MS)
    return turn
