"""The folder in which an installation keeps everything, and the secrets in it."""

import os
import re
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


def switch(name: str, text: str) -> bool:
    """The value of an environment variable that is on or off.

    Raises:
        InstallationError: it is neither ``1`` nor ``0``.
    """
    if text not in ("0", "1"):
        raise InstallationError(f"{name} must be 1 (on) or 0 (off); found {text!r}.")
    return text == "1"


def whole_number(name: str, text: str) -> int:
    """The value of an environment variable that counts something.

    Raises:
        InstallationError: it is no whole number from 0.
    """
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise InstallationError(f"{name} must be a whole number, at least 0; found {text!r}.")
    return int(text)


def header_name(name: str, text: str) -> str:
    """The value of an environment variable that names a header of HTTP; empty for none.

    Raises:
        InstallationError: no header is called so.
    """
    if not re.fullmatch(r"[A-Za-z0-9-]*", text):
        raise InstallationError(f"{name} must be the name of a header, such as X-Real-IP; found {text!r}.")
    return text


def _unusable(folder: Path, reason: str | None) -> str:
    return f"The data folder {folder} cannot be used ({reason}); set QUIDDITY_DATA to a folder that can be written to."
