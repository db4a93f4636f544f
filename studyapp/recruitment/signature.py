"""Tokens signed by a panel (JWT, RS256), verified with the public keys that it publishes (JWKS).

Keys are kept in the process. They are fetched again when they are old, and for a key that is not among them, but not
more often than every ten seconds: a token of nonsense must not make the site ask the panel at every request.
"""

import json
import threading
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

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


@dataclass
class KeyRing:
    """The keys of one address, by their id, with the time when they were last asked for."""

    address: str

    def __post_init__(self) -> None:
        self._keys: dict[str, jwt.PyJWK] = {}
        self._asked = float("-inf")
        self._lock = threading.Lock()

    def key(self, name: object) -> jwt.PyJWK:
        """The key of this id.

        Raises:
            UnverifiedError: there is none.
            UnavailableError: there is none here, and the panel does not answer.
        """
        with self._lock:
            age = time.monotonic() - self._asked
            if age > FRESH_S or (name not in self._keys and age > RETRY_S):
                self._fetch()
        if not self._keys:
            raise UnavailableError("the keys cannot be fetched")
        if not isinstance(name, str) or name not in self._keys:
            raise UnverifiedError("signed with a key that is not published")
        return self._keys[name]

    def _fetch(self) -> None:
        """Ask for the keys; those from before stay when the panel does not answer."""
        self._asked = time.monotonic()
        try:
            # The protocol allows http and https only.
            with urllib.request.urlopen(self.address, timeout=TIMEOUT_S) as answer:
                published = jwt.PyJWKSet.from_dict(json.loads(answer.read(MAX_BYTES)))
        except (OSError, ValueError, jwt.PyJWTError):
            return
        self._keys = {key.key_id: key for key in published.keys if key.key_id and key.key_type == "RSA"}


@lru_cache(maxsize=16)
def key_ring(address: str) -> KeyRing:
    """The one ring of an address in this process."""
    return KeyRing(address)
