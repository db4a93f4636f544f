"""`verify_stimuli` and the bounds, with the real network: what is found, and what a study refuses."""

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from PIL import Image

from stimuli import files
from stimuli.consistency import inconsistencies
from stimuli.engine import Network
from stimuli.engines.here import Here
from stimuli.freezing import freeze
from stimuli.immutability import opened
from stimuli.models import Activation, FrozenSet, Rendition, SourceImage, Stimulus, VisionModel, image_path
from stimuli.orders import Made, Order
from stimuli.protocol import read_protocol
from stimuli.selection import select_images
from stimuli.survey import record_network
from tests.stimuli.hand_survey import survey_by_hand
from tests.stimuli.written_anew import write_anew
from tests.studyapp.world import make_stimuli, make_survey, protocol_text, write_picture
from tests.studyapp.world import protocol_file as world_protocol

Write = Callable[..., Path]
FEATURES = ("logit=281", "logit=967", "blocks.4.2:channel=17")


@pytest.fixture(scope="module")
def made_once() -> Callable[[Here, Sequence[Order]], Iterator[tuple[int, Made]]]:
    """The real network's images, computed for the first test and remembered for the others."""
    remembered: dict[str, list[tuple[int, Made]]] = {}
    make = Here.make

    def make_once(self: Here, orders: Sequence[Order]) -> Iterator[tuple[int, Made]]:
        key = repr([replace(one, image=Path(str(one.image)).read_bytes()) for one in orders])
        if key not in remembered:
            remembered[key] = list(make(self, orders))
        return iter(remembered[key])

    return make_once


