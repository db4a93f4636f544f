"""`generate_stimuli` with the real network in this process: what it makes, skips, mends and refuses."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from PIL import Image

import accentuation
from stimuli import files, locks
from stimuli.engine import Network
from stimuli.models import SourceImage, Stimulus, VisionModel
from stimuli.orders import EngineError
from stimuli.survey import record_network
from tests.stimuli.hand_survey import survey_by_hand

Write = Callable[..., Path]
FEATURES = ["logit=281", "logit=967", "blocks.4.2:channel=17"]


@pytest.fixture(scope="module")
def network() -> Network:
    return Network("efficientnet_lite0", None, "cpu")


@pytest.fixture
def surveyed(small_pool: None, network: Network) -> None:
    """Features of the real network, ranked by made-up activations: how the ranks came about plays no part here."""
    row = record_network(network.facts, weights_given=False)
    images = list(SourceImage.objects.all())
    for number, name in enumerate(FEATURES):
        survey_by_hand(row, name, random.Random(number).sample(images, len(images)))


@pytest.mark.usefixtures("surveyed")
class TestGeneration:
    def test_it_makes_every_stimulus_once_and_again_only_what_was_lost(
        self, protocol_file: Write, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = protocol_file()
        call_command("generate_stimuli", path, workers=1)
        said = capsys.readouterr().out
        assert "Making 6 of 6 stimuli on " in said
        accentuated = Stimulus.objects.filter(kind="accentuation")
        not_raised = sum(one.activation_after <= one.activation_before for one in accentuated)
        sentence = f"{not_raised} of {len(accentuated)} accentuations do not raise the activation."
        assert (sentence in said) == (not_raised > 0)
        made = {stimulus.pk: stimulus.sha256 for stimulus in Stimulus.objects.all()}
        assert len(made) == len(set(made.values())) == 6
        self._check_records()

        first, second, *_ = Stimulus.objects.all()
        first.path.unlink()
        second.path.write_bytes(second.path.read_bytes()[:100])
        call_command("generate_stimuli", path, workers=1)
        assert "Making 2 of 6 stimuli on " in capsys.readouterr().out
        assert {stimulus.pk: stimulus.sha256 for stimulus in Stimulus.objects.all()} == made
        assert all(files.is_whole(sha256) for sha256 in made.values())

        monkeypatch.setattr(accentuation, "load_model", None)
        call_command("generate_stimuli", path, workers=1)
        assert capsys.readouterr().out == "All 6 stimuli of cats are there.\n"

    def _check_records(self) -> None:
        network = accentuation.load_model("efficientnet_lite0")
        for stimulus in Stimulus.objects.all():
            feature = accentuation.parse_feature(stimulus.feature.name)
            for path, recorded in (
                (stimulus.image.path, stimulus.activation_before),
                (stimulus.path, stimulus.activation_after),
            ):
                with Image.open(path) as picture:
                    assert picture.size == (64, 64)
                    measured = accentuation.measure(network, accentuation.to_tensor(picture)[None], feature)
                assert recorded == pytest.approx(float(measured), abs=1e-3)

    def test_ctrl_c_ends_with_how_to_go_on(self, protocol_file: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        make = Network._accented
        calls: list[int] = []

        def interrupted(*args: object, **options: object) -> object:
            calls.append(1)
            if len(calls) == 2:
                raise KeyboardInterrupt
            return make(*args, **options)

        monkeypatch.setattr(Network, "_accented", interrupted)
        with pytest.raises(CommandError, match=r"made so far are kept\. Run the same command again") as caught:
            call_command("generate_stimuli", protocol_file(), workers=1)
        assert caught.value.returncode == 130
        assert Stimulus.objects.count() == 1

    def test_a_study_without_accentuations_needs_no_stimuli(
        self, protocol_file: Write, capsys: pytest.CaptureFixture[str]
    ) -> None:
        call_command("generate_stimuli", protocol_file(('"exemplars", "accentuation"', '"exemplars"')), workers=1)
        assert capsys.readouterr().out == "All 0 stimuli of cats are there.\n"

    @pytest.mark.parametrize(
        ("old", "new", "sentence"),
        [
            ('"logit=281"', '"logit=282"', "'logit=282' of efficientnet_lite0 has not been surveyed"),
            ('pool = "small"', 'pool = "nowhere"', r"no image pool 'nowhere' \(there are: small\)"),
            ('"efficientnet_lite0"', '"resnet50"', "'resnet50' has not been surveyed"),
            ("references = 2", "references = 8", "has 16 photographs, of which"),
            ("seed = 7", "seed = ", "line 3"),
        ],
    )
    def test_a_bad_protocol_is_one_sentence(self, protocol_file: Write, old: str, new: str, sentence: str) -> None:
        with pytest.raises(CommandError, match=sentence) as caught:
            call_command("generate_stimuli", protocol_file((old, new)), workers=1)
        assert caught.value.returncode == 1
        assert not Stimulus.objects.exists()

    @pytest.mark.parametrize(
        ("own", "line", "sentence"),
        [
            ("blocks.2.1", 'regularization_layer = "blocks.99"', "efficientnet_lite0 has no layer `blocks.99`"),
            ("", "", "name one in regularization_layer"),
        ],
    )
    def test_a_regularization_layer_that_is_not_there_is_refused_before_anything_is_made(
        self,
        protocol_file: Write,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        own: str,
        line: str,
        sentence: str,
    ) -> None:
        VisionModel.objects.update(regularization_layer=own)
        model = accentuation.load_model("efficientnet_lite0")
        monkeypatch.setattr(
            accentuation, "load_model", lambda *_, **__: replace(model, regularization_layer=own or None)
        )
        with pytest.raises(CommandError, match=sentence):
            call_command("generate_stimuli", protocol_file(("steps = 3", line)), workers=1)
        assert "Making" not in capsys.readouterr().out
        assert not Stimulus.objects.exists()

    def test_other_weights_than_the_surveyed_ones_are_refused(self, protocol_file: Write) -> None:
        VisionModel.objects.update(weights_sha256="0" * 64)
        with pytest.raises(CommandError, match="are not those that were surveyed"):
            call_command("generate_stimuli", protocol_file(), workers=1)
        assert not Stimulus.objects.exists()

    def test_a_second_generator_is_refused(self, protocol_file: Write, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(locks, "PATIENCE_S", 0.2)
        other = psycopg2.connect(**connection.get_connection_params())
        key = locks.lock_key("generate_stimuli")
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [key])
        try:
            with pytest.raises(CommandError, match="Another generate_stimuli is at work"):
                call_command("generate_stimuli", protocol_file(), workers=1)
        finally:
            other.close()


def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(EngineError, match="no cuda device here; use --device cpu"):
        Network("efficientnet_lite0", None, "cuda")
