"""Which code made an image: the project's version, its commit, and hashes of the files that take part. No torch.

Two hashes are kept with every image, of the library (``accentuation_sha256``) and of the modules here that cut natural
images, draw them, put a recipe together, follow it and encode what comes of it (``stimuli_sha256``). Each is the
SHA-256 over the files in the order of their names: name, NUL, bytes, NUL.
"""

import hashlib
import subprocess
import tomllib
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

IMAGE_MODULES = (
    "attempts.py",
    "built_in.py",
    "continuations.py",
    "crops.py",
    "engine.py",
    "generation.py",
    "likeness.py",
    "natural.py",
    "orders.py",
    "photographs.py",
    "pictures.py",
    "recipes.py",
)


def sha256_of_files(paths: Iterable[Path]) -> str:
    """The hash of some files of one folder, by their names."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def sha256_of_image_modules() -> str:
    """The hash of the modules of this package that take part in making an image."""
    return sha256_of_files(Path(__file__).with_name(name) for name in IMAGE_MODULES)


@cache
def release() -> dict[str, str]:
    """The project's version and, in a git checkout, its commit and whether anything was changed since.

    Known where the command runs; the workers of a cluster have its code without either.
    """
    found = {}
    with suppress(OSError, KeyError, ValueError):  # of a copy of the code alone
        found["quiddity"] = str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])
    if _git("rev-parse", "--show-toplevel") == str(ROOT) and (commit := _git("rev-parse", "HEAD")):
        changed = _git("status", "--porcelain", "--untracked-files=no")
        found |= {"commit": commit, "changed_since": "no" if changed == "" else "yes"}
    return found


def _git(*arguments: str) -> str | None:
    """What git answers about this project; None where there is no git or no checkout."""
    try:
        done = subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
