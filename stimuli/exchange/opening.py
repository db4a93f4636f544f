"""Files of a folder that came from elsewhere, opened so that nothing but a plain file of it is ever read."""

import os
import stat
from pathlib import Path

from stimuli.exchange.records import ExchangeError


def plain_bytes(folder: Path, name: str) -> bytes:
    """The bytes of a file of the folder: no link is followed, and no pipe or device opened for long.

    Args:
        folder: may be a link itself; whoever names it knows where it leads.
        name: its parts joined by ``/``, none of them ``..``.

    Raises:
        ExchangeError: there is none, or it is no plain file.
    """
    path = folder / name
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        *parents, last = Path(name).parts
        for place, parent in enumerate(parents, start=1):
            _refuse_link(parent, descriptor, folder.joinpath(*parents[:place]))
            descriptor = _inside(parent, descriptor, os.O_DIRECTORY)
        _refuse_link(last, descriptor, path)
        # A pipe that nobody writes to would keep an ordinary opening waiting for ever.
        with open(_inside(last, descriptor, os.O_NONBLOCK), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ExchangeError(f"{path} is no plain file; a set's folder holds nothing else, copy it again.")
            return file.read()
    except FileNotFoundError as error:
        raise ExchangeError(
            f"{path} is missing; name a folder that export_stimuli wrote, and copy the whole of it."
        ) from error
    except OSError as error:
        raise ExchangeError(f"{path} cannot be read: {error.strerror}.") from error


def _inside(name: str, folder: int, flags: int) -> int:
    """Open an entry of a folder, whose descriptor is closed."""
    try:
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | flags, dir_fd=folder)
    finally:
        os.close(folder)


def _refuse_link(name: str, folder: int, path: Path) -> None:
    """A sentence for what ``O_NOFOLLOW`` would refuse with a number; closes the folder then."""
    try:
        is_link = stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        os.close(folder)
        raise
    if is_link:
        os.close(folder)
        raise ExchangeError(
            f"{path} is a link; a set's folder holds only files of its own, copy the whole folder again."
        )
