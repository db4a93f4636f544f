"""A frozen set leaves as a folder and comes back as itself: here by hand, and once between two real databases."""

import csv
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from PIL import Image
from rocrate.rocrate import ROCrate

from stimuli.code_version import IMAGE_MODULES
from stimuli.exchange.collecting import IMAGE_FIELDS, manifest_of
from stimuli.exchange.data_sheet import data_sheet
from stimuli.exchange.records import ImageRecord, StimulusRecord
from stimuli.freezing import discard, freeze
from stimuli.models import (
    Activation,
    Feature,
    FeatureSurvey,
    FrozenSet,
    ImagePool,
    Rejection,
    Rendition,
    SourceImage,
    Stimulus,
    UnitSample,
    VisionModel,
)
from studyapp.models import Reference, Study
from tests.stimuli.written_anew import write_anew
from tests.studyapp.world import CATCH_FEATURES, make_stimuli, make_survey, protocol_file, protocol_text, write_picture

TABLES = (
    FrozenSet,
    Stimulus,
    Rendition,
    UnitSample,
    Activation,
    FeatureSurvey,
    Feature,
    VisionModel,
    SourceImage,
    ImagePool,
)


WIDTHS = "[stimuli.files]\nwidths = [32]"


@pytest.fixture
def frozen(db: None) -> FrozenSet:
    """A set with a mask, renditions and a sample of units."""
    make_survey()
    Feature.objects.filter(name__in=CATCH_FEATURES).delete()  # which this study does not ask about
    file = protocol_file(protocol_text(tables=WIDTHS))
    make_stimuli(file.protocol)
    stimulus = Stimulus.objects.all()[0]
    write_anew(Stimulus.objects.filter(pk=stimulus.pk), mask_sha256=write_picture(2000), curve=[1.5, None, 2.25])
    pool, model = ImagePool.objects.get(), VisionModel.objects.get()
    UnitSample.objects.create(model=model, pool=pool, layer="layer1", seed=3, units=100, dead=4, drawn=[0, 1, 90])
    return freeze(file)[0]


@pytest.fixture
def folder(frozen: FrozenSet, tmp_path: Path) -> Path:
    call_command("export_stimuli", "birds", out=tmp_path / "set")
    return tmp_path / "set"


def empty_the_database() -> None:
    Study.objects.all().delete()
    for frozen in FrozenSet.objects.all():
        discard(frozen)
    for table in TABLES:
        table.objects.all().delete()


