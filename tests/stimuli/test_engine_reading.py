"""How the engine reads images for a GPU: ahead, in threads; tried with the network on the CPU."""

import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from stimuli import engine
from stimuli.engine import Network, read_ahead
from stimuli.orders import EngineError

LAYERS = ["blocks.1.0", "logit"]


@pytest.fixture
def paths(photographs: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    monkeypatch.setattr(engine, "READ_TOGETHER", 3)
    return sorted(photographs.glob("*.png"))[:7]


@pytest.mark.parametrize("threads", [0, 1, 4])
def test_images_come_in_their_order_whoever_reads_them(paths: list[Path], threads: int) -> None:
    stacks = list(read_ahead(paths, threads=threads))
    assert [len(stack) for stack in stacks] == [3, 3, 1]
    for path, image in zip(paths, torch.cat(stacks), strict=True):
        assert torch.equal(image, engine._tensor(path))


def test_no_more_than_one_stack_is_read_ahead(paths: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[object] = []
    tensor = engine._tensor

    def recorded(source: Path | bytes) -> torch.Tensor:
        read.append(source)
        assert threading.current_thread() is not threading.main_thread()
        return tensor(source)

    monkeypatch.setattr(engine, "_tensor", recorded)
    stacks = read_ahead(paths, threads=2)
    next(stacks)
    assert len(read) <= 6
    assert len(list(stacks)) == 2
    assert sorted(map(str, read)) == [str(path) for path in paths]


def test_a_network_sees_the_same_with_and_without_threads(paths: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network("efficientnet_lite0", None, "cpu")
    alone = network.activations(paths, LAYERS)
    monkeypatch.setattr(Network, "_readers", lambda self: 4)
    for layer, values in network.activations(paths, LAYERS).items():
        assert values.shape[0] == len(paths)
        np.testing.assert_array_equal(values, alone[layer])


@pytest.mark.parametrize("threads", [0, 2])
def test_a_damaged_image_is_named(paths: list[Path], tmp_path: Path, threads: int) -> None:
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes(b"no image")
    with pytest.raises(EngineError, match=r"damaged\.png is missing or damaged"):
        list(read_ahead([*paths, damaged], threads=threads))
