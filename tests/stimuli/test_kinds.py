"""`generate_stimuli` for every kind with the real network: what is recorded, made again when rejected, or refused."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from stimuli import files
from stimuli.engine import Network
from stimuli.immutability import opened
from stimuli.models import FrozenSet, Rejection, Rendition, SourceImage, Stimulus
from stimuli.protocol import read_protocol
from stimuli.recipes import Recipe, find_stimulus, needed_recipes
from stimuli.selection import select_images
from stimuli.survey import record_network
from tests.stimuli.hand_survey import survey_by_hand
from tests.stimuli.test_renditions import png_chunks, webp_chunks

Write = Callable[..., Path]
FEATURES = ("blocks.4.2:channel=17", "blocks.4.2:channel=3")
SMALL = (
    ('"logit=281", "blocks.4.2:channel=17"', f'"{FEATURES[0]}"'),
    ('"logit=967"', f'"{FEATURES[1]}"'),
    ("references = 2", "references = 1"),
)
ALL = ('"exemplars", "accentuation"', '"none", "attribution", "visualization", "accentuation", "suppression"')
TABLES = """crops = 2
learning_rate = 0.2

[stimuli.visualization]
steps = 2
crops = 2
images = 4

[stimuli.continuation]
weak = 60.0
strong = 70.0