def counts() -> list[int]:
    return [table.objects.count() for table in TABLES]


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def manifest(folder: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return read


def rewrite(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the manifest as someone who knows the format would."""
    data = manifest(folder)
    change(data)
    (folder / "manifest.json").write_text(json.dumps(data))


def replace_file(folder: Path, name: str, data: bytes) -> None:
    """Put another file in its place and its hash into the manifest."""
    (folder / name).write_bytes(data)
    record = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    rewrite(folder, lambda manifest: manifest["files"].update({name: record}))


# Export


def test_the_folder_holds_every_file_of_the_set_under_its_hash_and_the_manifest_names_them_all(
    folder: Path, frozen: FrozenSet
) -> None:
    found = files_of(folder)
    listed = manifest(folder)["files"]
    assert set(found) == {*listed, "manifest.json"}
    for name, record in listed.items():
        assert (hashlib.sha256(found[name]).hexdigest(), len(found[name])) == (record["sha256"], record["size"])
        if "/" in name:
            assert Path(name).stem == record["sha256"]
    kinds = [name.partition("/")[0] for name in found if "/" in name]
    assert kinds.count("images") == frozen.images.count()
    assert kinds.count("stimuli") == 24
    assert (kinds.count("masks"), kinds.count("renditions")) == (1, frozen.images.count() + 24)
    assert found["protocol.toml"].decode() == frozen.protocol
    assert found["plan.json"].decode() == frozen.plan


def test_every_column_of_an_image_and_of_a_stimulus_is_exported() -> None:
    rows = {"id", "pool", "feature", "image"}
    stimulus = {field.name for field in Stimulus._meta.concrete_fields}
    assert stimulus - rows == set(StimulusRecord.model_fields) - rows
    image = {field.name for field in SourceImage._meta.concrete_fields}
    assert image - rows == set(ImageRecord.model_fields) == {*IMAGE_FIELDS, "photograph_name"}


def test_photographs_are_not_named_unless_it_is_asked_for(folder: Path, tmp_path: Path) -> None:
    assert b"photograph-" not in b"".join(files_of(folder).values())
    call_command("export_stimuli", "birds", out=tmp_path / "named", with_photograph_names=True)
    with (tmp_path / "named" / "pool.csv").open() as file:
        assert [row["photograph_name"] for row in csv.DictReader(file)][:2] == ["photograph-0.jpg", "photograph-1.jpg"]
    assert manifest(tmp_path / "named")["images"][0]["photograph_name"].startswith("photograph-")


def test_the_metadata_is_an_ro_crate_that_the_standards_own_library_reads(folder: Path) -> None:
    crate = ROCrate(folder)
    assert "birds" in crate.root_dataset["name"]
    assert crate.root_dataset["license"].id == "#licence"
    parts = {entity.id: entity for entity in crate.data_entities}
    assert set(parts) == set(files_of(folder)) - {"ro-crate-metadata.json"}
    for name, record in manifest(folder)["files"].items():
        if name in parts:
            assert (parts[name]["sha256"], parts[name]["contentSize"]) == (record["sha256"], str(record["size"]))
    actions = crate.get_by_type("CreateAction")
    assert len(actions) == 24
    made = manifest(folder)["stimuli"][0]
    assert actions[0]["object"].id == f"images/{made['image']}.png"
    assert actions[0]["instrument"]["name"] == "small_net"


def test_the_data_sheet_says_what_a_stranger_asks(folder: Path) -> None:
    text = (folder / "README.md").read_text()
    for words in (
        "# Detectors & <patterns>: the images of the study `birds`",
        "24 of kind `accentuation`",
        "Terms of use: Not stated.",
        "No generated image was made again to prove it.",
        "python manage.py import_stimuli FOLDER",
        "The file names of the photographs are not in this folder",
        "natural images (PNG, 64 px a side): those that the study shows or that generated images began from.",
        "`accentuation_sha256` the SHA-256 over the files `accentuation/*.py` of its code in the order of their names",
        "`commit` the git commit of its code",
    ):
        assert words in text
    for name in IMAGE_MODULES:
        assert f"`{name}`" in text
    assert "Not all of them are shown" not in text


def test_the_data_sheet_says_that_images_travel_that_are_only_averaged(frozen: FrozenSet) -> None:
    manifest = manifest_of(frozen, licence="", photograph_names=False)
    first = manifest.stimuli[0].model_copy(update={"config": {"spectrum_images": 31}})
    changed = {"stimuli": [first, *manifest.stimuli[1:]], "files": {"images/one.png": None}}
    text = data_sheet(manifest.model_copy(update=changed), "Birds")
    assert "and the 31 whose average gives visualizations their colours." in text
    assert "Not all of them are shown in the study: 31, drawn from the pool, are here because their average" in text
    assert "Whoever may not pass photographs on may not pass on these either, though nobody saw them." in text


@pytest.mark.parametrize(
    ("which", "sentence"),
    [("absent", r"no frozen set 'absent' \(there are: birds\)"), ("absent.toml", "absent.toml cannot be read")],
)
def test_a_set_that_is_not_there_is_named(frozen: FrozenSet, tmp_path: Path, which: str, sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("export_stimuli", which, out=tmp_path / "set")


def test_a_folder_that_holds_something_is_left_alone(frozen: FrozenSet, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(CommandError, match="is not an empty folder; name a new one with --out"):
        call_command("export_stimuli", "birds", out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_an_empty_folder_is_filled(frozen: FrozenSet, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    call_command("export_stimuli", "birds", out=tmp_path / "empty")
    assert files_of(tmp_path / "empty") == files_of(folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "set"]


def test_an_export_that_fails_leaves_nothing_behind(frozen: FrozenSet, tmp_path: Path) -> None:
    path = frozen.stimuli.all()[5].path
    hidden = path.rename(path.with_suffix(".hidden"))  # the files are shared with other tests
    try:
        with pytest.raises(CommandError, match="is missing or changed; nothing was exported"):
            call_command("export_stimuli", "birds", out=tmp_path / "set")
    finally:
        hidden.rename(path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_sentence(frozen: FrozenSet, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"cannot be written to .*: No such file or directory; give another folder"):
        call_command("export_stimuli", "birds", out=tmp_path / "absent" / "set")


# Import


def test_what_was_exported_comes_back_as_it_was(
    folder: Path, tmp_path: Path, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    before, rows = files_of(folder), counts()
    empty_the_database()
    settings.IMAGE_ROOT = tmp_path / "elsewhere"
    call_command("import_stimuli", folder)
    assert "Imported the frozen set 'birds': " in capsys.readouterr().out
    assert counts() == rows
    assert SourceImage.objects.all()[0].photograph_name == ""
    call_command("export_stimuli", "birds", out=tmp_path / "again")
    assert files_of(tmp_path / "again") == before
    call_command("verify_stimuli", slug="birds", sample=0)
    (tmp_path / "again" / "protocol.toml").rename(tmp_path / "birds.toml")
    call_command("create_study", tmp_path / "birds.toml")
    assert Study.objects.get().features.count() == 6


def test_a_set_whose_stimuli_were_rejected_and_made_again_serves_a_study_elsewhere(
    db: None, tmp_path: Path, settings: Any
) -> None:
    make_survey()
    file = protocol_file(protocol_text(catch=True))
    make_stimuli(file.protocol)
    first = Stimulus.objects.all()[0]
    for attempt in range(2):  # the second attempt is rejected, too
        (latest,) = Stimulus.objects.filter(
            feature=first.feature, image=first.image, config_sha256=first.config_sha256, rejection=None
        )
        write_anew(Stimulus.objects.filter(pk=latest.pk), sha256=write_picture(3000 + attempt))
        Rejection.objects.create(stimulus=latest, reason="blurred", by="ada")
        make_stimuli(file.protocol)
    freeze(file)
    call_command("export_stimuli", "birds", out=tmp_path / "set")
    empty_the_database()
    settings.IMAGE_ROOT = tmp_path / "elsewhere"
    call_command("import_stimuli", tmp_path / "set")
    assert not Rejection.objects.exists()
    call_command("verify_stimuli", slug="birds", sample=0)
    call_command("create_study", tmp_path / "set" / "protocol.toml")
    shown = {stimulus for reference in Reference.objects.all() for stimulus in reference.explanations.all()}
    assert shown == set(FrozenSet.objects.get().stimuli.all())


def test_importing_twice_is_harmless_and_brings_lost_files_back(
    folder: Path, tmp_path: Path, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = counts()
    settings.IMAGE_ROOT = tmp_path / "lost"
    call_command("import_stimuli", folder)
    assert "Here already, and whole now: the frozen set 'birds'" in capsys.readouterr().out
    assert counts() == rows
    call_command("verify_stimuli", slug="birds", sample=0)


def test_another_set_of_the_same_name_stays(folder: Path) -> None:
    discard(FrozenSet.objects.get())
    other = freeze(protocol_file(protocol_text(conditions=("exemplars",))))[0]
    with pytest.raises(CommandError, match="A frozen set 'birds' is here already and is another one"):
        call_command("import_stimuli", folder)
    assert FrozenSet.objects.get() == other


def test_a_pool_of_the_same_name_with_other_images_is_a_conflict_and_nothing_is_stored(
    folder: Path, tmp_path: Path, settings: Any
) -> None:
    empty_the_database()
    make_survey()
    SourceImage.objects.filter(pk=SourceImage.objects.all()[0].pk).update(left=1)
    rows = counts()
    settings.IMAGE_ROOT = tmp_path / "elsewhere"
    with pytest.raises(CommandError, match="The image pool 'patterns' is here already with other images"):
        call_command("import_stimuli", folder)
    assert counts() == rows
    assert not (tmp_path / "elsewhere").exists()


def test_a_survey_of_the_same_feature_with_another_result_is_a_conflict(folder: Path) -> None:
    discard(FrozenSet.objects.get())
    Activation.objects.filter(feature__name="layer1:channel=2", rank=7).update(value=4.4)
    with pytest.raises(
        CommandError, match="'layer1:channel=2' was surveyed here over the pool 'patterns' with another"
    ):
        call_command("import_stimuli", folder)
    assert not FrozenSet.objects.exists()


def test_the_bytes_of_a_set_do_not_change_with_what_others_add(folder: Path, tmp_path: Path) -> None:
    first, second = Stimulus.objects.all()[:2]
    Rendition.objects.create(original_sha256=first.sha256, width=16, format="png", sha256=second.sha256)
    pool, model = ImagePool.objects.get(), VisionModel.objects.get()
    UnitSample.objects.create(model=model, pool=pool, layer="layer1", seed=4, units=100, dead=4, drawn=[0, 2, 90])
    call_command("export_stimuli", "birds", out=tmp_path / "again")
    assert files_of(tmp_path / "again") == files_of(folder)


def test_the_same_stimulus_made_here_at_another_time_stays_and_the_set_is_the_same_one(folder: Path) -> None:
    discard(FrozenSet.objects.get())
    made_here = Stimulus.objects.all()[3]
    values = {"device": "another", "created_at": made_here.created_at + timedelta(days=1)}
    write_anew(Stimulus.objects.filter(pk=made_here.pk), activation_after=9.2500001, **values)
    for _ in range(2):
        call_command("import_stimuli", folder)
        assert Stimulus.objects.filter(pk=made_here.pk, **values).count() == 1
        assert Stimulus.objects.count() == 24


def test_a_stimulus_made_here_otherwise_is_a_conflict_and_stays(folder: Path) -> None:
    discard(FrozenSet.objects.get())
    made_here = Stimulus.objects.all()[3]
    write_anew(Stimulus.objects.filter(pk=made_here.pk), sha256=write_picture(2002))
    with pytest.raises(CommandError, match="was made here otherwise than in the folder; import into another database"):
        call_command("import_stimuli", folder)
    other = freeze(protocol_file(protocol_text(slug="second")))[0]
    with pytest.raises(CommandError, match="made here otherwise than in the folder and belongs to the frozen set 'sec"):
        call_command("import_stimuli", folder)
    assert FrozenSet.objects.get() == other
    assert Stimulus.objects.get(pk=made_here.pk).sha256 == write_picture(2002)


def test_a_stimulus_that_was_rejected_here_is_a_conflict_and_the_rejection_stays(folder: Path) -> None:
    discard(FrozenSet.objects.get())
    Rejection.objects.create(stimulus=Stimulus.objects.all()[3], reason="a smear", by="ada")
    with pytest.raises(CommandError, match=r"set in the folder, and ada rejected it here \(a smear\); withdraw the"):
        call_command("import_stimuli", folder)
    assert not FrozenSet.objects.exists()
    assert Rejection.objects.get().reason == "a smear"


def test_a_set_of_a_release_that_kept_no_hashes_of_records_is_given_them(folder: Path) -> None:
    empty_the_database()
    rewrite(folder, lambda data: [one.pop("record_sha256") for one in data["stimuli"]])
    call_command("import_stimuli", folder)
    assert all(one.record_sha256 == one.hash_of_record() for one in Stimulus.objects.all())


def test_a_stimulus_that_is_here_but_was_changed_is_not_taken_for_the_one_of_the_set(folder: Path) -> None:
    discard(FrozenSet.objects.get())
    changed = Stimulus.objects.all()[3]
    Stimulus.objects.filter(pk=changed.pk).update(device="another")
    with pytest.raises(CommandError, match=f"The record of stimulus {changed.pk} .* Import into another database."):
        call_command("import_stimuli", folder)
    assert not FrozenSet.objects.exists()


def test_a_set_with_a_changed_record_is_not_exported(frozen: FrozenSet, tmp_path: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE stimuli_stimulus DISABLE TRIGGER USER")
        Stimulus.objects.update(device="another")
        cursor.execute("ALTER TABLE stimuli_stimulus ENABLE TRIGGER USER")
    with pytest.raises(CommandError, match="is not the one of its hash"):
        call_command("export_stimuli", "birds", out=tmp_path / "set")
    with pytest.raises(CommandError, match="Problems in the files of the frozen set birds: 24;"):
        call_command("verify_stimuli", slug="birds", sample=0)


def change_file(folder: Path, kind: str, change: Callable[[Image.Image], Image.Image]) -> None:
    """Put another picture in the place of one, under its right hash everywhere."""
    old = Path(first(folder, kind)).stem
    buffer = io.BytesIO()
    with Image.open(folder / kind / f"{old}.png") as image:
        change(image).save(buffer, "PNG")
    data = buffer.getvalue()
    new = hashlib.sha256(data).hexdigest()
    (folder / kind / f"{old}.png").unlink()
    (folder / kind / f"{new}.png").write_bytes(data)
    text = (folder / "manifest.json").read_text().replace(old, new)
    (folder / "manifest.json").write_text(text)
    rewrite(folder, lambda read: read["files"].update({f"{kind}/{new}.png": {"sha256": new, "size": len(data)}}))


def without_stimuli(folder: Path) -> None:
    def change(data: dict[str, Any]) -> None:
        gone = {one["sha256"] for one in data["stimuli"]}
        data["stimuli"] = []
        data["renditions"] = [one for one in data["renditions"] if one["original_sha256"] not in gone]
        left = {f"renditions/{one['sha256']}.png" for one in data["renditions"]}
        for name in list(data["files"]):
            if name.startswith(("stimuli/", "masks/")) or (name.startswith("renditions/") and name not in left):
                del data["files"][name]

    rewrite(folder, change)


def swap_two_stimuli(folder: Path) -> None:
    def change(data: dict[str, Any]) -> None:
        one, other = [made for made in data["stimuli"] if not made["mask_sha256"]][:2]
        one["sha256"], other["sha256"] = other["sha256"], one["sha256"]

    rewrite(folder, change)


def longer_plan(folder: Path) -> None:
    data = (folder / "plan.json").read_bytes() + b"\n"
    replace_file(folder, "plan.json", data)
    rewrite(folder, lambda read: read.update(plan_sha256=hashlib.sha256(data).hexdigest()))


def without_a_line(folder: Path, name: str) -> None:
    lines = (folder / name).read_bytes().splitlines(keepends=True)
    replace_file(folder, name, b"".join([*lines[:30], *lines[31:]]))


def bounded(folder: Path) -> None:
    data = (folder / "protocol.toml").read_bytes() + b"\n[stimuli.quality]\nmin_gain = 1000\n"
    replace_file(folder, "protocol.toml", data)
    rewrite(folder, lambda read: read.update(protocol_sha256=hashlib.sha256(data).hexdigest()))


def pipe(folder: Path, name: str) -> None:
    (folder / name).unlink()
    os.mkfifo(folder / name)


def foreign_rendition(folder: Path) -> None:
    rewrite(folder, lambda read: read["renditions"][0].update(original_sha256="ab" * 32))


def link(folder: Path, name: str) -> None:
    (folder / name).rename(folder / "original")
    (folder / name).symlink_to(folder / "original")


def first(folder: Path, kind: str) -> str:
    return next(name for name in sorted(manifest(folder)["files"]) if name.startswith(kind))


def escape(folder: Path, name: str) -> None:
    rewrite(folder, lambda manifest: manifest["files"].update({name: manifest["files"]["plan.json"]}))


def swap_two_lines(folder: Path, name: str) -> None:
    lines = (folder / name).read_text().splitlines(keepends=True)
    replace_file(folder, name, "".join([lines[0], lines[1].replace(",1\n", ",x\n"), *lines[2:]]).encode())


TAMPERED: dict[str, tuple[Callable[[Path], object], str]] = {
    "image changed": (
        lambda folder: (folder / first(folder, "images/")).write_bytes(b"x"),
        r"images/\w+\.png is not the file that manifest.json names; copy the whole folder again",
    ),
    "image missing": (lambda folder: (folder / first(folder, "stimuli/")).unlink(), r"stimuli/\w+\.png is missing"),
    "image of another kind": (
        lambda folder: replace_file(folder, first(folder, "masks/"), b"<svg/>"),
        r"masks/\w+\.png is not what its name says: a PNG image, named by its SHA-256",
    ),
    "image forgotten": (
        lambda folder: rewrite(folder, lambda data: data["files"].pop(first(folder, "images/"))),
        "The files that manifest.json lists are not those of its images",
    ),
    "protocol changed": (
        lambda folder: replace_file(folder, "protocol.toml", (folder / "protocol.toml").read_bytes() + b"#"),
        "protocol.toml is not the protocol that manifest.json names",
    ),
    "protocol broken": (lambda folder: replace_file(folder, "protocol.toml", b"slug ="), "not valid TOML"),
    "plan changed": (lambda folder: replace_file(folder, "plan.json", b"{}"), "plan.json is not the plan"),
    "activations broken": (
        lambda folder: swap_two_lines(folder, "activations.csv"),
        "activations.csv, line 2, is not an activation",
    ),
    "activations of other columns": (
        lambda folder: replace_file(folder, "activations.csv", b"a,b\n1,2\n"),
        "activations.csv has other columns than feature, image_sha256, value, rank",
    ),
    "pool without images": (
        lambda folder: replace_file(folder, "pool.csv", (folder / "pool.csv").read_bytes().splitlines()[0] + b"\n"),
        "pool.csv has not the images that manifest.json counts",
    ),
    "not UTF-8": (lambda folder: replace_file(folder, "plan.json", b"\xff"), "plan.json is not UTF-8 text"),
    "config changed": (
        lambda folder: rewrite(folder, lambda data: data["stimuli"][0]["config"].update(steps=1)),
        r"The parameters of the stimulus \w+ are not those of their hash",
    ),
    "stimulus twice": (
        lambda folder: rewrite(folder, lambda data: data["stimuli"].append(data["stimuli"][0])),
        "manifest.json names a stimulus twice",
    ),
    "path upwards": (lambda folder: escape(folder, "../plan.json"), "'../plan.json' is not the name of a file that a"),
    "path upwards inside": (lambda folder: escape(folder, "images/../../plan.json"), "is not the name of a file that"),
    "absolute path": (lambda folder: escape(folder, "/etc/hostname"), "'/etc/hostname' is not the name of a file"),
    "linked file": (lambda folder: link(folder, first(folder, "images/").rpartition("/")[0]), "images is a link"),
    "linked image": (lambda folder: link(folder, "plan.json"), r"plan\.json is a link; a set's folder holds only"),
    "linked manifest": (lambda folder: link(folder, "manifest.json"), "manifest.json is a link"),
    "newer version": (
        lambda folder: rewrite(folder, lambda data: data.update(schema_version=2)),
        "has the schema version 2, and this program reads version 1",
    ),
    "no version": (lambda folder: (folder / "manifest.json").write_text("[]"), "has the schema version None"),
    "unknown key": (
        lambda folder: rewrite(folder, lambda data: data.update(more=1)),
        "manifest.json cannot be used: more: Extra inputs are not permitted",
    ),
    "no JSON": (lambda folder: (folder / "manifest.json").write_text("{"), "manifest.json is not JSON"),
    "no manifest": (lambda folder: (folder / "manifest.json").unlink(), "manifest.json is missing"),
    "no folder": (shutil.rmtree, "manifest.json is missing"),
    "NUL": (
        lambda folder: rewrite(folder, lambda data: data["network"].update(weights_source="a\0b")),
        "manifest.json has NUL characters in its texts",
    ),
    "no stimuli": (without_stimuli, "not have the stimuli that plan.json names: 24 are missing, 0 are not of the plan"),
    "plan longer": (longer_plan, "plan.json is not a plan: it is not written as plans are"),
    "plan of another": (
        lambda folder: rewrite(folder, lambda data: data["network"].update(weights_sha256="00" * 32)),
        "plan.json is of another study, network or pool than manifest.json",
    ),
    "rendition of a stranger": (foreign_rendition, "The renditions of manifest.json are not those of its images"),
    "rendition of something else": (
        lambda folder: change_file(folder, "renditions", lambda image: image.rotate(90)),
        r"renditions/\w+\.png does not show the image \w+, of which it is to be",
    ),
    "square of another size": (
        lambda folder: change_file(folder, "stimuli", lambda image: image.resize((7, 9))),
        r"stimuli/\w+\.png has 7 x 9 pixels, not the 64 x 64 that manifest.json says",
    ),
    "out of bounds": (
        bounded,
        r"stimulus \w+ breaks the bounds of \[stimuli.quality\]: gain is 4.75, min_gain is 1000",
    ),
    "not finite": (
        lambda folder: rewrite(folder, lambda data: data["stimuli"][0].update(distance=float("nan"))),
        "stimuli.0.distance: Input should be a finite number",
    ),
    "two means": (
        lambda folder: rewrite(folder, lambda data: data["network"].update(mean=[0.5, 0.5])),
        "network.mean: List should have at least 3 items",
    ),
    "no deviation": (
        lambda folder: rewrite(folder, lambda data: data["network"].update(std=[0.5, 0, 0.5])),
        "network.std.1: Input should be greater than 0",
    ),
    "no size": (
        lambda folder: rewrite(folder, lambda data: data["pool"].update(image_size=0)),
        "pool.image_size: Input should be greater than or equal to 1",
    ),
    "negative rank": (
        lambda folder: rewrite(folder, lambda data: data["stimuli"][0].update(rank_after=-1)),
        "stimuli.0.rank_after: Input should be greater than or equal to 1",
    ),
    **{
        f"record says another {name}": (
            lambda folder, name=name, value=value: rewrite(
                folder, lambda data: data["stimuli"][0].update({name: value})
            ),
            r"The record of the stimulus \w+ is not the one of its hash; ask for another copy of the set",
        )
        for name, value in (
            ("activation_after", 9.5),
            ("device", "another"),
            ("made_with", {"torch": "0.1"}),
            ("curve", [1.0]),
            ("rank_after", 1),
            ("record_sha256", "ab" * 32),
        )
    },
    "two stimuli swapped": (
        swap_two_stimuli,
        r"The record of the stimulus \w+ is not the one of its hash; ask for another copy of the set",
    ),
    "activation missing": (
        lambda folder: without_a_line(folder, "activations.csv"),
        "activations.csv has 47 activations of 'layer1:channel=0', not those that a survey of 48 images keeps",
    ),
    "pipe": (lambda folder: pipe(folder, "plan.json"), r"plan\.json is no plain file"),
    "pipe for a manifest": (lambda folder: pipe(folder, "manifest.json"), r"manifest\.json is no plain file"),
    "rank beyond the pool": (
        lambda folder: rewrite(folder, lambda data: data["stimuli"][0].update(rank_after=50)),
        r"The stimulus \w+ cannot have the rank 50: it is not that of its activation, 9.25, among the 48 images of the",
    ),
    "rank of another activation": (
        lambda folder: rewrite(folder, lambda data: data["stimuli"][0].update(rank_after=2)),
        r"The stimulus \w+ cannot have the rank 2: it is not that of its activation, 9.25, among the 48 images of the",
    ),
    "number too large": (
        lambda folder: rewrite(folder, lambda data: data["unit_samples"][0].update(seed=2**70)),
        "The set holds a value that the database cannot hold: ",
    ),
}


@pytest.mark.parametrize(("tamper", "sentence"), TAMPERED.values(), ids=TAMPERED.keys())
def test_a_folder_that_is_not_whole_or_was_tampered_with_is_refused_in_a_sentence_and_nothing_is_stored(
    folder: Path, tmp_path: Path, settings: Any, tamper: Callable[[Path], object], sentence: str
) -> None:
    empty_the_database()
    settings.IMAGE_ROOT = tmp_path / "elsewhere"
    tamper(folder)
    with pytest.raises(CommandError, match=sentence) as caught:
        call_command("import_stimuli", folder)
    assert "\n" not in str(caught.value)
    assert counts() == [0] * len(TABLES)
    assert not (tmp_path / "elsewhere").exists()


# Two databases


def test_a_set_made_by_the_real_network_moves_to_another_database_and_serves_a_study_there(
    small_pool: None,
    protocol_file: Callable[..., Path],
    command_environment: dict[str, str],
    tmp_path: Path,
) -> None:
    features = ["logit=281", "logit=967", "blocks.4.2:channel=17"]
    call_command("survey_features", "efficientnet_lite0", "small", "--features", *features)
    path = protocol_file(("references = 2", "references = 1"), ("steps = 3", "steps = 2"), ("crops = 2", "crops = 1"))
    call_command("generate_stimuli", path, workers=1)
    call_command("freeze_stimuli", path, workers=1, sample=1)
    assert FrozenSet.objects.get().verification["made_with"]["torch"]
    call_command("export_stimuli", path, out=tmp_path / "from_a")

    def there(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            env=command_environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    there("migrate", "--verbosity=0")
    there("import_stimuli", str(tmp_path / "from_a"))
    assert "Made the study 'cats' with 3 features." in there("create_study", str(path))
    verified = there("verify_stimuli", "--set", "cats", "--sample", "1", "--tolerance", "0", "--workers", "1")
    assert "1 stimuli made again came out alike." in verified
    there("export_stimuli", "cats", "--out", str(tmp_path / "from_b"))
    assert files_of(tmp_path / "from_b") == files_of(tmp_path / "from_a")
