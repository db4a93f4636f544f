"""What is put right of a request before Django sees it: it fails on some of them where none of our pages is reached.

Django reads as many bytes of a body as ``Content-Length`` says, so none where a proxy sends it on in pieces, and it
looks up whatever charset ``Content-Type`` names. Our pages are in UTF-8, and nothing that they send names another one.
"""

import io
import re
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings

BOUNDARY = re.compile(r';\s*boundary=(?:"[^"]*"|[^;\s]*)', re.IGNORECASE)


def guarded(site: WSGIApplication) -> WSGIApplication:
    """The site behind this entrance."""

    def application(request: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request["CONTENT_TYPE"] = _without_charset(request.get("CONTENT_TYPE", ""))
        # Only a server that says so ends the body for who reads it.
        if "HTTP_TRANSFER_ENCODING" in request and request.get("wsgi.input_terminated"):
            _gather(request)
        return site(request, start_response)

    return application


def _without_charset(content_type: str) -> str:
    """The type, and of its parameters the one that a form with several parts cannot be read without."""
    boundary = BOUNDARY.search(content_type)
    return content_type.partition(";")[0] + (boundary[0] if boundary else "")


def _gather(request: WSGIEnvironment) -> None:
    """Give a body that came in pieces its length; of one that is too long as much as Django needs to refuse it."""
    body = request["wsgi.input"].read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    request["wsgi.input"], request["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
