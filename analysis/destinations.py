"""What a command writes must have a place, and not that of what it reads.

Data that took months are not replaced by a table about them, and what took an hour to compute is not lost to a typing
error in the name of a folder.
"""

from collections.abc import Sequence
from pathlib import Path


class DestinationError(ValueError):
    """A file cannot be written, would be written over one that is read, or twice; the message says which."""


def check_writing(*, read: Sequence[Path], written: Sequence[Path]) -> None:
    """Look before anything is computed; ``read`` and ``written`` are all files of one command.

    Raises:
        DestinationError: two of them are one file, by whatever name or link, and at least one is written; or a folder
            stands in the place of one that is written.
    """
    for place, path in enumerate(written):
        if path.is_dir():
            raise DestinationError(f"{path} is a folder; give the name of a file in it")
        for source in read:
            if _same(path, source):
                raise DestinationError(f"{path} would be written over {source}, which is read; give another name")
        for other in written[:place]:
            if _same(path, other):
                raise DestinationError(f"{path} would be written over {other}, which is written too; give another name")


def check_folder(path: Path) -> None:
    """Make sure that the folder in which ``path`` would be written is there.

    Raises:
        DestinationError: it is not.
    """
    if not path.parent.is_dir():
        raise DestinationError(f"{path} cannot be written: there is no folder {path.parent}; make it, or give another")


def _same(one: Path, other: Path) -> bool:
    if one.exists() and other.exists():
        return one.samefile(other)
    return one.resolve() == other.resolve()
