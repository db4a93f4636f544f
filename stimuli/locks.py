"""One process at a time: a lock in the database, which goes with the connection of a process that dies."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

# The server may need a moment to notice that the last holder was killed.
PATIENCE_S = 2.0
_PAUSE_S = 0.1


class BusyError(RuntimeError):
    """Another process holds the lock."""


@contextmanager
def exclusive(task: str) -> Iterator[None]:
    """Hold the lock of this name for the block.

    Raises:
        BusyError: another process holds it.
    """
    key = lock_key(task)
    give_up = time.monotonic() + PATIENCE_S
    while not _call("pg_try_advisory_lock", key):
        if time.monotonic() > give_up:
            raise BusyError(f"Another {task} is at work on this database; wait until it has ended, then run again.")
        time.sleep(_PAUSE_S)
    try:
        yield
    finally:
        _call("pg_advisory_unlock", key)


def lock_key(task: str) -> int:
    """The number by which PostgreSQL knows the lock of this name: 64 bits, signed."""
    return int.from_bytes(hashlib.sha256(f"quiddity:{task}".encode()).digest()[:8], signed=True)


def _call(function: str, key: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [key])
        return bool(cursor.fetchone()[0])
