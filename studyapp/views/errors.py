"""What people read where something is wrong: in the language of the study, or where none is known their browser's."""

from django.http import HttpRequest, HttpResponse
from django.views import csrf, defaults

from studyapp.language import speak_to_browser


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400."""
    speak_to_browser(request)
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    speak_to_browser(request)
    return defaults.permission_denied(request, exception)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403, for a form without its cookie."""
    speak_to_browser(request)
    return csrf.csrf_failure(request, reason)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    speak_to_browser(request)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """500."""
    speak_to_browser(request)
    return defaults.server_error(request)
