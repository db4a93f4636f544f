"""Image files, named by the SHA-256 of their bytes.

A file appears under its final name at once and whole: it is written under a hidden name in the same
folder, brought to the disk, then renamed. A process that is killed leaves at most a hidden file behind,
which the next run sweeps away. Each writer holds a lock on its hidden file; the system drops the lock
when the process dies, so a sweep can tell a leftover from the file of a running process.
"""

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from stimuli.models import image_path

PARTIAL_SUFFIX = ".partial"


def sha256_of(data: bytes) -> str:
    """The hash by which these bytes are named."""
    return hashlib.sha256(data).hexdigest()


def store(data: bytes) -> str:
    """Keep these bytes of a PNG file and return their SHA-256; they are on the disk when this returns."""
    sha256 = sha256_of(data)
    if is_whole(sha256):
        return sha256
    path = image_path(sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _partial_file(path) as (descriptor, partial):
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # Renamed while the lock is held, so that no sweep can come between.
        partial.replace(path)
    _sync_folder(path.parent)
    return sha256


def read(sha256: str) -> bytes:
    """The bytes of the file with this hash.

    Raises:
        FileNotFoundError: there is none.
    """
    return image_path(sha256).read_bytes()


def is_whole(sha256: str) -> bool:
    """Whether the file with this hash is there and holds the bytes that its name says."""
    try:
        with image_path(sha256).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except FileNotFoundError:
        return False


def sweep_leftovers() -> int:
    """Remove the hidden files of killed runs, leave those of running processes; return how many went."""
    return sum(_removed_if_abandoned(path) for path in Path(settings.IMAGE_ROOT).glob(f"*/.*{PARTIAL_SUFFIX}"))


@contextmanager
def _partial_file(path: Path) -> Iterator[tuple[int, Path]]:
    """A new hidden file beside ``path``, open and locked; removed on the way out if it was not renamed."""
    descriptor, partial = _locked_partial(path)
    try:
        yield descriptor, partial
    finally:
        partial.unlink(missing_ok=True)
        os.close(descriptor)


def _locked_partial(path: Path) -> tuple[int, Path]:
    while True:
        partial = path.parent / f".{path.stem}.{secrets.token_hex(4)}{PARTIAL_SUFFIX}"
        descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        # A sweep may have removed the file between its creation and the lock: then begin again.
        if os.fstat(descriptor).st_nlink:
            return descriptor, partial
        os.close(descriptor)


def _removed_if_abandoned(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        path.unlink(missing_ok=True)
        return True
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """Bring the folder's entries to the disk: without it a power cut could undo the renaming."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
