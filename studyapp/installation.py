"""The folder in which an installation keeps everything, and the secrets in it."""

import os
import secrets
from pathlib import Path


class InstallationError(ValueError):
    """The environment does not let the platform run; the message says what to mend, in one sentence."""


def data_folder(path: Path) -> Path:
    """The data folder as an absolute path, made if it is not there.

    Raises:
        InstallationError: it is no folder, or nothing can be written into it.
    """
    folder = path.resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InstallationError(_unusable(folder, error.strerror)) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InstallationError(_unusable(folder, "it cannot be written to"))
    return folder


def kept_secret(path: Path, *, characters: int) -> str:
    """The secret in this file, made on first use and readable by its owner only.

    It appears under its name whole: a process that is killed in between leaves no empty secret behind.
    """
    if not path.exists():
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        partial.touch(mode=0o600)
        partial.write_text(secrets.token_urlsafe(characters)[:characters])
        # Of two processes that make it at once, both then read the one that came first.
        try:
            path.hardlink_to(partial)
        except FileExistsError:
            pass
        finally:
            partial.unlink()
    return path.read_text()


def _unusable(folder: Path, reason: str | None) -> str:
    return f"The data folder {folder} cannot be used ({reason}); set QUIDDITY_DATA to a folder that can be written to."
