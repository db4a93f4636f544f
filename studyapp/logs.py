"""What goes to the log of the web processes: errors, without the secrets of personal links."""

import logging
import re

PERSONAL_LINK = re.compile(r"/p/[A-Za-z0-9_-]{20,64}")


class WithoutLinks(logging.Formatter):
    """Writes a record, its traceback included, with every personal link cut short: whoever has one is its person."""

    def format(self, record: logging.LogRecord) -> str:
        """The lines of one record."""
        return PERSONAL_LINK.sub("/p/...", super().format(record))
