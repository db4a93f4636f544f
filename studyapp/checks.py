"""What ``manage.py check --deploy`` says of an installation besides Django's own checks."""

from typing import Any

from django.conf import settings
from django.core import checks


def check_proxy_headers(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Behind a proxy, which every HTTPS site of ours has, the proxy must be heard on two things."""
    found: list[checks.CheckMessage] = []
    if settings.HTTPS and settings.SECURE_PROXY_SSL_HEADER is None:
        found.append(
            checks.Warning(
                "QUIDDITY_HTTPS is on, but nothing tells the site that a request came by HTTPS: it would send browsers "
                "to the same address without end.",
                hint="Set QUIDDITY_PROXY_HTTPS_HEADER to the header in which the proxy says so.",
                id="studyapp.W001",
            )
        )
    if settings.HTTPS and settings.ENROLMENTS_PER_HOUR and not settings.CLIENT_ADDRESS_HEADER:
        found.append(
            checks.Warning(
                "All participants seem to come from the proxy's address, so that they share one limit of enrolments.",
                hint="Set QUIDDITY_CLIENT_ADDRESS_HEADER to the header in which the proxy gives the client's address.",
                id="studyapp.W002",
            )
        )
    return found
