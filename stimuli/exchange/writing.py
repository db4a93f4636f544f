"""A frozen set written as a folder: whole or not at all."""

import csv
import io
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

from stimuli import files
from stimuli.consistency import inconsistencies
from stimuli.exchange.collecting import activation_rows, manifest_of, pool_of, pool_rows
from stimuli.exchange.crate import crate_text
from stimuli.exchange.data_sheet import data_sheet
from stimuli.exchange.records import (
    ACTIVATION_COLUMNS,
    ACTIVATIONS,
    CRATE,
    DATA_SHEET,
    MANIFEST,
    NAME_COLUMN,
    PLAN,
    POOL,
    POOL_COLUMNS,
    PROTOCOL,
    ExchangeError,
    FileRecord,
    picture,
)
from stimuli.models import FrozenSet
from stimuli.sets import frozen_files, frozen_stimuli, protocol_of
from stimuli.verification import altered

LICENCE = "Not stated. Ask whoever gave you this folder; the rights in the photographs are their photographers'."


def write_set(frozen: FrozenSet, folder: Path, *, licence: str = LICENCE, photograph_names: bool = False) -> str:
    """Write a set into a new or empty folder and return the SHA-256 of its manifest.

    The folder is written beside its place under a hidden name and renamed when all of it is on the disk, so that a
    half-written one is never taken for whole.

    Args:
        frozen: the set.
        folder: where to; its parent exists.
        licence: the terms under which the images may be used, one sentence or an address.
        photograph_names: whether the file names of the source photographs go along. They may say who or what was
            photographed, which nobody needs who has the image and the photograph's hash.

    Raises:
        ExchangeError: the folder holds something, or a file or a record of the set is missing or changed.
        OSError: the folder cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ExchangeError(f"{folder} is not an empty folder; name a new one with --out.")
    for sentence in chain(altered(frozen), inconsistencies(frozen_stimuli(frozen))):
        raise ExchangeError(sentence)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".partial", dir=folder.absolute().parent))
    try:
        written = _Written(partial)
        manifest_sha256 = _write(frozen, written, licence, photograph_names)
        partial.chmod(0o755)
        written.sync()
        partial.replace(folder.absolute())
    except BaseException:
        shutil.rmtree(partial)
        raise
    return manifest_sha256


def _write(frozen: FrozenSet, written: "_Written", licence: str, photograph_names: bool) -> str:
    title = protocol_of(frozen).title
    for file in frozen_files(frozen):
        written.add(picture(file.folder, file.sha256, file.format), _whole(file.sha256, file.what))
    protocol = frozen.protocol.encode()
    # The byte order mark with which some editors begin a file is in the hash and not in the text.
    mark = b"" if files.sha256_of(protocol) == frozen.protocol_sha256 else b"\xef\xbb\xbf"
    written.add(PROTOCOL, mark + protocol)
    written.add(PLAN, frozen.plan.encode())
    columns = (*POOL_COLUMNS, NAME_COLUMN) if photograph_names else POOL_COLUMNS
    written.add(POOL, _csv(columns, pool_rows(pool_of(frozen), photograph_names=photograph_names)))
    written.add(ACTIVATIONS, _csv(ACTIVATION_COLUMNS, activation_rows(frozen)))
    manifest = manifest_of(frozen, licence=licence, photograph_names=photograph_names)
    manifest = manifest.model_copy(update={"files": written.files})
    written.add(DATA_SHEET, data_sheet(manifest, title).encode())
    written.add(CRATE, crate_text(manifest, title).encode())
    return written.add(MANIFEST, manifest.model_copy(update={"files": dict(written.files)}).text().encode())


class _Written:
    """A folder with what has been written into it so far."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, FileRecord] = {}

    def add(self, name: str, data: bytes) -> str:
        """Write a file, on the disk when this returns, and return its SHA-256."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        with path.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        self.files[name] = FileRecord(sha256=files.sha256_of(data), size=len(data))
        return self.files[name].sha256

    def sync(self) -> None:
        """Bring the names of the files to the disk too."""
        for folder in (self.folder, *(path for path in self.folder.iterdir() if path.is_dir())):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _whole(sha256: str, what: str) -> bytes:
    try:
        data = files.read(sha256)
    except FileNotFoundError:
        data = b""
    if files.sha256_of(data) != sha256:
        raise ExchangeError(f"The file of {what} is missing or changed; nothing was exported.")
    return data


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue().encode()
