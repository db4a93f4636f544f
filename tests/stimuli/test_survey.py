"""`survey_features` with the real network on a small pool."""

import re
from functools import partial
from pathlib import Path

import pytest
import torch
from django.core.management import CommandError, call_command
from PIL import Image

import accentuation
from stimuli.immutability import opened
from stimuli.management.commands.survey_features import _ranges
from stimuli.models import (
    Activation,
    Feature,
    FeatureSurvey,
    FrozenSet,
    ImagePool,
    SourceImage,
    UnitSample,
    VisionModel,
)
from stimuli.streaming import sample_of
from stimuli.survey import rank_among
from tests.stimuli.hand_survey import survey_by_hand

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

    def test_a_sample_of_units_is_that_of_its_seed(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        call_command("survey_features", MODEL, "small", layers=[LAYER], units=3, seed=5, workers=1)
        first = set(Feature.objects.values_list("name", flat=True))
        assert len(first) == 3
        said = capsys.readouterr().out
        assert f"{LAYER}: 3 of 112 units surveyed, 3 newly measured; 0 of the layer are dead" in said
        assert "put their names into `features`, `practice_features` or `catch_features` of a protocol" in said
        assert set(re.findall(r'"(\S+)"', said)) == first
        sample = UnitSample.objects.get()
        assert (sample.model.name, sample.pool.name, sample.layer, sample.seed) == (MODEL, "small", LAYER, 5)
        assert (sample.units, sample.dead) == (112, 0)
        assert {f"{LAYER}:channel={unit}" for unit in sample.drawn} == first

        call_command("survey_features", MODEL, "small", layers=[LAYER], units=3, seed=6, workers=1)
        assert set(Feature.objects.values_list("name", flat=True)) > first
        assert Activation.objects.count() == 16 * Feature.objects.count()
        assert UnitSample.objects.count() == 2

        capsys.readouterr()
        monkeypatch.setattr(accentuation, "load_model", None)
        call_command("survey_features", MODEL, "small", layers=[LAYER], units=3, seed=5, workers=1)
        said = capsys.readouterr().out
        assert f"{LAYER}: 3 of 112 units surveyed, 0 newly measured" in said
        assert set(re.findall(r'"(\S+)"', said)) == first

    def test_features_of_a_sampled_layer_may_be_named_besides(self, capsys: pytest.CaptureFixture[str]) -> None:
        named = f"{LAYER}:channel=17"
        call_command("survey_features", MODEL, "small", layers=[LAYER], units=2, features=[named], workers=1)
        drawn = UnitSample.objects.get().drawn
        assert len(drawn) == 2
        assert 17 not in drawn
        assert set(Feature.objects.values_list("name", flat=True)) == {
            named,
            *(f"{LAYER}:channel={unit}" for unit in drawn),
        }
        assert f"{LAYER}: 3 of 112 units surveyed, 3 newly measured" in capsys.readouterr().out

    def test_of_a_large_pool_the_ends_are_exact_and_a_random_sample_is_estimated(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        name = f"{LAYER}:channel=17"
        call_command("survey_features", MODEL, "small", features=[name], workers=1)
        whole = {row.image_id: (row.value, row.rank) for row in Activation.objects.all()}
        assert "estimated ranks" not in capsys.readouterr().out
        survey = FeatureSurvey.objects.get()
        assert (survey.images, survey.ends, survey.sampled) == (16, 16, 16)

        Feature.objects.get().delete()
        call_command("survey_features", MODEL, "small", features=[name], ends=3, sample=5, workers=1)
        assert "the 3 strongest and the 3 weakest of them are kept" in capsys.readouterr().out
        survey = FeatureSurvey.objects.get()
        assert (survey.images, survey.ends, survey.sampled) == (16, 3, 5)
        sampled = sample_of(ImagePool.objects.get(), 5).tolist()
        assert len(sampled) == 5
        exact = {image for image, (_, rank) in whole.items() if rank <= 3 or rank > 13}
        rows = {row.image_id: row for row in Activation.objects.all()}
        assert set(rows) == exact | set(sampled)
        assert all(row.value == whole[image][0] for image, row in rows.items())
        assert all(rows[image].rank == whole[image][1] for image in exact)
        between = sorted((rows[image] for image in set(sampled) - exact), key=lambda row: row.rank)
        assert all(3 < row.rank <= 13 for row in between)
        assert [row.value for row in between] == sorted((row.value for row in between), reverse=True)

    def test_larger_ends_are_surveyed_again_unless_a_frozen_set_rests_on_the_smaller_ones(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        name = f"{LAYER}:channel=17"
        survey = partial(call_command, "survey_features", MODEL, "small", features=[name], workers=1, sample=5)
        survey(ends=3)
        few = {row.image_id: (row.value, row.rank) for row in Activation.objects.all()}
        survey(ends=2)
        assert capsys.readouterr().out.endswith("All features are surveyed over the pool small.\n")
        survey(ends=5)
        assert FeatureSurvey.objects.get().ends == 5
        more = {row.image_id: (row.value, row.rank) for row in Activation.objects.all()}
        exact = [image for image, (_, rank) in few.items() if rank <= 3 or rank > 13]
        assert len(more) > len(few)
        assert all(more[image] == few[image] for image in exact)

        frozen = FrozenSet.objects.create(
            slug="cats", protocol="", protocol_sha256="0" * 64, plan="", plan_sha256="0" * 64, verification={}
        )
        with opened(frozen):
            frozen.features.add(Feature.objects.get())
        with pytest.raises(CommandError, match="the frozen set 'cats' rests on that; ask for no more"):
            survey(ends=8)
        assert {row.image_id: (row.value, row.rank) for row in Activation.objects.all()} == more

    def test_a_sample_of_units_needs_a_layer(self) -> None:
        with pytest.raises(CommandError, match="--units draws a sample from --layers, and none is named"):
            call_command("survey_features", MODEL, "small", features=[f"{LAYER}:channel=17"], units=3, workers=1)

    def test_the_rank_of_an_image_from_elsewhere_is_that_of_the_ends_or_estimated(self) -> None:
        network = VisionModel.objects.create(name="n", input_size=64, mean=[], std=[])
        images = list(SourceImage.objects.all())
        pool = images[0].pool
        whole = survey_by_hand(network, "logit=1", images)
        assert [rank_among(whole, pool, activation) for activation in (0.5, 0.0, -0.5, -14.5, -15.0, -16.0)] == [
            1,
            1,
            2,
            16,
            16,
            17,
        ]
        part = Feature.objects.create(model=network, name="logit=2")
        FeatureSurvey.objects.create(feature=part, pool=pool, images=1000, ends=2, sampled=4)
        kept = [(9.0, 1), (8.0, 2), (6.0, 251), (4.0, 500), (2.0, 749), (1.0, 999), (0.0, 1000)]
        Activation.objects.bulk_create(
            Activation(feature=part, image=image, value=value, rank=rank)
            for image, (value, rank) in zip(images, kept, strict=False)
        )
        expected = {10: 1, 9: 1, 8.5: 2, 8.0: 2, 7: 127, 5: 376, 3: 626, 1.5: 875, 0.5: 1000, 0: 1000, -1: 1001}
        assert {activation: rank_among(part, pool, activation) for activation in expected} == expected

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
            (
                MODEL,
                {"features": ["logit=281", "logit=1000", "class=1", "blocks.9:channel=0"]},
                r"(?s)from 0 to 999.*`class=1`.*`blocks\.9`",
            ),
            (MODEL, {"layers": [""]}, "--layers has an empty name among its own; leave it out"),
            (MODEL, {"features": ["logit=1", " "]}, "--features has an empty name among its own; leave it out"),
            (MODEL, {}, "Say what to survey"),
            (MODEL, {"layers": [LAYER], "units": 0}, "--units must be at least 1 .found 0"),
            (MODEL, {"layers": [LAYER], "ends": 0}, "--ends must be from 1 to 10000 .found 0"),
            (MODEL, {"layers": [LAYER], "ends": 10_001}, "--ends must be from 1 to 10000"),
            (MODEL, {"layers": [LAYER], "sample": 0}, "--sample must be from 1 to 100000 .found 0"),
            (MODEL, {"layers": [LAYER], "sample": 100_001}, "--sample must be from 1 to 100000"),
            (MODEL, {"layers": [LAYER], "seed": 2**63}, "--seed must be from "),
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


def test_an_unknown_pool_is_refused(db: None) -> None:
    with pytest.raises(CommandError, match="no image pool 'nowhere'"):
        call_command("survey_features", MODEL, "nowhere", layers=[LAYER], workers=1)
