"""The one door to image files: bytes in and out, named by their SHA-256, in the storage ``images`` of the settings.

That is the data folder (:mod:`stimuli.storage`), or any storage that speaks Django's storage API.
"""

import hashlib
from pathlib import Path
from typing import cast

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

from stimuli.models import image_name
from stimuli.orders import EngineError, ImageSource
from stimuli.storage import ImageFolder

# What the first bytes of a file say it is; the ending of its name follows from it.
_WEBP_MARK = b"WEBP"
FORMATS = ("png", "webp")


class DamagedFileError(EngineError, OSError):
    """The storage holds other bytes under the name of an image than the name says."""


class MissingFileError(EngineError, FileNotFoundError):
    """The storage does not hold an image that the records name.

    An error of the engine too: a worker that was given a path instead of bytes says the same of a missing file.
    """


def sha256_of(data: bytes) -> str:
    """The hash by which these bytes are named."""
    return hashlib.sha256(data).hexdigest()


def store(data: bytes) -> str:
    """Keep these bytes of a PNG or WebP file and return their SHA-256; they are safe when this returns.

    Raises:
        OSError: the storage does not take them, or not under their name.
    """
    sha256 = sha256_of(data)
    if is_whole(sha256):
        return sha256
    name = image_name(sha256, "webp" if data[8:12] == _WEBP_MARK else "png")
    storage = _storage()
    if not isinstance(storage, ImageFolder) and storage.exists(name):
        # Damaged. Most storages would keep it and save beside it, under a name that nobody looks for.
        storage.delete(name)
    if (kept := storage.save(name, ContentFile(data))) != name:
        raise OSError(f"The storage keeps {name} as {kept}; let it overwrite files.")
    return sha256


def read(sha256: str) -> bytes:
    """The bytes of the image with this hash, as the storage has them.

    Raises:
        MissingFileError: there is none.
    """
    for name in _names(sha256):
        try:
            with _storage().open(name) as file:
                return cast(bytes, file.read())
        except FileNotFoundError:
            continue
    raise MissingFileError(
        f"The file of the image {sha256[:12]} is missing; run the same import_images again for a natural image, "
        "generate_stimuli for a generated one, which restores it."
    )


def read_whole(sha256: str) -> bytes:
    """The bytes of the image with this hash, and no others: for what people are shown.

    The hash of 100 kB takes less than a tenth of a millisecond.

    Raises:
        MissingFileError: there are none.
        DamagedFileError: the storage has other bytes under this name.
    """
    data = read(sha256)
    if sha256_of(data) != sha256:
        raise DamagedFileError(
            f"The file of the image {sha256[:12]} was changed; bring it back with import_images, generate_stimuli or "
            "import_stimuli, or from a backup."
        )
    return data


def size(sha256: str) -> int | None:
    """How many bytes the file of the image with this hash has; None where there is none."""
    for name in _names(sha256):
        try:
            return _storage().size(name)
        except FileNotFoundError:
            continue
    return None


def is_there(sha256: str) -> bool:
    """Whether there is a file with this name, whatever it holds: for what is asked often."""
    return any(_storage().exists(name) for name in _names(sha256))


def is_whole(sha256: str) -> bool:
    """Whether the file with this hash is there and holds the bytes that its name says."""
    for name in _names(sha256):
        try:
            with _storage().open(name) as file:
                # By parts: an image is small, but nothing here rests on it.
                return hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except FileNotFoundError:
            continue
    return False


def local_path_or_none(sha256: str) -> Path | None:
    """The path of the image with this hash; None where the storage is not on this machine or does not have it."""
    storage = _storage()
    for name in _names(sha256):
        try:
            path = Path(storage.path(name))
        except NotImplementedError:
            return None
        if path.is_file():
            return path
    return None


def source(sha256: str) -> ImageSource:
    """The image with this hash as workers take it: its path where there is one, else its bytes.

    Raises:
        MissingFileError: another storage than the data folder does not have it. Of the data folder the path is given
            where the file should be, so that whoever opens it can say which is missing.
    """
    storage = _storage()
    if isinstance(storage, ImageFolder):
        return local_path_or_none(sha256) or Path(storage.path(image_name(sha256)))
    return local_path_or_none(sha256) or read(sha256)


def sweep_leftovers() -> int:
    """Remove what killed runs left half-written in the data folder; return how many files went."""
    storage = _storage()
    return storage.sweep() if isinstance(storage, ImageFolder) else 0


def _storage() -> Storage:
    return storages["images"]


def _names(sha256: str) -> list[str]:
    return [image_name(sha256, image_format) for image_format in FORMATS]
