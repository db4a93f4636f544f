"""The ways of those who are not let in: without JavaScript, the panel's address, a place, or a window large enough."""

from collections.abc import Iterator

import jwt
from playwright.sync_api import Browser, Page

from docs.screenshots.screen import SIZES, Screen
from docs.screenshots.session import agree
from docs.screenshots.trials import to_main_trials

ROOMY = 1700  # CSS pixels: more than the study asks for
ABANDONED_MS = 125_000  # the study takes a place for abandoned after a minute, and allows another one


def without_scripts(screen: Screen) -> Iterator[tuple[str, Page]]:
    """Read the consent where JavaScript does not run."""
    page = screen.open("/s/demo/", scripts=False)
    page.locator("#unstarted").wait_for()
    yield "consent-without-javascript", page


def unsigned(screen: Screen) -> Iterator[tuple[str, Page]]:
    """Come without the panel's signature, and with one that cannot be verified now."""
    yield "unverified", screen.open("/s/signed/")
    token = jwt.encode({}, "not the panel's key, but long enough to sign with", headers={"kid": "1"})
    yield "unavailable", screen.open(f"/s/signed/?prolific_token={token}")


def too_small(screen: Screen) -> Iterator[tuple[str, Page]]:
    """Come with a window that is too small, and make it too small during the session."""
    yield "device", screen.open("/s/large/")
    large = screen.open("/s/large/", touch=False, width=ROOMY)
    agree(large)
    yield "device-instructions", _seen(screen, large)
    to_main_trials(large)
    yield "device-trial", _seen(screen, large)


def fingers_only(screen: Screen) -> Iterator[tuple[str, Page]]:
    """Come with a device that has neither mouse nor trackpad."""
    yield "device-touch", screen.open("/s/panel/?member=toucher", touch=True)


def _seen(screen: Screen, page: Page) -> Page:
    """The personal link on this screen."""
    small = screen.open(page.url)
    small.locator("#device").wait_for()
    return small


class Places:
    """A study for one person, to which several come."""

    def __init__(self, browser: Browser, site: str, password: str) -> None:
        self._desk = Screen(browser, site, max(SIZES))
        self._password = password
        self._link = ""

    def begin(self) -> None:
        """The first one takes the place."""
        self._link = self._enrol("first")

    def taken(self, screen: Screen) -> Iterator[tuple[str, Page]]:
        """Come while the place is taken."""
        yield "not-from-panel", screen.open("/s/panel/")
        yield "full", screen.open("/s/panel/?member=late")
        yield "took-part", screen.open("/s/panel/?member=first")

    def pass_on(self) -> None:
        """The first one stays away until the place is given to the second one, and then the study is closed."""
        page = self._desk.open("/")
        page.wait_for_timeout(ABANDONED_MS)
        self._enrol("second")
        page.goto(f"{self._desk.site}/researcher/panel/")
        page.locator("#id_username").fill("researcher")
        page.locator("#id_password").fill(self._password)
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("button", name="Close enrolment").click()
        page.get_by_role("button", name="Open enrolment again").wait_for()
        self._desk.close()

    def over(self, screen: Screen) -> Iterator[tuple[str, Page]]:
        """Come back too late, and to a closed study."""
        yield "released", screen.open(self._link)
        yield "closed", screen.open("/s/panel/?member=late")

    def _enrol(self, member: str) -> str:
        page = self._desk.open(f"/s/panel/?member={member}")
        agree(page)
        return page.url
