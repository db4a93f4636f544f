"""How often one address may try something: counted in PostgreSQL, so that all web processes count together.

A library such as django-ratelimit counts in Django's cache and says itself that only Redis and Memcached count
without losing some; one statement of the database that is there anyway does, and needs no further server. An address
is personal data: only a keyed hash of it is stored, and only until its span is over.
"""

import ipaddress
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from studyapp.models import AttemptCount

COUNT = """
INSERT INTO studyapp_attemptcount (key, count, expires_at) VALUES (%s, 1, %s)
ON CONFLICT (key) DO UPDATE SET count = studyapp_attemptcount.count + 1
RETURNING count
"""


@dataclass(frozen=True)
class Limit:
    """At most so many attempts of one kind in each span of time; 0 lets everything pass."""

    name: str
    most: int
    seconds: int


def over(limit: Limit, *, who: str) -> bool:
    """Count one attempt; whether it is one too many."""
    if limit.most == 0:
        return False
    span = int(time.time()) // limit.seconds
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [_key(limit, who, span), datetime.fromtimestamp((span + 1) * limit.seconds, UTC)])
        count: int = cursor.fetchone()[0]
    if count == 1:
        AttemptCount.objects.filter(expires_at__lt=timezone.now()).delete()
    return count > limit.most


def forgive(limit: Limit, *, who: str) -> None:
    """Forget the attempts of the span at hand."""
    AttemptCount.objects.filter(key=_key(limit, who, int(time.time()) // limit.seconds)).delete()


def client_address(request: HttpRequest) -> str:
    """The address of the person, or of the network for IPv6, where one household has as many addresses as it likes.

    Behind a proxy it is what the proxy's header says, of a list the last entry, which the proxy itself wrote. The
    header is read only where the installation declares it: anybody could send one.
    """
    header = settings.CLIENT_ADDRESS_HEADER
    written = request.headers.get(header, "") if header else request.META.get("REMOTE_ADDR", "")
    try:
        address = ipaddress.ip_address(written.rsplit(",", 1)[-1].strip())
    except ValueError:  # a Unix socket has no address, and a proxy may send none
        return ""
    if address.version == 6 and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address.ipv4_mapped if address.version == 6 else address)


def _key(limit: Limit, who: str, span: int) -> str:
    return salted_hmac("studyapp.limits", f"{limit.name} {span} {who}", algorithm="sha256").hexdigest()
