"""A screen of one width, on which pages are opened, each in a browser of its own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

# The height of the window for each width, in CSS pixels.
SIZES = {1440: 900, 1024: 768, 390: 844}
PHONE = 500  # a narrower window is a phone's


@dataclass
class Screen:
    """Opens pages of the site at one width."""

    browser: Browser
    site: str
    width: int
    _contexts: list[BrowserContext] = field(default_factory=list)

    def open(self, address: str, *, touch: bool | None = None, scripts: bool = True, width: int | None = None) -> Page:
        """Open an address of the site, or a whole one, as somebody does who never was there.

        Args:
            address: where to go.
            touch: whether the device has fingers only; a phone does, if it is not said.
            scripts: whether JavaScript runs.
            width: of the window, if not this screen's.
        """
        fingers = self.width < PHONE if touch is None else touch
        window = {"width": width or self.width, "height": SIZES[self.width]}
        options: dict[str, Any] = {"viewport": window, "is_mobile": fingers, "has_touch": fingers}
        if not fingers:
            options["screen"] = {"width": 1920, "height": 1080}
        context = self.browser.new_context(java_script_enabled=scripts, **options)
        self._contexts.append(context)
        page = context.new_page()
        page.goto(address if address.startswith("http") else self.site + address)
        return page

    def close(self) -> None:
        """Forget all that was opened."""
        for context in self._contexts:
            context.close()
        self._contexts.clear()


# Goes through pages of the site on one screen; gives each by its name when it stands.
Way = Callable[[Screen], Iterator[tuple[str, Page]]]