[stimuli.files]
format = "webp"
widths = [32]
"""


@pytest.fixture(scope="module")
def network() -> Network:
    return Network("efficientnet_lite0", None, "cpu")


@pytest.fixture
def surveyed(small_pool: None, network: Network) -> None:
    """The two features, with made-up activations near the real ones, so that levels are within reach."""
    row = record_network(network.facts, weights_given=False)
    images = list(SourceImage.objects.all())
    paths = [image.path for image in images]
    real = network.activations(paths, ["blocks.4.2"])["blocks.4.2"]
    for number, name in enumerate(FEATURES):
        values = sorted(real[:, int(name.partition("=")[2])].tolist(), reverse=True)
        survey_by_hand(row, name, random.Random(number).sample(images, len(images)), values)


def recipes(path: Path) -> list[Recipe]:
    protocol = read_protocol(path).protocol
    return needed_recipes(protocol, select_images(protocol))


def generate(path: Path) -> None:
    call_command("generate_stimuli", path, workers=1)


@pytest.mark.usefixtures("surveyed")
class TestKinds:
    def test_every_kind_is_made_recorded_and_sent_without_metadata(
        self, protocol_file: Write, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = protocol_file(*SMALL, ALL, ("crops = 2\n", TABLES))
        generate(path)
        made = list(Stimulus.objects.all())
        kinds = [stimulus.kind for stimulus in made]
        assert {kind: kinds.count(kind) for kind in Stimulus.Kind.values} == {
            "attribution": 2, "visualization": 2, "accentuation": 2, "suppression": 2, "continuation": 6,
        }  # fmt: skip
        for stimulus in made:
            drawn = stimulus.kind == "visualization"
            assert (stimulus.image is None) == (stimulus.activation_before is None) == drawn
            assert bool(stimulus.mask_sha256) == (stimulus.kind in ("accentuation", "suppression", "continuation"))
            assert (stimulus.rank_after is None) == (stimulus.kind == "attribution")
            assert len(stimulus.curve) <= 3
            assert stimulus.format == "webp"
            assert files.is_whole(stimulus.sha256)
        # Two runs of each feature: its own, stopped twice, and that of the foil.
        assert len({(one.feature_id, one.image_id) for one in made if one.kind == "continuation"}) == 4
        self._check_what_browsers_get()
        capsys.readouterr()
        generate(path)
        assert capsys.readouterr().out.startswith("All 14 stimuli of cats are there.\n")
        call_command("verify_stimuli", path, workers=1, sample=14, tolerance=0.0)
        assert "14 stimuli made again came out alike." in capsys.readouterr().out

    def _check_what_browsers_get(self) -> None:
        """The bytes of every file: no chunk but those of pixels."""
        assert Rendition.objects.filter(width=32).count() >= Stimulus.objects.count()
        sent = [*Rendition.objects.values_list("sha256", flat=True), *Stimulus.objects.values_list("sha256", flat=True)]
        for sha256 in sent:
            assert set(webp_chunks(files.read(sha256))) == {"VP8 "}
        for sha256 in SourceImage.objects.values_list("sha256", flat=True):
            assert set(png_chunks(files.read(sha256))) == {"IHDR", "IDAT", "IEND"}

    def test_what_was_rejected_is_made_again_with_another_seed_and_the_old_row_stays(
        self, protocol_file: Write, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = protocol_file(*SMALL)
        generate(path)
        recipe = recipes(path)[0]
        rejected = find_stimulus(recipe)
        assert rejected is not None
        Rejection.objects.create(stimulus=rejected, reason="a seam", by="ada")
        assert find_stimulus(recipe) is None
        (present, _) = recipes(path)
        assert present.seed != recipe.seed
        with pytest.raises(CommandError, match="Problems in the set 'cats': 1; nothing was frozen"):
            call_command("freeze_stimuli", path, sample=0)
        generate(path)
        second = find_stimulus(recipe)
        assert second == find_stimulus(present) is not None
        assert (second.seed, second.image) == (present.seed, rejected.image)
        assert second.sha256 != rejected.sha256
        assert Stimulus.objects.count() == 3
        Rejection.objects.create(stimulus=second, reason="another seam", by="ada")
        assert recipes(path)[0].seed not in (recipe.seed, present.seed)

    def test_of_one_optimisation_all_images_are_made_anew(self, protocol_file: Write) -> None:
        path = protocol_file(*SMALL, ('"exemplars", "accentuation"', '"exemplars"'), ("crops = 2\n", TABLES))
        generate(path)
        weak, strong, foil = recipes(path)[:3]
        rejected = find_stimulus(weak)
        assert rejected is not None
        Rejection.objects.create(stimulus=rejected, reason="nothing to be seen", by="ada")
        again = recipes(path)
        assert again[0].seed == again[1].seed != weak.seed == strong.seed
        assert (again[2].seed, find_stimulus(foil)) == (foil.seed, find_stimulus(again[2]))
        assert find_stimulus(strong) is None

    def test_a_lost_file_that_comes_out_differently_is_told_and_recorded(
        self, protocol_file: Write, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = protocol_file(*SMALL)
        generate(path)
        stimulus = Stimulus.objects.all()[0]
        made = stimulus.sha256
        self._made_otherwise(stimulus)
        capsys.readouterr()
        generate(path)
        told = capsys.readouterr().out
        assert f"The file of {stimulus.describe()} was lost and comes out differently now (torch 1.0 then and " in told
        assert "its record was written anew." in told
        stimulus.refresh_from_db()
        assert stimulus.sha256 == made
        assert stimulus.made_with["torch"] != "1.0"

    def test_a_frozen_set_is_never_given_another_image_in_place_of_a_lost_one(self, protocol_file: Write) -> None:
        path = protocol_file(*SMALL)
        generate(path)
        first, second = Stimulus.objects.all()
        self._made_otherwise(first)
        frozen = FrozenSet.objects.create(
            slug="cats", protocol="", protocol_sha256="1" * 64, plan="", plan_sha256="2" * 64, verification={}
        )
        with opened(frozen):
            frozen.stimuli.set([first, second])
        whole = files.read(second.sha256)
        second.path.unlink()
        with pytest.raises(CommandError, match="1 of 2 stimuli could not be made again as they were"):
            generate(path)
        lost = first.sha256
        first.refresh_from_db()
        assert (first.sha256, first.made_with["torch"]) == (lost, "1.0")
        # What comes out as it was is given its file again, frozen or not.
        assert files.read(second.sha256) == whole

    def _made_otherwise(self, stimulus: Stimulus) -> None:
        """As if an older library had made it, and its file had been lost since."""
        stimulus.path.unlink()
        stimulus.sha256, stimulus.made_with = "0" * 64, stimulus.made_with | {"torch": "1.0"}
        stimulus.save()
