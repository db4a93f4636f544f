"""Tokens signed by a panel (JWT, RS256), verified with the public keys that it publishes (JWKS).

Keys are kept in the process. They are fetched again when they are old, and for a key that is not among them, but not
more often than every ten seconds: a token of nonsense must not make the site ask the panel at every request. They are
fetched in a thread of their own, so that nobody waits longer than :data:`TIMEOUT_S`, whatever the panel's server does.
"""

import json
import threading
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPException, HTTPResponse

import jwt

from studyapp.recruitment.arrival import UnavailableError, UnverifiedError

ALGORITHM = "RS256"
FRESH_S = 60 * 60
RETRY_S = 10
TIMEOUT_S = 5
MAX_BYTES = 256 * 1024
# Clocks of two machines differ.
LEEWAY_S = 60


def signed_claims(token: str, *, jwks_url: str, audience: str | None) -> Mapping[str, object]:
    """What a token says, once its signature, its expiry and, if one is named, its audience hold.

    Raises:
        UnverifiedError: one of them does not.
        UnavailableError: the keys cannot be fetched.
    """
    try:
        key = key_ring(jwks_url).key(jwt.get_unverified_header(token).get("kid"))
        claims: dict[str, object] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=audience,
            leeway=LEEWAY_S,
            options={"require": ["exp"], "verify_aud": audience is not None},
        )
    except jwt.PyJWTError as error:
        # The name of the error only: its message may repeat the token.
        raise UnverifiedError(type(error).__name__) from None
    return claims


def valid_until(claims: Mapping[str, object]) -> int:
    """When claims that hold now do no more, in seconds since 1970."""
    expiry = claims["exp"]
    assert isinstance(expiry, int | float | str), "it was read as a number to verify it"
    return int(expiry) + LEEWAY_S


@dataclass
class KeyRing:
    """The keys of one address, by their id, with the time when they were last asked for."""

    address: str

    def __post_init__(self) -> None:
        self._keys: dict[str, jwt.PyJWK] = {}
        self._asked = float("-inf")
        self._fetching: threading.Thread | None = None
        self._lock = threading.Lock()

    def key(self, name: object) -> jwt.PyJWK:
        """The key of this id.

        Raises:
            UnverifiedError: there is none.
            UnavailableError: there is none here, and the panel does not answer.
        """
        self._wait(self._fetch_if_due(name))
        keys = self._keys
        if not keys:
            raise UnavailableError("the keys cannot be fetched")
        if not isinstance(name, str) or name not in keys:
            raise UnverifiedError("signed with a key that is not published")
        return keys[name]

    def _fetch_if_due(self, name: object) -> threading.Thread | None:
        """The fetch that must be waited for: one that was due, or one that runs and may bring this name."""
        with self._lock:
            age = time.monotonic() - self._asked
            if age > FRESH_S or (name not in self._keys and age > RETRY_S):
                self._asked = time.monotonic()
                self._fetching = threading.Thread(target=self._fetch, args=(self._asked,), daemon=True)
                self._fetching.start()
                return self._fetching
            return None if name in self._keys else self._fetching

    def _wait(self, fetching: threading.Thread | None) -> None:
        """Until the fetch is over, or its time is."""
        if fetching:
            fetching.join(max(0, self._asked + TIMEOUT_S - time.monotonic()))

    def _fetch(self, began: float) -> None:
        """Ask for the keys; those from before stay when the panel does not answer, or with nonsense."""
        try:
            # The protocol allows http and https only.
            with urllib.request.urlopen(self.address, timeout=TIMEOUT_S) as answer:
                keys = _published(_read(answer, until=began + TIMEOUT_S))
        except (OSError, HTTPException, ValueError, jwt.PyJWTError):
            return
        with self._lock:
            if self._asked == began:  # else a later fetch knows better
                self._keys = keys


def _read(answer: HTTPResponse, *, until: float) -> bytes:
    """What comes in time: a server that drips would hold the thread for hours."""
    content = b""
    while len(content) < MAX_BYTES and time.monotonic() < until and (part := answer.read1(MAX_BYTES - len(content))):
        content += part
    return content


def _published(content: bytes) -> dict[str, jwt.PyJWK]:
    """The RSA keys of a set (JWKS), by their id.

    Raises:
        ValueError: it is no such set.
        jwt.PyJWTError: there is no key in it.
    """
    published = json.loads(content)
    if not isinstance(published, dict):
        raise ValueError("a set of keys is a JSON object")
    listed = published.get("keys")
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise ValueError("a set of keys has a list of JSON objects")
    keys = jwt.PyJWKSet.from_dict(published).keys
    return {key.key_id: key for key in keys if isinstance(key.key_id, str) and key.key_type == "RSA"}


@lru_cache(maxsize=16)
def key_ring(address: str) -> KeyRing:
    """The one ring of an address in this process."""
    return KeyRing(address)
