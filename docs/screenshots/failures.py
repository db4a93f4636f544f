"""The ways to the pages that say that something is wrong, on the participant's side or on the site's."""

from collections.abc import Iterator
from dataclasses import dataclass

from playwright.sync_api import Page

from docs.screenshots.screen import Screen
from docs.screenshots.session import agree

# A name of this machine under which the site is not meant to be reached.
ELSEWHERE = "elsewhere.example"
BROWSER_ARGUMENT = f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1"


@dataclass(frozen=True)
class Failures:
    """Sites on which something is wrong.

    Attributes:
        limited: lets hardly anybody enrol.
        without_tables: its database is empty.
        without_database: its database cannot be reached.
    """

    limited: str
    without_tables: str
    without_database: str

    def all(self, screen: Screen) -> Iterator[tuple[str, Page]]:
        """Every page of an error that participants can meet."""
        yield "400", screen.open(screen.site.replace("127.0.0.1", ELSEWHERE) + "/s/demo/")
        page = screen.open("/s/demo/")
        page.context.clear_cookies()
        agree(page)
        yield "403-csrf", page
        yield "404", screen.open("/s/nowhere/")
        for _ in range(2):
            page = screen.open(f"{self.limited}/s/demo/")
            agree(page)
        yield "429", page
        yield "500", screen.open(f"{self.without_tables}/s/demo/")
        yield "503", screen.open(f"{self.without_database}/s/demo/")
