"""Codes that cannot be guessed and can be copied by hand."""

import secrets

# No 0/O and 1/I/L.
ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
LENGTH = 8


def random_code() -> str:
    """A new one, of the operating system's randomness."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
