"""How often one address may try something: counted in PostgreSQL, so that all web processes count together.

A library such as django-ratelimit counts in Django's cache and says itself that only Redis and Memcached count
without losing some; one statement of the database that is there anyway does, and needs no further server. An address
is personal data: only a keyed hash of it is stored, and only until the span after its own is over.
"""

import ipaddress
import logging
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from studyapp.models import AttemptCount

# The count of the span at hand, this attempt included, and of the one before.
COUNT = """
INSERT INTO studyapp_attemptcount (key, count, expires_at) VALUES (%s, 1, %s)
ON CONFLICT (key) DO UPDATE SET count = studyapp_attemptcount.count + 1
RETURNING count,
    coalesce((SELECT last.count FROM studyapp_attemptcount last WHERE last.key = %s AND last.expires_at >= %s), 0)
"""
# What proxies write around an address: `for=` and quotes (RFC 7239), brackets and a port, the zone of IPv6.
WRITTEN = re.compile(
    r'(?:.*\bfor=)?"?(?:\[(?P<bracketed>[^\]]+)\](?::\d+)?|(?P<ported>[\d.]+):\d+|(?P<bare>[^"\s;]+))"?(?:;.*)?',
    re.IGNORECASE,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limit:
    """At most so many attempts of one kind in a span of time; 0 lets everything pass."""

    name: str
    most: int
    seconds: int


def over(limit: Limit, *, who: str) -> bool:
    """Count one attempt; whether it is one too many.

    Spans begin by the clock. Of the attempts in the one before, that part still counts which the time since leaves of
    it, so that nobody has twice as many around the hour as within it.
    """
    if limit.most == 0:
        return False
    span, since = divmod(time.time(), limit.seconds)
    until = datetime.fromtimestamp((span + 2) * limit.seconds, UTC)
    with connection.cursor() as cursor:
        keys = [_key(limit, who, int(number)) for number in (span, span - 1)]
        cursor.execute(COUNT, [keys[0], until, keys[1], timezone.now()])
        count, before = cursor.fetchone()
    if count == 1:
        AttemptCount.objects.filter(expires_at__lt=timezone.now()).delete()
    # Those that were refused then are not held against anybody now. Rounded down, so that who waits for a span may try.
    counting = int(min(before, limit.most) * (1 - since / limit.seconds))
    return bool(count + counting > limit.most)


def forgive(limit: Limit, *, who: str) -> None:
    """Forget the attempts that count."""
    span = int(time.time()) // limit.seconds
    AttemptCount.objects.filter(key__in=[_key(limit, who, number) for number in (span, span - 1)]).delete()


def client_address(request: HttpRequest) -> str:
    """The address of the person, or of the network for IPv6, where one household has as many addresses as it likes.

    Behind a proxy it is what the proxy's header says, of a list the last entry, which the proxy itself wrote. The
    header is read only where the installation declares it: anybody could send one. Empty where there is no address.
    """
    header = settings.CLIENT_ADDRESS_HEADER
    written = request.headers.get(header, "") if header else request.META.get("REMOTE_ADDR", "")
    try:
        address = ipaddress.ip_address(_bare(written.rsplit(",", 1)[-1].strip()))
    except ValueError:  # a Unix socket has no address; a proxy should send one
        if header:
            _report(header)
        return ""
    if address.version == 6 and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address.ipv4_mapped if address.version == 6 else address)


def _bare(written: str) -> str:
    """An address without what proxies write around it."""
    found = WRITTEN.fullmatch(written)
    address = found and (found["bracketed"] or found["ported"] or found["bare"])
    return (address or "").partition("%")[0]


@lru_cache
def _report(header: str) -> None:
    """Once in each process, for nothing else would tell. What was sent may be personal."""
    logger.error(
        "The header %s, which QUIDDITY_CLIENT_ADDRESS_HEADER declares, holds no address: enrolments are not limited, "
        "and all logins share one limit.",
        header,
    )


def _key(limit: Limit, who: str, span: int) -> str:
    return salted_hmac("studyapp.limits", f"{limit.name} {span} {who}", algorithm="sha256").hexdigest()
