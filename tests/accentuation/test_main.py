"""The command: a photograph in, a panel out, and one sentence for every mistake."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image

import accentuation
from accentuation import to_picture
from accentuation.__main__ import main
from accentuation.errors import AccentuationError
from accentuation.layer_hint import some_layers
from accentuation.measuring import check_layer
from accentuation.photograph import read_photograph

ROOT = Path(__file__).resolve().parents[2]
QUICK = ["--steps", "2", "--crops", "2", "--size", "48"]


@pytest.fixture
def photograph(tmp_path, coffee):
    path = tmp_path / "coffee.png"
    to_picture(coffee).save(path)
    return path


def run(capsys, *arguments):
    status = main([str(argument) for argument in arguments])
    streams = capsys.readouterr()
    return status, streams.out, streams.err


def test_a_photograph_becomes_a_panel_in_one_command(photograph, tmp_path):
    out = tmp_path / "panel.png"
    command = [sys.executable, "-m", "accentuation", str(photograph), "--feature", "logit=967", "--out", str(out)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}  # the machine may be busy
    result = subprocess.run([*command, *QUICK], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert "Feature: logit=967" in result.stdout
    assert "Activation before " in result.stdout
    assert "2/2" in result.stderr
    assert Image.open(out).size == (4 * 48 + 3 * 4, 48)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["coffee.png", "panel.png"]


def test_the_class_that_the_network_sees_is_the_default_feature(photograph, tmp_path, capsys):
    status, out, _ = run(capsys, photograph, "--out", tmp_path / "panel.jpg", *QUICK)
    assert status == 0
    assert out.splitlines()[0].endswith(", the predicted class")


def test_every_option_reaches_the_accentuation(photograph, tmp_path, capsys, monkeypatch, lite0):
    import accentuation.__main__ as command

    seen = {}

    def record(model, image, feature, config, *, seed, on_step):
        seen.update(feature=str(feature), config=config, seed=seed)
        return command_accentuate(model, image, feature, config, seed=seed, on_step=on_step)

    command_accentuate = command.accentuate
    monkeypatch.setattr(command, "accentuate", record)
    monkeypatch.setattr(command, "load_model", lambda *_, **__: lite0)
    options = {
        "--feature": "blocks.3.1:channel=40",
        "--out": tmp_path / "panel.png",
        "--layer": "blocks.1.0",
        "--regularization": "0.5",
        "--strength": "0.75",
        "--mask-percentile": "90",
        "--parametrization": "pixel",
        "--seed": "7",
        "--steps": "1",
        "--crops": "3",
        "--size": "40",
    }
    words = [word for pair in options.items() for word in pair]
    status, _, _ = run(capsys, photograph, *words, "--suppress")
    config = seen["config"]
    assert status == 0
    assert (seen["feature"], seen["seed"]) == ("blocks.3.1:channel=40", 7)
    assert (config.regularization_layer, config.regularization, config.strength) == ("blocks.1.0", 0.5, 0.75)
    assert (config.mask_percentile, config.parametrization, config.suppress) == (90, "pixel", True)
    assert (config.steps, config.crops) == (1, 3)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--model", "resnet5"], "There is no model `resnet5`"),
        (["--feature", "logit=2000"], "from 0 to 999"),
        (["--feature", "nonsense"], "`nonsense` is not a feature"),
        (["--feature", "logit=1", "--feature", "logit=2"], "--feature is given twice; write several features as a sum"),
        (["--feature", ""], "The text of the feature is empty"),
        (["--feature", "espresso"], "`espresso` is not a feature; write `class=espresso`"),
        (["--layer", "blocks.9"], "has no layer `blocks.9`"),
        (["--steps", "0"], "steps must be at least 1"),
        (["--steps", "many"], "Argument --steps"),
        (["--crops", "0"], "crops must be at least 1"),
        (["--regularization", "-1"], "regularization must be 0 or more"),
        (["--strength", "nan"], "strength must be from 0 to 1"),
        (["--mask-percentile", "0"], "mask_percentile must be more than 0"),
        (["--parametrization", "wavelet"], "parametrization must be one of"),
        (["--size", "0"], "size must be a whole number of at least 1 pixel"),
        (["--seed", "-1"], "seed must be a whole number"),
        (["--device", "abacus"], "There is no device `abacus`"),
        (["--weights", "README.md"], "README.md is not a weights file"),
        (["--out", "panel.xyz"], "end its name on .png"),
        (["--out", "/nowhere/panel.png"], "cannot be written to /nowhere/panel.png"),
        (["--colour", "red"], "Unrecognized arguments: --colour"),
    ],
)
def test_every_mistake_ends_with_one_sentence_before_anything_is_computed(
    photograph, tmp_path, capsys, monkeypatch, words, sentence
):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("accentuation.__main__.accentuate", lambda *_, **__: pytest.fail("it computed"))
    out = [] if "--out" in words else ["--out", tmp_path / "panel.png"]
    status, printed, error = run(capsys, photograph, *out, *words)
    assert status == 2
    assert printed == ""
    assert sentence in error
    assert error.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["coffee.png"]


def test_the_panel_does_not_overwrite_its_photograph(photograph, capsys):
    before = photograph.read_bytes()
    status, _, error = run(capsys, photograph, "--out", photograph)
    assert (status, photograph.read_bytes()) == (2, before)
    assert "another name" in error


@pytest.mark.parametrize("content", [None, b"", b"no picture", "folder", "cut"])
def test_what_is_not_a_picture_is_said_to_be_none(tmp_path, photograph, capsys, content):
    path = tmp_path / "odd.png"
    if content == "folder":
        path.mkdir()
    elif content is not None:
        path.write_bytes(photograph.read_bytes()[:2000] if content == "cut" else content)
    status, _, error = run(capsys, path, "--out", tmp_path / "panel.png")
    assert status == 2
    assert str(path) in error
    assert error.count("\n") == 1


def test_a_large_photograph_is_made_smaller_and_keeps_its_aspect_ratio(tmp_path):
    path = tmp_path / "wide.png"
    Image.new("RGB", (300, 120)).save(path)
    assert read_photograph(path, 40).shape == (3, 40, 100)
    assert read_photograph(path, 120).shape == (3, 120, 300)
    assert read_photograph(path, 512).shape == (3, 120, 300)


def test_a_photograph_is_upright_as_its_camera_held_it(tmp_path):
    picture = Image.new("RGB", (30, 20), "blue")
    picture.paste("red", (0, 0, 15, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    picture.save(tmp_path / "turned.png", exif=exif)
    image = read_photograph(tmp_path / "turned.png", 512)
    assert image.shape == (3, 30, 20)
    assert image[:, 2, 10].tolist() == [1, 0, 0]
    assert image[:, 27, 10].tolist() == [0, 0, 1]


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1", "LA"])
def test_a_photograph_of_any_mode_can_be_read(tmp_path, mode):
    path = tmp_path / ("odd.tif" if mode == "CMYK" else "odd.png")
    Image.new("RGB", (9, 6), "white").convert(mode).save(path)
    assert read_photograph(path, 512).shape == (3, 6, 9)


def test_greys_of_16_bits_keep_their_range(tmp_path):
    Image.new("I;16", (4, 4), 128 * 256).save(tmp_path / "grey.png")
    image = read_photograph(tmp_path / "grey.png", 512)
    torch.testing.assert_close(image, torch.full((3, 4, 4), 128 / 255))


@pytest.mark.parametrize("side", [0, -1, 64.5, (64, 64), None])
def test_a_side_without_length_is_refused(photograph, side):
    with pytest.raises(AccentuationError, match="whole number of at least 1 pixel"):
        read_photograph(photograph, side)


def test_what_is_no_path_and_what_is_a_folder_are_no_photograph(tmp_path):
    with pytest.raises(AccentuationError, match="is a folder; give a picture in it"):
        read_photograph(tmp_path, 64)
    with pytest.raises(AccentuationError, match="read from the path of its file, not from None"):
        read_photograph(None, 64)


def test_transparent_parts_of_a_photograph_are_white(tmp_path):
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    assert read_photograph(tmp_path / "clear.png", 4).min() == 1


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("ResNet50", "conv1, layer1.2, layer2.3, layer3.3"),
        ("vgg16", "features.0, features.7, features.12, features.19"),
        ("vit_b_16", "conv_proj, encoder.layers.encoder_layer_2, encoder.layers.encoder_layer_5, "),
        ("regnet_x_400mf", "stem.0"),
        ("timm/test_vit.r160_in1k", "patch_embed"),
    ],
)
def test_a_missing_layer_is_said_with_examples_before_a_download(
    photograph, capsys, tmp_path, monkeypatch, name, layers
):
    monkeypatch.setattr("accentuation.__main__.load_model", lambda *_, **__: pytest.fail("it loaded"))
    status, _, error = run(capsys, photograph, "--model", name, "--out", tmp_path / "panel.png")
    assert status == 2
    assert f"known to be good for {name}; name one with --layer, such as {layers}" in error
    assert error.count("\n") == 1


def test_a_misspelled_layer_is_said_before_a_download(photograph, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("accentuation.__main__.load_model", lambda *_, **__: pytest.fail("it loaded"))
    words = ["--model", "resnet18", "--layer", "layer9", "--out", tmp_path / "panel.png"]
    status, _, error = run(capsys, photograph, *words)
    assert status == 2
    assert "resnet18 has no layer `layer9`; the nearest names are `layer4`" in error


def test_the_layers_of_the_hint_are_layers(tmp_path):
    torch.save(torchvision.models.get_model("squeezenet1_1", weights=None).state_dict(), tmp_path / "mine.pth")
    model = accentuation.load_model("squeezenet1_1", weights=tmp_path / "mine.pth")
    layers = some_layers("squeezenet1_1")
    assert len(layers) == 4
    for layer in layers:
        check_layer(model, layer)
    assert some_layers("no such model") == []


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".tif", ".bmp"])
def test_a_panel_in_any_format_keeps_what_is_small(photograph, tmp_path, capsys, suffix):
    words = [photograph, "--feature", "logit=967", *QUICK]
    panels = []
    for each in (".png", suffix):
        run(capsys, *words, "--out", tmp_path / f"panel{each}")
        panels.append(np.asarray(Image.open(tmp_path / f"panel{each}").convert("RGB"), dtype=float))
    assert np.abs(panels[0] - panels[1]).mean() < 0.5


def test_a_network_whose_classes_are_not_known_is_asked_for_a_feature(photograph, tmp_path, capsys, monkeypatch, lite0):
    monkeypatch.setattr("accentuation.__main__.load_model", lambda *_, **__: replace(lite0, classes=()))
    status, _, error = run(capsys, photograph, "--out", tmp_path / "panel.png", *QUICK)
    assert status == 2
    assert "Nothing is known of the classes of efficientnet_lite0; name a feature with --feature" in error


@pytest.mark.parametrize("color", ["black", "grey"])
def test_a_photograph_of_one_colour_is_told_why_nothing_changed(tmp_path, capsys, color):
    Image.new("RGB", (64, 64), color).save(tmp_path / "flat.png")
    words = [tmp_path / "flat.png", "--feature", "logit=967", "--out", tmp_path / "panel.png", *QUICK]
    _, _, error = run(capsys, *words)
    assert "Nothing changed: the photograph is of one colour" in error
    if color == "grey":  # black leaves its place too slowly for two steps
        _, _, error = run(capsys, *words, "--parametrization", "pixel")
        assert "Nothing changed" not in error


def test_a_feature_that_nothing_moves_is_said(photograph, tmp_path, capsys):
    dead = "blocks.4.2:direction=0*1e-30"
    _, _, error = run(capsys, photograph, "--feature", dead, "--out", tmp_path / "panel.png", *QUICK)
    assert "Nothing changed: the feature moves nothing in this photograph" in error


@pytest.mark.parametrize(
    ("words", "after", "sentence"),
    [
        ([], 1.0, None),
        ([], -1.0, "The feature did not rise; try more --steps, or a lower --regularization"),
        (["--suppress"], 1.0, "The feature did not fall; try more --steps"),
        (["--suppress"], -1.0, None),
        (["--strength", "0"], 0.0, "At --strength 0 the blend is the photograph"),
    ],
)
def test_a_feature_that_did_not_go_where_it_should_is_said(
    photograph, tmp_path, capsys, monkeypatch, words, after, sentence
):
    made = accentuation.Accentuation(
        torch.rand(3, 48, 48), torch.zeros(1, 48, 48), torch.rand(3, 48, 48), 0.0, after, torch.zeros(1), torch.zeros(1)
    )
    monkeypatch.setattr("accentuation.__main__.accentuate", lambda *_, **__: made)
    status, _, error = run(capsys, photograph, "--feature", "logit=1", "--out", tmp_path / "panel.png", *QUICK, *words)
    assert status == 0
    assert (sentence in error) if sentence else ("The feature" not in error)


@pytest.mark.parametrize(
    ("size", "sentence"),
    [((31, 40), "only 31 x 40 pixels"), ((48, 200), "is very long (48 x 200 pixels)"), ((48, 192), None)],
)
def test_a_photograph_of_an_odd_size_is_told_what_to_expect(tmp_path, capsys, size, sentence):
    Image.effect_noise(size, 50).save(tmp_path / "odd.png")
    words = ["--feature", "logit=967", "--out", tmp_path / "panel.png", "--steps", "1", "--crops", "1", "--size", "48"]
    status, _, error = run(capsys, tmp_path / "odd.png", *words)
    assert status == 0
    assert (sentence in error) if sentence else ("The photograph" not in error)


def test_ctrl_c_ends_quietly(photograph, tmp_path, capsys, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("accentuation.__main__.accentuate", interrupted)
    status, _, error = run(capsys, photograph, "--feature", "logit=1", "--out", tmp_path / "panel.png", *QUICK)
    assert status == 130
    assert "Traceback" not in error
    assert [path.name for path in tmp_path.iterdir()] == ["coffee.png"]


def test_no_file_is_there_while_it_computes(photograph, tmp_path, capsys, monkeypatch):
    def look(*_, **__):
        assert [path.name for path in tmp_path.iterdir()] == ["coffee.png"]
        raise KeyboardInterrupt

    monkeypatch.setattr("accentuation.__main__.accentuate", look)
    assert run(capsys, photograph, "--feature", "logit=1", "--out", tmp_path / "panel.png", *QUICK)[0] == 130


def test_the_help_says_each_default_once(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    words = " ".join(capsys.readouterr().out.split())
    described = words.partition("options:")[2].partition("Example:")[0].split(" --")[1:]
    assert all(each.count("(default:") == 1 for each in described if not each.startswith(("help", "suppress")))
    assert "None" not in words


def test_a_feature_is_called_as_it_was_written(photograph, tmp_path, capsys):
    np.save(tmp_path / "x.npy", np.ones(112))
    text = f"blocks.4.2:direction={tmp_path}/x.npy"
    _, out, _ = run(capsys, photograph, "--feature", text, "--out", tmp_path / "panel.png", *QUICK)
    assert out.startswith(f"Feature: {text}\n")


def test_a_photograph_may_be_named_by_a_text(photograph):
    assert torch.equal(accentuation.read_photograph(str(photograph), 48), read_photograph(photograph, 48))
