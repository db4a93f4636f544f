"""A weights file by value, for machines that do not share the driver's files."""

import hashlib
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

from stimuli.orders import EngineError


@dataclass(frozen=True)
class WeightsFile:
    """A file's name, its bytes, and the SHA-256 by which they are checked where they arrive."""

    name: str
    sha256: str
    data: bytes


def read_weights(path: Path) -> WeightsFile:
    """A weights file of this machine.

    Raises:
        EngineError: it cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise EngineError(f"The weights file {path} cannot be read: {error.strerror}.") from error
    return WeightsFile(path.name, hashlib.sha256(data).hexdigest(), data)


def keep_weights(weights: WeightsFile, folder: Path | None = None) -> Path:
    """Where the file lies on this machine; written into a temporary folder named by its hash if it is not there.

    Args:
        weights: the file.
        folder: in which the temporary folder is; None for the system's.

    Raises:
        EngineError: its bytes are not those that were sent, or it cannot be written.
    """
    if hashlib.sha256(weights.data).hexdigest() != weights.sha256:
        raise EngineError(f"The weights {weights.name} arrived damaged; run the same command again.")
    path = (folder or Path(tempfile.gettempdir())) / f"quiddity-weights-{os.getuid()}" / weights.sha256 / weights.name
    try:
        if not path.exists() or path.read_bytes() != weights.data:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Under another name first: several workers of this machine may do this at the same time.
            partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
            partial.write_bytes(weights.data)
            partial.replace(path)
    except OSError as error:
        raise EngineError(f"The weights {weights.name} cannot be kept in {path.parent}: {error.strerror}.") from error
    return path
