"""The ways to trials that are not as they stand first: flipped, interrupted, of other conditions and tasks."""

from collections.abc import Iterator
from functools import partial

from playwright.sync_api import Page

from docs.screenshots.screen import Screen, Way
from docs.screenshots.session import agree, condition, standing_trial, step, withdrawing


def disturbed(screen: Screen) -> Iterator[tuple[str, Page]]:
    """Flip a trial of the demo, lose the connection, and answer in two windows."""
    page = screen.open("/s/demo/")
    agree(page)
    to_main_trials(page)
    # Not the last trial of a block: without a connection nothing follows it.
    last = page.locator("[data-label='Trial 4 of 8'], [data-label='Trial 8 of 8']")
    while not page.locator("#flip").count() or last.count():
        leave_trial(page)
    page.locator("#flip").click()
    yield "trial-flipped", page
    page.context.set_offline(True)
    leave_trial(page)
    page.locator(".state[data-now=offline]").wait_for()
    yield "trial-offline", page
    page.context.set_offline(False)
    page.locator(".state[data-now=saved]").wait_for()
    yield from interrupted(page)
    yield from overtaken(page)
    bare = screen.open(page.url, scripts=False)
    yield "trial-without-javascript", bare


def interrupted(page: Page) -> Iterator[tuple[str, Page]]:
    """Keep the images of a trial from coming."""
    page.route("**/*.png", lambda route: route.abort())
    page.reload()
    page.locator(".loading", has_text="The study goes on by itself").wait_for()
    yield "trial-interrupted", page
    page.unroute("**/*.png")
    standing_trial(page)


def overtaken(page: Page) -> Iterator[tuple[str, Page]]:
    """Answer a trial in another window, and then in this one."""
    other = page.context.new_page()
    other.goto(page.url)
    leave_trial(other)
    page.bring_to_front()
    standing_trial(page)
    page.locator(".answer").nth(1).click()
    page.locator(".loading", has_text="answered in another window").wait_for()
    yield "trial-overtaken", page
    # The page goes on by itself, to where the other window is.
    page.wait_for_url(page.url, wait_until="load")
    other.close()
    page.reload()


def failing_practice(screen: Screen) -> Iterator[tuple[str, Page]]:
    """Practise until somebody did not pass: which answer is right is a matter of luck."""
    while True:
        page = screen.open("/s/strict/")
        agree(page)
        for name in in_practice(page):
            yield name, page
        if page.locator("main").get_attribute("data-step") == "ended":
            yield "ended-in-practice", page
            return


def completing(screen: Screen) -> Iterator[tuple[str, Page]]:
    """Complete a study that leads back to where the participant came from, and withdraw from it."""
    page = screen.open("/s/kept/")
    agree(page)
    while not page.locator("#completion-code").count():
        for _ in step(page):
            pass
    yield "thanks-leading-back", page
    for name, withdrawn in withdrawing(page):
        yield f"{name}-kept", withdrawn


def first_trial(slug: str, screen: Screen) -> Iterator[tuple[str, Page]]:
    """The first main trial of a study."""
    page = screen.open(f"/s/{slug}/")
    agree(page)
    to_main_trials(page)
    yield f"trial-{slug}", page


def explained(screen: Screen) -> Iterator[tuple[str, Page]]:
    """Of four people in a row each meets another condition."""
    for _ in range(4):
        page = screen.open("/s/explained/")
        agree(page)
        to_main_trials(page)
        yield f"trial-{condition(page)}", page


def in_practice(page: Page) -> Iterator[str]:
    """Go on until the practice is over; each page by its name."""
    while page.locator(".bar label", has_text="Trial").count() == 0:
        if page.locator("main").get_attribute("data-step") == "ended":
            return
        yield from step(page)
        page.locator("main[data-step], .turn[data-state=shown]").first.wait_for()


def to_main_trials(page: Page) -> None:
    """To the first main trial."""
    for _ in in_practice(page):
        pass
    standing_trial(page)


def leave_trial(page: Page) -> None:
    """Answer a trial, and go on to the next one, past a break if there is one."""
    for _ in step(page):
        pass
    page.locator("main[data-step], .turn[data-state=shown]").first.wait_for()
    if page.locator("main[data-step]").count():
        for _ in step(page):
            pass
    standing_trial(page)


WAYS: tuple[Way, ...] = (
    disturbed,
    failing_practice,
    completing,
    explained,
    *(partial(first_trial, slug) for slug in ("nine", "two-panels", "continuation", "transfer")),
)
