"""`survey_features` with the real network on a small pool."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from django.core.management import CommandError, call_command
from PIL import Image

import accentuation
from stimuli.management.commands.survey_features import _ranges
from stimuli.models import Activation, Feature, ImagePool, SourceImage, VisionModel
from stimuli.survey import _alive

MODEL = "efficientnet_lite0"
LAYER = "blocks.4.2"


@pytest.fixture
def network() -> accentuation.VisionModel:
    return accentuation.load_model(MODEL)


@pytest.mark.usefixtures("small_pool")
class TestSurvey:
    def test_activations_are_the_networks_and_ranks_follow_them(self, network: accentuation.VisionModel) -> None:
        call_command("survey_features", MODEL, "small", features=["logit=281", f"{LAYER}:channel=17"], workers=1)
        images = list(SourceImage.objects.order_by("id"))
        for name in ("logit=281", f"{LAYER}:channel=17"):
            rows = Activation.objects.filter(feature__name=name).order_by("image_id")
            assert [row.image_id for row in rows] == [image.pk for image in images]
            for row in rows:
                with Image.open(row.image.path) as picture:
                    tensor = accentuation.to_tensor(picture)[None]
                alone = float(accentuation.measure(network, tensor, accentuation.parse_feature(name)))
                assert row.value == pytest.approx(alone, abs=1e-4)
            by_rank = sorted(rows, key=lambda row: row.rank)
            assert [row.rank for row in by_rank] == list(range(1, 17))
            assert [(-row.value, row.image_id) for row in by_rank] == sorted((-row.value, row.image_id) for row in rows)

    def test_the_network_is_recorded_with_its_weights(self, network: accentuation.VisionModel) -> None:
        call_command("survey_features", MODEL, "small", features=["logit=0"], workers=1)
        row = VisionModel.objects.get()
        assert (row.name, row.weights_sha256, row.input_size) == (MODEL, network.weights_sha256, network.input_size)
        assert (tuple(row.mean), tuple(row.std)) == (network.mean, network.std)
        assert not row.weights_given

    def test_a_sample_of_units_is_that_of_its_seed(self, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("survey_features", MODEL, "small", layers=[LAYER], units=3, seed=5, workers=1)
        first = set(Feature.objects.values_list("name", flat=True))
        assert len(first) == 3
        call_command("survey_features", MODEL, "small", layers=[LAYER], units=3, seed=5, workers=1)
        assert set(Feature.objects.values_list("name", flat=True)) == first
        first_said, second_said = capsys.readouterr().out.split("Surveying")[1:]
        assert f"{LAYER}: 3 of 112 units surveyed, 3 newly measured; 0 of the layer are dead" in first_said
        assert f"{LAYER}: 3 of 112 units surveyed, 0 newly measured" in second_said
        for said in (first_said, second_said):
            assert set(re.findall(r'"(\S+)"', said)) == first
            assert "put their names into `features` or `practice_features`" in said
        call_command("survey_features", MODEL, "small", layers=[LAYER], units=3, seed=6, workers=1)
        assert set(Feature.objects.values_list("name", flat=True)) > first
        assert Activation.objects.count() == 16 * Feature.objects.count()

    def test_a_whole_layer_is_named_in_one_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("survey_features", MODEL, "small", layers=[LAYER], workers=1)
        said = capsys.readouterr().out
        assert Feature.objects.count() == 112
        assert f"{LAYER}: 112 of 112 units surveyed, 112 newly measured" in said
        assert f'"{LAYER}:channel=0" and so on: units 0 to 111\n' in said
        assert 'channel=1"' not in said

    def test_what_is_there_is_kept_without_loading_the_network(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        call_command("survey_features", MODEL, "small", features=["logit=281"], workers=1)
        rows = list(Activation.objects.values())
        monkeypatch.setattr(accentuation, "load_model", None)
        call_command("survey_features", MODEL, "small", features=["logit=281"], workers=1)
        assert "All features are surveyed" in capsys.readouterr().out
        assert list(Activation.objects.values()) == rows

    @pytest.mark.parametrize(
        ("model", "options", "sentence"),
        [
            ("efficientnet_lite", {"features": ["logit=0"]}, "no model `efficientnet_lite`.*efficientnet_lite0"),
            (MODEL, {"features": ["logit=1000"]}, "from 0 to 999"),
            (MODEL, {"features": ["class=1"]}, "`class=1`"),
            (MODEL, {"layers": ["blocks.9"]}, "no layer `blocks.9`"),
            (MODEL, {}, "Say what to survey"),
            (MODEL, {"layers": [LAYER], "units": 0}, "--units must be at least 1"),
        ],
    )
    def test_bad_input_is_one_sentence(self, model: str, options: dict[str, object], sentence: str) -> None:
        with pytest.raises(CommandError, match=sentence) as caught:
            call_command("survey_features", model, "small", **options, workers=1)
        assert caught.value.returncode == 1
        assert not Feature.objects.exists()

    def test_weights_that_do_not_fit_are_refused(self, tmp_path: Path) -> None:
        weights = tmp_path / "weights.pth"
        weights.write_bytes(b"no weights")
        with pytest.raises(CommandError, match=r"weights\.pth"):
            call_command("survey_features", MODEL, "small", features=["logit=0"], weights=weights, workers=1)
        assert not VisionModel.objects.exists()

    def test_a_lost_image_file_is_named(self) -> None:
        SourceImage.objects.all()[3].path.unlink()
        with pytest.raises(CommandError, match="is missing or damaged; run the same import_images again"):
            call_command("survey_features", MODEL, "small", features=["logit=0"], workers=1)
        assert not Activation.objects.exists()


def test_a_feature_that_does_not_vary_is_dead(db: None, image_root: Path, tmp_path: Path) -> None:
    Image.new("RGB", (80, 80), "grey").save(tmp_path / "only.png")
    call_command("import_images", str(tmp_path), pool="one", size=64)
    with pytest.raises(CommandError, match="logit=0 is dead: its activation does not vary over the pool 'one'"):
        call_command("survey_features", MODEL, "one", features=["logit=0"], workers=1)
    assert ImagePool.objects.get().images.count() == 1
    assert not Feature.objects.exists()


@pytest.mark.parametrize(
    ("broken", "whose"), [(slice(None), "all units of logit"), (slice(0, 1), "the feature logit=0")]
)
def test_a_network_without_finite_activations_is_refused_and_not_recorded(
    small_pool: None, tmp_path: Path, broken: slice, whose: str
) -> None:
    state = accentuation.load_model(MODEL).module.state_dict()
    state["classifier.bias"][broken] = float("nan")
    torch.save(state, tmp_path / "nan.pth")
    with pytest.raises(
        CommandError, match=f"gives activations of {whose} that are not finite on images of the pool 'small'"
    ):
        call_command("survey_features", MODEL, "small", features=["logit=0"], weights=tmp_path / "nan.pth", workers=1)
    assert not VisionModel.objects.exists()


def test_the_units_of_a_layer_are_named_as_ranges() -> None:
    assert _ranges([7, 0, 1, 2, 9, 10]) == "0 to 2, 7, 9 to 10"


def test_units_without_variation_or_with_infinite_activations_are_not_alive() -> None:
    values = np.array([[0.0, 1.0, np.nan, np.inf], [0.0, 2.0, 1.0, 1.0]])
    assert _alive(values) == {1}


def test_an_unknown_pool_is_refused(db: None) -> None:
    with pytest.raises(CommandError, match="no image pool 'nowhere'"):
        call_command("survey_features", MODEL, "nowhere", layers=[LAYER], workers=1)
