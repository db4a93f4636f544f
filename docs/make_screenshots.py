"""Makes the pictures of docs/pages.md: ``python -m docs.make_screenshots``, twenty minutes on two processors.

It makes an installation with the demo and some small studies, serves it, goes every way through it in Chromium at three
widths, and takes the pages that docs/pages.md names. Nothing of the installation stays: in one whose study is full and
closed already, nobody could show how that comes about.
"""

import re
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from docs.screenshots import arrivals, failures, session, trials
from docs.screenshots.installation import Installation
from docs.screenshots.screen import SIZES, Screen, Way
from docs.screenshots.studies import STUDIES
from tests import chromium

DOCS = Path(__file__).resolve().parent
QUALITY = 60
ENDED = "postgresql://nobody@127.0.0.1:1/nothing"


def named_pages() -> set[str]:
    """The names of the pages that docs/pages.md shows."""
    return set(re.findall(r"\(pages/(.+?)-\d+\.jpg\)", (DOCS / "pages.md").read_text()))


def take(browser: Browser, site: str, ways: Iterable[Way], missing: set[tuple[str, int]]) -> None:
    """Go the ways at every width and take what is missing; what was taken is missing no more."""
    for width in SIZES:
        for way in ways:
            screen = Screen(browser, site, width)
            for name, page in way(screen):
                if (name, width) in missing:
                    picture(page, DOCS / "pages" / f"{name}-{width}.jpg")
                    missing.remove((name, width))
            screen.close()


def picture(page: Page, path: Path) -> None:
    """Keep the whole page as it stands, with what appears only after a moment, and with no button under the mouse."""
    page.mouse.move(0, 0)
    page.evaluate("scrollTo(0, 0)")  # or the bar, which stays in view, would lie over what is below it
    page.screenshot(path=path, type="jpeg", quality=QUALITY, full_page=True, animations="disabled")


def take_all(browser: Browser, site: str, failing: failures.Failures, password: str) -> set[tuple[str, int]]:
    """Go all ways; the names and widths of pages that were named and not met."""
    missing = {(name, width) for name in named_pages() for width in SIZES}
    places = arrivals.Places(browser, site, password)
    take(browser, site, [arrivals.fingers_only], missing)
    places.begin()
    take(browser, site, [places.taken], missing)
    places.pass_on()
    take(browser, site, [places.over], missing)
    take(browser, site, [session.taking_part, session.declining, session.misunderstanding], missing)
    take(browser, site, trials.WAYS, missing)
    take(browser, site, [arrivals.without_scripts, arrivals.unsigned, arrivals.too_small, failing.all], missing)
    return missing


def main() -> None:
    """Take the pictures."""
    with tempfile.TemporaryDirectory(prefix="quiddity-pages-") as folder:
        Path(folder).chmod(0o755)  # as root the embedded server runs as a user of its own
        installation = Installation(Path(folder))
        installation.manage("demo", "--no-serve")
        for slug in STUDIES:
            installation.open_study(slug)
        with (
            sync_playwright() as playwright,
            playwright.chromium.launch(
                executable_path=chromium.find(), args=[*chromium.arguments(), failures.BROWSER_ARGUMENT]
            ) as browser,
            installation.serving() as site,
            installation.serving(QUIDDITY_ENROLMENTS_PER_HOUR="1") as limited,
            installation.failing(installation.database("template1")) as without_tables,
            installation.failing(ENDED) as without_database,
        ):
            sites = failures.Failures(limited, without_tables, without_database)
            missing = take_all(browser, site, sites, installation.password)
    if missing:
        sys.exit(f"docs/pages.md names pages that were not met: {sorted(missing)}")


if __name__ == "__main__":
    main()
