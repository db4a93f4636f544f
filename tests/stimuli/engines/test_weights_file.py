"""A weights file that goes to another machine by value."""

from dataclasses import replace
from pathlib import Path

import pytest

from stimuli.engines.weights_file import keep_weights, read_weights
from stimuli.orders import EngineError


def test_a_file_arrives_with_its_name_and_its_bytes_and_is_mended_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "mine.pth").write_bytes(b"weights")
    weights = read_weights(tmp_path / "mine.pth")
    kept = keep_weights(weights, tmp_path / "node")
    assert (kept.name, kept.read_bytes()) == ("mine.pth", b"weights")
    assert weights.sha256 in kept.parts

    kept.write_bytes(b"other weights")
    assert keep_weights(weights, tmp_path / "node") == kept
    assert kept.read_bytes() == b"weights"
    assert [path.name for path in kept.parent.iterdir()] == ["mine.pth"]


def test_bytes_that_are_not_those_that_were_sent_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.pth").write_bytes(b"weights")
    damaged = replace(read_weights(tmp_path / "mine.pth"), data=b"weighty")
    with pytest.raises(EngineError, match=r"mine\.pth arrived damaged"):
        keep_weights(damaged, tmp_path / "node")
    assert not (tmp_path / "node").exists()


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(EngineError, match=r"weights file nowhere\.pth cannot be read: No such file"):
        read_weights(Path("nowhere.pth"))
