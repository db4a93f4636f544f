"""In which language the pages speak: English, but those of a study in the language of its protocol.

The language is the study's and not the browser's, because its texts are, and all its participants shall read the same.
Only where it is not known which study is meant, on pages that say what went wrong, the browser's counts.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from studyapp.models import Study


class LanguageMiddleware:
    """Begin every request in English and let no language outlive its request, because threads serve many."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Name the language of the answer to browsers and screen readers, too."""
        with translation.override(settings.LANGUAGE_CODE):
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language())
        return response


def speak(study: Study) -> Study:
    """Let the rest of this request speak the study's language; gives the study back."""
    translation.activate(study.plan.language)
    return study


def speak_to_browser(request: HttpRequest) -> None:
    """Let the rest of this request speak the language that the browser prefers, unless that of a study was chosen."""
    if translation.get_language() == settings.LANGUAGE_CODE:
        translation.activate(translation.get_language_from_request(request))
