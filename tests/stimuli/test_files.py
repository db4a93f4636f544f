"""Image files: whole or absent, whatever happens to the process that writes them."""

import fcntl
import hashlib
import os
from pathlib import Path

import pytest

from stimuli import files
from stimuli.models import image_path


def test_it_names_a_file_by_its_hash(image_root: Path) -> None:
    sha256 = files.store(b"pixels")
    assert sha256 == hashlib.sha256(b"pixels").hexdigest()
    assert image_path(sha256) == image_root / sha256[:2] / f"{sha256}.png"
    assert image_path(sha256).read_bytes() == b"pixels"


def test_it_leaves_nothing_but_the_file(image_root: Path) -> None:
    sha256 = files.store(b"pixels")
    assert [path for path in image_root.rglob("*") if path.is_file()] == [image_path(sha256)]


def test_it_mends_a_damaged_file(image_root: Path) -> None:
    sha256 = files.store(b"pixels")
    image_path(sha256).write_bytes(b"pix")
    assert not files.is_whole(sha256)
    files.store(b"pixels")
    assert files.is_whole(sha256)


def test_a_missing_file_is_not_whole(image_root: Path) -> None:
    assert not files.is_whole("0" * 64)


def test_a_failed_write_leaves_no_file(image_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.store(b"pixels")
    assert not [path for path in image_root.rglob("*") if path.is_file()]


def test_until_the_renaming_nothing_stands_under_the_final_name(
    image_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    final = image_path(hashlib.sha256(b"pixels").hexdigest())
    seen: list[bytes] = []

    def interrupted(partial: Path, target: Path) -> None:
        assert target == final
        assert not final.exists()
        seen.append(partial.read_bytes())
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        files.store(b"pixels")
    assert seen == [b"pixels"]
    assert not [path for path in image_root.rglob("*") if path.is_file()]


def test_it_sweeps_leftovers_and_leaves_files_in_work(image_root: Path) -> None:
    sha256 = files.store(b"pixels")
    folder = image_path(sha256).parent
    leftover, in_work, foreign = folder / ".dead.1.partial", folder / ".live.2.partial", folder / ".keep"
    for path in (leftover, in_work, foreign):
        path.write_bytes(b"half")
    with in_work.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert files.sweep_leftovers() == 1
    assert not leftover.exists()
    assert in_work.exists()
    assert foreign.exists()
    assert files.is_whole(sha256)


def test_it_sweeps_a_folder_that_is_not_there(image_root: Path) -> None:
    assert files.sweep_leftovers() == 0
