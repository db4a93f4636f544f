"""The storage that keeps images in the data folder, each of them whole or not there.

A file appears under its final name at once: it is written under a hidden name in the same folder, brought to the disk,
then renamed. A process that is killed leaves at most a hidden file behind, which the next run sweeps away. Each writer
holds a lock on its hidden file; the system drops the lock when the process dies, so a sweep can tell a leftover from
the file of a running process.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage
from typing_extensions import override

PARTIAL_SUFFIX = ".partial"


class ImageFolder(FileSystemStorage):
    """``settings.IMAGE_ROOT``, read anew each time. A name that is saved again replaces what stood there."""

    @property
    def base_location(self) -> str:
        """The folder; cached by Django's class, where it would outlive a change of the setting."""
        return str(settings.IMAGE_ROOT)

    @property
    def location(self) -> str:
        """The folder, absolute."""
        return str(Path(settings.IMAGE_ROOT).absolute())

    @override
    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """The very name: files are named by their content, so a second one of a name is the same or mends it."""
        return name

    def _save(self, name: str, content: "File[Any]") -> str:
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        with _partial_file(path) as (descriptor, partial):
            with os.fdopen(os.dup(descriptor), "wb") as file:
                for chunk in content.chunks():
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            # Renamed while the lock is held, so that no sweep can come between.
            partial.replace(path)
        _sync_folder(path.parent)
        return name

    def sweep(self) -> int:
        """Remove the hidden files of killed runs, leave those of running processes; return how many went."""
        return sum(_removed_if_abandoned(path) for path in Path(self.location).glob(f"*/.*{PARTIAL_SUFFIX}"))


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
