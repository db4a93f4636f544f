"""The options that say who computes, as every command has them."""

import sys

import pytest
import torch
from django.core.management import CommandError, call_command

from stimuli.engine import devices
from stimuli.engines.opening import open_workers
from stimuli.orders import EngineError

COMMANDS = {
    "generate_stimuli": ["protocol.toml"],
    "verify_stimuli": ["protocol.toml"],
    "survey_features": ["efficientnet_lite0", "pool"],
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--workers=0", "at least 1 is needed .found 0."),
        ("--workers=-2", "at least 1 is needed .found -2."),
        ("--workers=many", "at least 1 is needed .found many."),
        ("--device=gpu", "cuda:NUMBER is needed .found gpu."),
        ("--device=cuda:x", "cuda:NUMBER is needed .found cuda:x."),
        ("--engine=slurm", "invalid choice: 'slurm'"),
    ],
)
def test_a_value_that_means_nothing_is_refused(command: str, option: str, sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command(command, *COMMANDS[command], option)


def test_an_address_without_a_cluster_is_refused() -> None:
    with (
        pytest.raises(EngineError, match="add --engine ray, or leave it out"),
        open_workers("efficientnet_lite0", None, "cpu", 1, address="10.0.0.1:6379"),
    ):
        pass


@pytest.mark.parametrize(
    ("gpus", "wanted", "expected"),
    [
        (0, "auto", ["cpu"]),
        (2, "auto", ["cuda:0", "cuda:1"]),
        (2, "cuda", ["cuda:0", "cuda:1"]),
        (2, "cuda:1", ["cuda:1"]),
        (2, "cpu", ["cpu"]),
        (0, "cuda", "no cuda device here"),
        (0, "cuda:1", "no cuda device here"),
        (2, "cuda:2", "no cuda:2 here, only cuda:0 to cuda:1"),
    ],
)
def test_a_device_is_one_gpu_or_all_of_them(
    monkeypatch: pytest.MonkeyPatch, gpus: int, wanted: str, expected: list[str] | str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    if isinstance(expected, list):
        assert devices(wanted) == expected
    else:
        with pytest.raises(EngineError, match=expected):
            devices(wanted)


@pytest.mark.parametrize(
    ("address", "device", "sentence"),
    [
        ("127.0.0.1:1", "cpu", r"no Ray cluster at 127\.0\.0\.1:1 \(Connection refused\)"),
        ("ray://127.0.0.1:1", "cpu", "must be HOST:PORT, .* or auto"),
        ("somewhere", "cpu", "must be HOST:PORT, .* or auto"),
        (None, "cuda:1", "Ray gives each worker its GPU; use --device cuda instead of cuda:1"),
    ],
)
def test_what_means_nothing_to_a_cluster_is_refused_at_once(address: str | None, device: str, sentence: str) -> None:
    pytest.importorskip("ray", reason="Ray is not installed (requirements-ray.txt)")
    with (
        pytest.raises(EngineError, match=sentence),
        open_workers("efficientnet_lite0", None, device, engine="ray", address=address),
    ):
        pass


def test_without_ray_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(EngineError, match=r"run `python -m pip install -r requirements-ray\.txt`"),
        open_workers("efficientnet_lite0", None, "cpu", engine="ray"),
    ):
        pass
