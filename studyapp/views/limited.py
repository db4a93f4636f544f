"""Keeping one address from enrolling without end."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from studyapp.language import speak_to_browser
from studyapp.limits import Limit, client_address, over

HOUR = 60 * 60


def limited_enrolment(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer a form that is sent too often from one address with a kind page; reading is never limited."""

    @wraps(view)
    def limited(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        if request.method == "POST":
            limit, address = Limit("enrolment", settings.ENROLMENTS_PER_HOUR, HOUR), client_address(request)
            # Whose address is not known is let in: everybody would be, and one person could shut out all.
            if address and over(limit, who=address):
                speak_to_browser(request)
                page = render(request, "429.html", status=429)
                page["Retry-After"] = str(HOUR)
                return page
        return view(request, *args, **kwargs)

    return limited
