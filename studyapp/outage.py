"""What people read while the database cannot be reached: that nothing is lost, and that it is worth trying again."""

import logging
from collections.abc import Callable

from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from studyapp.database import no_answer
from studyapp.language import speak_to_browser

RETRY_AFTER_S = 5
logger = logging.getLogger(__name__)


class OutageMiddleware:
    """Answer 503, calmly, where a view failed because the database went away, was restarted or is overloaded."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on: there is something to do for failures only."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Turn a failure of the connection into a page, or into JSON for a script; leave all others alone."""
        if not _is_outage(exception):
            return None
        logger.error("The database does not answer: %s", exception)
        if request.content_type == "application/json":
            reply: HttpResponse = JsonResponse(
                {"error": _("The database does not answer; send this again.")}, status=503
            )
        else:
            speak_to_browser(request)
            # Without the request: nothing that fills the page may ask the database.
            reply = HttpResponse(render_to_string("503.html"), status=503)
        reply["Retry-After"] = str(RETRY_AFTER_S)
        return reply


def _is_outage(exception: Exception) -> bool:
    """Whether the connection failed. In mid-statement psycopg2 raises the base of its errors then, without a code."""
    return isinstance(exception, OperationalError | InterfaceError) or (
        type(exception) is DatabaseError and no_answer(exception)
    )
