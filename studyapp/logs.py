"""What goes to the log of the web processes: errors, without the secrets of personal links and without ids.

The ids are the recruiter's: a panel writes them into the query of the study's address.
"""

import logging
import re

PERSONAL_LINK = re.compile(r"/p/[A-Za-z0-9_-]{20,64}")
QUERY = re.compile(r"(/[^\s?\"']*\?)[^\s\"']+")


class WithoutLinks(logging.Formatter):
    """Writes a record, its traceback included, with personal links and the queries of addresses cut short.

    Whoever has a personal link is its person.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The lines of one record."""
        return QUERY.sub(r"\1...", PERSONAL_LINK.sub("/p/...", super().format(record)))
