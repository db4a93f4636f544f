"""The headers that Django does not set itself: what our pages may ask of a browser, and who may embed our files."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# Nothing of this is used by any page; a browser then refuses it to whatever came to run there.
UNUSED = (
    "accelerometer",
    "autoplay",
    "camera",
    "display-capture",
    "encrypted-media",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "publickey-credentials-get",
    "screen-wake-lock",
    "serial",
    "usb",
    "xr-spatial-tracking",
)
HEADERS = {
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in UNUSED),
    # No other site shows our images or reads their size. Cross-Origin-Opener-Policy is set by Django's middleware.
    "Cross-Origin-Resource-Policy": "same-origin",
}


class HeadersMiddleware:
    """Sets the headers on every answer, static files included."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and add what is missing."""
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response