@pytest.fixture
def generated(
    small_pool: None, protocol_file: Write, made_once: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A protocol whose six stimuli are made. The natural activations are made up, each feature has its own order."""
    row = record_network(Network("efficientnet_lite0", None, "cpu").facts, weights_given=False)
    images = list(SourceImage.objects.all())
    for number, name in enumerate(FEATURES):
        turned = images[5 * number :] + images[: 5 * number]
        survey_by_hand(row, name, turned, [7.0 - place for place in range(len(turned))])
    path = protocol_file()
    with monkeypatch.context() as patched:
        patched.setattr(Here, "make", made_once)
        call_command("generate_stimuli", path, workers=1)
    return path


def verify(path: Path, **options: object) -> None:
    call_command("verify_stimuli", path, workers=1, **options)


def failure(path: Path, capsys: pytest.CaptureFixture[str], **options: object) -> tuple[str, str]:
    """What was printed, and the sentence that it ended with."""
    capsys.readouterr()
    with pytest.raises(CommandError) as caught:
        verify(path, **options)
    assert caught.value.returncode == 1
    return capsys.readouterr().out, str(caught.value)


def test_a_set_that_is_whole_passes_and_the_sample_comes_out_alike_to_the_last_bit(
    generated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verify(generated, sample=2, tolerance=0.0)
    printed = capsys.readouterr().out
    assert "The files of cats are whole: 6 stimuli and all natural images." in printed
    assert "2 stimuli made again came out alike." in printed


def test_every_record_says_what_made_the_image_and_how_good_it_is(generated: Path) -> None:
    for stimulus in Stimulus.objects.all():
        assert set(stimulus.made_with) == {
            "python",
            "torch",
            "torchvision",
            "timm",
            "numpy",
            "pillow",
            "captum",
            "system",
            "machine",
            "accentuation_sha256",
            "stimuli_sha256",
            "quiddity",
            "commit",
            "changed_since",
        }
        natural = Activation.objects.filter(feature=stimulus.feature).values_list("value", flat=True)
        assert stimulus.rank_after == 1 + sum(value > stimulus.activation_after for value in natural)
        assert stimulus.distance is not None
        assert stimulus.distance > 0
        assert stimulus.ssim is not None
        assert 0.5 < stimulus.ssim < 1
        assert stimulus.saturation is not None
        assert 0 <= stimulus.saturation < 0.2
        assert stimulus.crop_activation_before != stimulus.crop_activation_after


def quietly(**values: object) -> Callable[[Stimulus], object]:
    """Change a record as somebody with SQL would: its hash stays as it was."""
    return lambda stimulus: Stimulus.objects.filter(pk=stimulus.pk).update(**values)


def swap_files(stimulus: Stimulus) -> None:
    other = Stimulus.objects.exclude(pk=stimulus.pk)[0]
    quietly(sha256=other.sha256)(stimulus)
    quietly(sha256=stimulus.sha256)(other)


CHANGED: dict[str, Callable[[Stimulus], object]] = {
    "files swapped": swap_files,
    "mask": quietly(mask_sha256=""),
    "device": quietly(device="cuda (Some GPU)"),
    "libraries": quietly(made_with={"torch": "0.1"}),
    "curve": quietly(curve=[1.0]),
    "activation": quietly(activation_after=99.0, rank_after=1),
    "distance": quietly(distance=0.0),
    "similarity": quietly(ssim=1.0),
    "photograph": lambda one: SourceImage.objects.filter(pk=one.image_id).update(photograph_sha256="ab" * 32),
    "weights": lambda _: VisionModel.objects.update(weights_sha256="cd" * 32),
}


@pytest.mark.parametrize("name", CHANGED)
@pytest.mark.django_db
def test_a_change_of_a_record_is_found_without_making_anything_again(name: str) -> None:
    make_survey()
    make_stimuli(world_protocol(protocol_text()).protocol)
    stimuli = Stimulus.objects.select_related("feature__model", "pool", "image")
    write_anew(Stimulus.objects.filter(pk=stimuli[0].pk), mask_sha256=write_picture(3000))
    assert list(inconsistencies(stimuli.all())) == []
    CHANGED[name](stimuli[0])
    found = list(inconsistencies(stimuli.all()))
    changed = {"files swapped": 2, "weights": 24, "photograph": stimuli.filter(image=stimuli[0].image).count()}
    assert sum("is not the one of its hash" in sentence for sentence in found) == changed.get(name, 1)


def test_missing_and_changed_files_are_all_named(generated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second, third, *_ = Stimulus.objects.all()
    first.path.unlink()
    second.path.write_bytes(second.path.read_bytes() + b"x")
    third.image.path.unlink()
    printed, sentence = failure(generated, capsys)
    assert f"The file of {first.describe()} is missing or changed." in printed
    assert f"The file of {second.describe()} is missing or changed." in printed
    assert f"The file of the natural image {third.image.sha256[:12]}" in printed
    assert sentence.startswith("Problems in the files of cats: 3; run generate_stimuli again")


def test_queries_count_among_the_files_though_nothing_is_made_from_them(
    generated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    query = select_images(read_protocol(generated).protocol)[0].batches[0].queries[0].weak.image
    query.path.unlink()
    printed, sentence = failure(generated, capsys)
    assert printed == f"The file of the natural image {query.sha256[:12]} ({query}) is missing or changed.\n"
    assert sentence.startswith("Problems in the files of cats: 1;")


def test_an_image_that_its_recipe_does_not_give_is_found(generated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # The file and its hash are in order, and yet it is another image.
    stimulus = Stimulus.objects.first()
    assert stimulus is not None
    with Image.open(stimulus.path) as image:
        buffer = io.BytesIO()
        Image.fromarray(255 - np.asarray(image)).save(buffer, format="PNG")
    versions = stimulus.made_with | {"torch": "1.0"}
    write_anew(Stimulus.objects.filter(pk=stimulus.pk), sha256=files.store(buffer.getvalue()), made_with=versions)
    printed, sentence = failure(generated, capsys, sample=6)
    assert sentence == "1 of 6 stimuli of the sample are not proven to be what their files hold."
    assert f"stimulus {stimulus.pk} (accentuation of " in printed
    assert "comes out differently: " in printed
    assert "(torch 1.0 then and " in printed


def test_figures_that_its_image_does_not_have_are_found_though_the_record_agrees_with_itself(
    generated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third, *_ = Stimulus.objects.all()
    write_anew(Stimulus.objects.filter(pk=first.pk), ssim=1.0, distance=0.0, activation_after=99.0, rank_after=1)
    write_anew(Stimulus.objects.filter(pk=second.pk), curve=[*second.curve[:-1], 99.0])
    write_anew(Stimulus.objects.filter(pk=third.pk), mask_sha256=first.mask_sha256)
    printed, sentence = failure(generated, capsys, sample=6)
    assert sentence == "3 of 6 stimuli of the sample are not proven to be what their files hold."
    lines = printed.splitlines()
    assert any(f"stimulus {first.pk} " in one and "activation_after is 99 in the record and " in one for one in lines)
    assert any("distance is 0 in the record" in one and "ssim is 1 in the record" in one for one in lines)
    assert any(f"stimulus {second.pk} " in one and "otherwise: curve is 99 in the record" in one for one in lines)
    assert any(f"The mask of stimulus {third.pk} " in one and "comes out differently" in one for one in lines)


def test_parameters_that_are_not_those_of_their_hash_and_ranks_of_other_activations_are_named(
    generated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, *_ = Stimulus.objects.all()
    Stimulus.objects.filter(pk=first.pk).update(config=first.config | {"steps": 999})
    write_anew(Stimulus.objects.filter(pk=second.pk), rank_after=77777)
    printed, sentence = failure(generated, capsys, sample=0)
    assert printed.splitlines() == [
        f"The parameters of {first.describe()} are not those of their hash.",
        f"The rank 77777 of {second.describe()} is not the one that an activation of {second.activation_after:.4g} has "
        "among the 16 images of the pool.",
    ]
    assert sentence.startswith("Problems in the files of cats: 2;")


def test_bounds_are_held_against_what_is_measured_now_too(
    generated: Path, protocol_file: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    farthest = Stimulus.objects.latest("distance")
    assert farthest.distance is not None
    bound = farthest.distance * (1 - 1e-5)
    write_anew(Stimulus.objects.filter(pk=farthest.pk), distance=bound)
    path = protocol_file(("crops = 2\n", f"crops = 2\n\n[stimuli.quality]\nmax_distance = {bound!r}\n"))
    printed, sentence = failure(path, capsys, sample=6)
    assert f"stimulus {farthest.pk} " in printed
    assert "breaks the bounds of [stimuli.quality] as it comes out now: distance is " in printed
    assert sentence.startswith("1 of 6 stimuli of the sample")


def test_what_another_kind_of_device_made_is_not_called_proven(
    generated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_anew(Stimulus.objects.all(), device="cuda (Some GPU)")
    printed, sentence = failure(generated, capsys, sample=1)
    assert "was made on cuda (Some GPU), not to be compared on cpu." in printed
    assert sentence == "1 of 1 stimuli of the sample are not proven to be what their files hold."


def test_a_stimulus_that_was_never_made_is_named(generated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Stimulus.objects.filter(feature__name="logit=967").delete()
    printed, _ = failure(generated, capsys)
    assert printed.count("The accentuation of logit=967 on image ") == 2
    assert printed.count("has not been made.") == 2


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"sample": -1}, "--sample must be 0 or more"),
        ({"tolerance": 8.5}, "--tolerance must be from 0 to 8 .found 8.5.: beyond that two"),
    ],
)
@pytest.mark.django_db
def test_an_option_out_of_range_is_refused(protocol_file: Write, options: dict[str, float], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        verify(protocol_file(), **options)


def test_a_stimulus_out_of_bounds_is_flagged_and_no_study_shows_it(
    generated: Path, protocol_file: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    path = protocol_file(("crops = 2\n", "crops = 2\n\n[stimuli.quality]\nmin_gain = 1000\n"))
    capsys.readouterr()
    call_command("generate_stimuli", path, workers=1)
    printed = capsys.readouterr().out
    assert printed.count("Flagged: stimulus ") == 6
    assert "6 of 6 stimuli break the bounds of [stimuli.quality]; freeze_stimuli will refuse them." in printed
    with pytest.raises(CommandError, match=r"Problems in the set 'cats': 6; nothing was frozen\."):
        call_command("freeze_stimuli", path, sample=0)
    assert capsys.readouterr().out.count("breaks the bounds of [stimuli.quality]: gain is ") == 6
    with pytest.raises(CommandError, match="not frozen"):
        call_command("create_study", path)
    unbounded = protocol_file()
    call_command("freeze_stimuli", unbounded, sample=0)
    call_command("create_study", unbounded)


def test_a_stimulus_made_before_figures_were_kept_stays_as_it_is_and_breaks_every_bound(
    generated: Path, protocol_file: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    Stimulus.objects.filter(feature__name="logit=967").update(rank_after=None)
    capsys.readouterr()
    call_command("generate_stimuli", generated, workers=1)
    assert capsys.readouterr().out == "All 6 stimuli of cats are there.\n"
    call_command("generate_stimuli", protocol_file(("crops = 2\n", "crops = 2\n\n[stimuli.quality]\nmax_rank = 99\n")))
    assert capsys.readouterr().out.count("rank was not measured, max_rank is 99") == 2


@pytest.fixture
def frozen(db: None) -> FrozenSet:
    """A frozen set with a mask and renditions, its pictures made up."""
    make_survey()
    file = world_protocol(protocol_text(tables="[stimuli.files]\nwidths = [32]"))
    make_stimuli(file.protocol)
    first = Stimulus.objects.all()[0]
    write_anew(Stimulus.objects.filter(pk=first.pk), mask_sha256=write_picture(3000))
    return freeze(file)[0]


@contextmanager
def hidden(sha256: str) -> Iterator[None]:
    """The files are shared with other tests."""
    path = image_path(sha256)
    aside = path.rename(path.with_suffix(".hidden"))
    yield
    aside.rename(path)


def test_a_frozen_set_is_verified_by_its_name_or_by_its_file(
    frozen: FrozenSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "birds.toml"
    path.write_text(frozen.protocol)
    call_command("verify_stimuli", slug="birds", sample=0)
    call_command("verify_stimuli", path, sample=0)
    images = frozen.images.count()
    assert capsys.readouterr().out == 2 * (
        f"The files of the frozen set birds are whole: 24 stimuli, {images} natural images, their masks and "
        "renditions.\n"
        "No stimulus was made again (--sample 0): the hashes hold, and that the records describe the images is not "
        "proven.\n"
    )


def test_a_lost_mask_a_lost_rendition_and_an_image_of_a_frozen_set_are_all_named(
    frozen: FrozenSet, capsys: pytest.CaptureFixture[str]
) -> None:
    masked = frozen.stimuli.exclude(mask_sha256="").get()
    rendition = Rendition.objects.all()[0]
    image = frozen.images.all()[0]
    said = pytest.raises(CommandError, match="Problems in the files of the frozen set birds: 3; bring the files back")
    with hidden(masked.mask_sha256), hidden(rendition.sha256), hidden(image.sha256), said:
        call_command("verify_stimuli", slug="birds", sample=0)
    assert capsys.readouterr().out.splitlines() == [
        f"The file of the natural image {image.sha256[:12]} ({image}) is missing or changed.",
        f"The file of the mask of {masked.describe()} is missing or changed.",
        f"The file of the rendition {rendition} is missing or changed.",
    ]


def test_a_rendition_that_is_lacking_and_one_of_another_image_are_named(
    frozen: FrozenSet, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = frozen.images.order_by("sha256")[:2]
    swapped = Rendition.objects.get(original_sha256=first.sha256)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE stimuli_rendition DISABLE TRIGGER USER")
        Rendition.objects.filter(original_sha256=second.sha256).update(sha256=swapped.sha256)
        swapped.delete()
        cursor.execute("ALTER TABLE stimuli_rendition ENABLE TRIGGER USER")
    with pytest.raises(CommandError, match="frozen set birds: 2;"):
        call_command("verify_stimuli", slug="birds", sample=0)
    assert capsys.readouterr().out.splitlines() == [
        f"The image {first.sha256[:12]} in 32 px as PNG has not been made.",
        f"The image {second.sha256[:12]} in 32 px as PNG does not show its original.",
    ]


def test_a_frozen_text_that_is_not_the_one_of_its_hash_is_found(
    frozen: FrozenSet, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(frozen):
        FrozenSet.objects.update(plan="{}", protocol=frozen.protocol + "#")
    with pytest.raises(CommandError, match="frozen set birds: 2;"):
        call_command("verify_stimuli", slug="birds", sample=0)
    assert capsys.readouterr().out.splitlines() == [
        "The protocol of the frozen set 'birds' is not the one of its hash.",
        "The plan of the frozen set 'birds' is not the one of its hash.",
    ]


def test_a_frozen_set_whose_protocol_chooses_other_images_today_is_not_proven(frozen: FrozenSet) -> None:
    Activation.objects.filter(rank=1).delete()
    with pytest.raises(CommandError, match="'birds' chooses other images today than those frozen on 20"):
        call_command("verify_stimuli", slug="birds", sample=1)


@pytest.mark.django_db
def test_a_frozen_set_that_is_not_there_is_named() -> None:
    with pytest.raises(CommandError, match=r"There is no frozen set 'absent' \(there are: none\)"):
        call_command("verify_stimuli", slug="absent")
