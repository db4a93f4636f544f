"""The checkpoint file: read only by the computation that wrote it, and never half."""

from pathlib import Path

import numpy as np
import pytest

from stimuli.checkpoints import Checkpoint


def test_what_was_kept_last_is_read_by_the_same_computation_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state.npz"
    checkpoint = Checkpoint(path, "weights a")
    assert checkpoint.read() is None
    for number in (1, 2):
        checkpoint.write({"0.values": np.full(3, number / 3), "done": np.array(number)})
    arrays = Checkpoint(path, "weights a").read()
    assert arrays is not None
    assert set(arrays) == {"0.values", "done"}
    assert arrays["0.values"].tolist() == [2 / 3] * 3
    assert Checkpoint(path, "weights b").read() is None
    checkpoint.remove()
    assert checkpoint.read() is None
    assert list(path.parent.iterdir()) == []
    checkpoint.remove()


@pytest.mark.parametrize("length", [0, 1, 100, 300])
def test_a_file_that_is_cut_off_counts_as_none(tmp_path: Path, length: int) -> None:
    path = tmp_path / "state.npz"
    checkpoint = Checkpoint(path, "key")
    checkpoint.write({"values": np.zeros(10)})
    path.write_bytes(path.read_bytes()[:length])
    assert checkpoint.read() is None


def test_a_disk_that_cannot_be_written_leaves_what_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = Checkpoint(tmp_path / "state.npz", "key")
    checkpoint.write({"values": np.zeros(1)})

    def full(file: object, **arrays: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        checkpoint.write({"values": np.ones(1)})
    arrays = checkpoint.read()
    assert arrays is not None
    assert arrays["values"].tolist() == [0.0]
