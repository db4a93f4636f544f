"""A file that holds how far a long computation has come: whole at every moment, and only read by the same computation.

Arrays are kept as NumPy's ``.npz`` without pickle. The key says everything that decides the numbers; a file with
another key, or one that cannot be read, counts as none.
"""

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[np.generic]]

_KEY = "key"


class Checkpoint:
    """One such file.

    Args:
        path: of the file; its folder is made when something is kept.
        key: of the computation.
    """

    def __init__(self, path: Path, key: str) -> None:
        self._path, self._key = path, key
        self._partial = path.with_suffix(".partial")

    def read(self) -> Arrays | None:
        """What this computation kept last, or None."""
        try:
            with np.load(self._path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
        except (OSError, ValueError, EOFError, zipfile.BadZipFile):
            return None
        return arrays if str(arrays.pop(_KEY, "")) == self._key else None

    def write(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Keep these arrays in place of what was kept before; killed at any moment, either the one or the other stands.

        Raises:
            OSError: the file cannot be written.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._partial.open("wb") as file:
            np.savez(file, allow_pickle=False, **{_KEY: np.array(self._key)}, **arrays)
            file.flush()
            os.fsync(file.fileno())
        self._partial.replace(self._path)

    def remove(self) -> None:
        """Keep nothing any more."""
        self._path.unlink(missing_ok=True)
        self._partial.unlink(missing_ok=True)
