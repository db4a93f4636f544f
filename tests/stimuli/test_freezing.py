"""A set is frozen when everything in it is verified, and then nothing that belongs to it can be changed by any way."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.db.models.deletion import ProtectedError

from stimuli.freezing import FreezeError, discard, freeze
from stimuli.immutability import FrozenError, refusals
from stimuli.models import (
    Activation,
    Feature,
    FrozenSet,
    ImagePool,
    Rejection,
    Rendition,
    SourceImage,
    Stimulus,
    VisionModel,
)
from stimuli.protocol import ProtocolFile
from stimuli.renditions import make_renditions
from stimuli.sets import protocol_of
from studyapp.models import Study
from studyapp.services.study import study_create
from tests.stimuli.written_anew import write_anew
from tests.studyapp.world import make_stimuli, make_survey, protocol_file, protocol_text


@pytest.fixture
def file(db: None) -> ProtocolFile:
    """A protocol whose stimuli are made."""
    make_survey()
    made = protocol_file(protocol_text(tables="[stimuli.files]\nwidths = [32]"))
    make_stimuli(made.protocol)
    return made


@pytest.fixture
def frozen(file: ProtocolFile) -> FrozenSet:
    done, created = freeze(file)
    assert created
    return done


@pytest.fixture
def path(file: ProtocolFile, tmp_path: Path) -> Path:
    path = tmp_path / "birds.toml"
    path.write_text(file.text)
    return path


def test_a_frozen_set_holds_exactly_what_the_protocol_shows(frozen: FrozenSet, file: ProtocolFile) -> None:
    assert (frozen.slug, frozen.protocol, frozen.protocol_sha256) == ("birds", file.text, file.sha256)
    # Six features with four references and two queries each; images may be references of several.
    assert set(frozen.stimuli.all()) == set(Stimulus.objects.all())
    assert frozen.stimuli.count() == 24
    assert frozen.features.count() == 6
    assert {stimulus.image for stimulus in frozen.stimuli.all()} < set(frozen.images.all())
    assert frozen.verification == {
        "natural_images": frozen.images.count(),
        "stimuli": 24,
        "files": 2 * (frozen.images.count() + 24),
        "sample": 0,
    }


def test_freezing_again_changes_nothing(
    frozen: FrozenSet, file: ProtocolFile, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert freeze(file) == (frozen, False)
    call_command("freeze_stimuli", path, sample=0)
    assert "The set 'birds' is frozen already, from this very protocol, since 20" in capsys.readouterr().out
    assert FrozenSet.objects.count() == 1


def test_the_command_says_how_many_accentuations_do_not_raise_the_activation(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lowered = Stimulus.objects.order_by("pk").values_list("pk", flat=True)[:5]
    write_anew(Stimulus.objects.filter(pk__in=list(lowered)), activation_after=4.25)
    call_command("freeze_stimuli", path, sample=0)
    said = capsys.readouterr().out.splitlines()
    assert "5 of 24 accentuations do not raise the activation. They are in the set all the same." in said


def test_the_command_says_what_was_frozen(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("freeze_stimuli", path, sample=0)
    images = FrozenSet.objects.get().images.count()
    assert capsys.readouterr().out.splitlines() == [
        f"Froze the set 'birds': 24 stimuli, {images} natural images, 6 features.",
        "No stimulus was made again (--sample 0): the hashes hold, and that the records describe the images is not "
        "proven.",
    ]


def test_a_stimulus_that_is_missing_damaged_or_rejected_is_named_and_nothing_is_frozen(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third, *_ = Stimulus.objects.all()
    first.delete()
    write_anew(Stimulus.objects.filter(pk=second.pk), mask_sha256="cd" * 32)
    Rejection.objects.create(stimulus=third, reason="a smear", by="ada")
    with pytest.raises(CommandError, match=r"Problems in the set 'birds': 3; nothing was frozen\."):
        call_command("freeze_stimuli", path, sample=0)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("The accentuation of layer1:channel=0 on image")
    assert printed[0].endswith("has not been made.")
    second.refresh_from_db()
    assert printed[1].endswith("has not been made in the place of the one that ada rejected (a smear).")
    assert printed[2] == f"The file of the mask of {second.describe()} is missing or changed."
    assert not FrozenSet.objects.exists()


def test_a_rejection_that_comes_while_the_set_is_verified_keeps_it_from_being_frozen(file: ProtocolFile) -> None:
    def reject(_: object) -> dict[str, object]:
        Rejection.objects.create(stimulus=Stimulus.objects.all()[0], reason="a smear", by="ada")
        return {}

    with pytest.raises(FreezeError, match="changed while it was verified"):
        freeze(file, remake=reject)
    assert not FrozenSet.objects.exists()


def test_a_rejection_at_the_very_moment_of_freezing_waits_and_is_refused(transactional_db: None) -> None:
    make_survey()
    file = protocol_file(protocol_text())
    make_stimuli(file.protocol)
    stimulus = Stimulus.objects.all()[0]
    outcome: list[str] = []

    def reject() -> None:
        try:
            with refusals():
                Rejection.objects.create(stimulus=stimulus, reason="a smear", by="ada")
        except FrozenError as error:
            outcome.append(str(error))
        finally:
            connection.close()

    with transaction.atomic():
        freeze(file)
        other = threading.Thread(target=reject)
        other.start()
        other.join(0.5)
        assert other.is_alive()
    other.join(10)
    assert outcome == [f"The stimulus {stimulus.pk} belongs to the frozen set 'birds' and cannot be rejected any more."]
    assert not Rejection.objects.exists()


def test_another_protocol_of_the_same_slug_is_refused_until_the_set_is_discarded(
    frozen: FrozenSet, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path.write_text(frozen.protocol + "# a word more\n")
    with pytest.raises(CommandError, match="'birds' was frozen from another protocol; give this one another `slug`"):
        call_command("freeze_stimuli", path, sample=0)
    call_command("freeze_stimuli", path, discard=True)
    assert "Discarded the frozen set 'birds' (protocol " in capsys.readouterr().out
    call_command("freeze_stimuli", path, sample=0)
    assert FrozenSet.objects.get().protocol.endswith("# a word more\n")


def test_what_was_discarded_may_change_again_and_what_a_study_stands_on_cannot_be_discarded(
    frozen: FrozenSet, file: ProtocolFile
) -> None:
    study_create(file=file)
    with pytest.raises(FreezeError, match="'birds' stays frozen, because the study made from it stands on it"):
        discard(frozen)
    assert frozen.stimuli.count() == 24
    Study.objects.all().delete()
    discard(frozen)
    assert Stimulus.objects.update(device="another") == 24


def test_there_is_nothing_to_discard_where_nothing_is_frozen(path: Path) -> None:
    with pytest.raises(CommandError, match=r"There is no frozen set 'birds' \(there are: none\)"):
        call_command("freeze_stimuli", path, discard=True)


Change = Callable[[FrozenSet], object]


def sql(statement: str) -> Change:
    def run(frozen: FrozenSet) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, {"set": frozen.pk})

    return run


def save(model: type, **values: object) -> Change:
    """Change the first row of a table that belongs to the set, as a program would."""

    def run(frozen: FrozenSet) -> None:
        row = model.objects.filter(**MEMBERSHIP[model](frozen)).first()
        for name, value in values.items():
            setattr(row, name, value)
        row.save()

    return run


def update(model: type, **values: object) -> Change:
    return lambda frozen: model.objects.filter(**MEMBERSHIP[model](frozen)).update(**values)


def outside(frozen: FrozenSet) -> "QuerySet[SourceImage]":
    return SourceImage.objects.exclude(frozen_sets=frozen)


MEMBERSHIP: dict[type, Callable[[FrozenSet], dict[str, object]]] = {
    Stimulus: lambda frozen: {"frozen_sets": frozen},
    SourceImage: lambda frozen: {"frozen_sets": frozen},
    Feature: lambda frozen: {"frozen_sets": frozen},
    VisionModel: lambda frozen: {},
    ImagePool: lambda frozen: {},
    FrozenSet: lambda frozen: {"pk": frozen.pk},
}

FORBIDDEN: dict[str, Change] = {
    "stimulus saved": save(Stimulus, activation_after=0.0),
    "stimuli updated": update(Stimulus, sha256="00" * 32),
    "stimulus deleted": lambda frozen: frozen.stimuli.all()[0].delete(),
    "stimuli updated by SQL": sql("UPDATE stimuli_stimulus SET made_with = '{}', device = 'x'"),
    "stimuli deleted by SQL": sql("DELETE FROM stimuli_stimulus"),
    "image saved": save(SourceImage, left=3),
    "images updated": update(SourceImage, perceptual_hash=1),
    "images updated by SQL": sql("UPDATE stimuli_sourceimage SET photograph_name = ''"),
    "images deleted by SQL": sql("DELETE FROM stimuli_sourceimage"),
    "pool renamed": update(ImagePool, name="other"),
    "feature renamed": save(Feature, name="logit=1"),
    "features renamed": update(Feature, name="logit=2"),
    "features deleted by SQL": sql("DELETE FROM stimuli_feature"),
    "network renamed": save(VisionModel, name="other"),
    "network of other weights": update(VisionModel, weights_sha256="00" * 32),
    "network deleted by SQL": sql("DELETE FROM stimuli_visionmodel"),
    "network fed otherwise": update(VisionModel, mean=[0.0, 0.0, 0.0]),
    "network of another size": update(VisionModel, input_size=7),
    "network of another layer": update(VisionModel, regularization_layer="x"),
    "image of the pool outside the set changed": lambda frozen: outside(frozen).update(left=3),
    "hash of an image outside the set changed": lambda frozen: outside(frozen).update(perceptual_hash=5),
    "image of the pool outside the set deleted": sql(
        "DELETE FROM stimuli_sourceimage WHERE id NOT IN (SELECT sourceimage_id FROM stimuli_frozenset_images)"
    ),
    "image added to the pool": lambda frozen: SourceImage.objects.create(
        pool=ImagePool.objects.get(), sha256="ab" * 32, photograph_sha256="ab" * 32, left=0, top=0, side=9
    ),
    "rendition changed": lambda frozen: Rendition.objects.update(sha256="00" * 32),
    "rendition deleted": lambda frozen: Rendition.objects.all().delete(),
    "rendition deleted by SQL": sql("DELETE FROM stimuli_rendition"),
    "sets emptied": sql("TRUNCATE stimuli_frozenset CASCADE"),
    "stimuli emptied": sql("TRUNCATE stimuli_stimulus CASCADE"),
    "renditions emptied": sql("TRUNCATE stimuli_rendition"),
    "studies emptied": sql("TRUNCATE studyapp_study CASCADE"),
    "set saved": save(FrozenSet, plan=""),
    "set updated": update(FrozenSet, verification={}),
    "set deleted": lambda frozen: frozen.delete(),
    "set deleted in bulk": lambda frozen: FrozenSet.objects.all().delete(),
    "set deleted by SQL": sql("DELETE FROM stimuli_frozenset"),
    "image added": lambda frozen: frozen.images.add(SourceImage.objects.exclude(frozen_sets=frozen)[0]),
    "stimulus removed": lambda frozen: frozen.stimuli.remove(frozen.stimuli.all()[0]),
    "features cleared": lambda frozen: frozen.features.clear(),
    "members deleted by SQL": sql("DELETE FROM stimuli_frozenset_stimuli WHERE frozenset_id = %(set)s"),
    "members moved by SQL": sql("UPDATE stimuli_frozenset_images SET frozenset_id = frozenset_id + 1"),
    "stimulus rejected": lambda frozen: Rejection.objects.create(stimulus=frozen.stimuli.all()[0], reason="x", by="x"),
    "stimulus rejected by SQL": sql(
        "INSERT INTO stimuli_rejection (stimulus_id, reason, by, at) SELECT id, 'x', 'x', now() FROM stimuli_stimulus"
    ),
}


@pytest.mark.parametrize("change", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_nothing_that_belongs_to_a_frozen_set_can_change(frozen: FrozenSet, change: Change) -> None:
    before = contents(frozen)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks to come is not emptied for that reason
    with pytest.raises(FrozenError, match=r"frozen set 'birds'"), refusals(), transaction.atomic():
        change(frozen)
    assert contents(frozen) == before


def contents(frozen: FrozenSet) -> list[object]:
    tables = (Stimulus, SourceImage, Feature, VisionModel, ImagePool, FrozenSet, Rejection, Rendition)
    members = (frozen.images, frozen.stimuli, frozen.features)
    return [
        *(list(table.objects.order_by("pk").values()) for table in tables),
        *(sorted(member.values_list("pk", flat=True)) for member in members),
    ]


def test_a_hash_that_was_never_kept_may_be_filled_in_and_then_stays(frozen: FrozenSet) -> None:
    with connection.cursor() as cursor:  # images that were frozen before hashes were kept
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE stimuli_sourceimage DISABLE TRIGGER USER")
        frozen.images.update(perceptual_hash=None)
        cursor.execute("ALTER TABLE stimuli_sourceimage ENABLE TRIGGER USER")
    with pytest.raises(FrozenError), refusals(), transaction.atomic():
        frozen.images.update(perceptual_hash=5, left=3)
    frozen.images.update(perceptual_hash=5)
    with pytest.raises(FrozenError), refusals(), transaction.atomic():
        frozen.images.update(perceptual_hash=None)
    assert set(frozen.images.values_list("perceptual_hash", flat=True)) == {5}


def test_images_of_a_frozen_set_cannot_be_deleted_by_a_program_either(frozen: FrozenSet) -> None:
    with pytest.raises((ProtectedError, IntegrityError)), transaction.atomic():
        SourceImage.objects.all().delete()


def test_a_refusal_is_one_sentence_that_names_the_set(frozen: FrozenSet) -> None:
    stimulus = frozen.stimuli.all()[0]
    with pytest.raises(FrozenError) as caught, refusals(), transaction.atomic():
        Rejection.objects.create(stimulus=stimulus, reason="x", by="x")
    assert str(caught.value) == (
        f"The stimulus {stimulus.pk} belongs to the frozen set 'birds' and cannot be rejected any more."
    )


def test_a_missing_rendition_may_be_made_and_one_that_comes_out_differently_is_refused(frozen: FrozenSet) -> None:
    table = protocol_of(frozen).stimuli.files
    images = list(frozen.images.all())
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE stimuli_rendition DISABLE TRIGGER USER")
        Rendition.objects.filter(original_sha256=images[0].sha256).delete()
        Rendition.objects.filter(original_sha256=images[1].sha256).update(sha256="ab" * 32)
        cursor.execute("ALTER TABLE stimuli_rendition ENABLE TRIGGER USER")
    assert len(list(make_renditions(images[:1], table))) == 1
    with pytest.raises(FrozenError, match="is of an image of the frozen set 'birds' and does not change"):
        list(make_renditions(images[1:2], table))


def test_other_errors_of_the_database_are_not_taken_for_refusals(frozen: FrozenSet) -> None:
    with pytest.raises(IntegrityError), refusals(), transaction.atomic():
        Feature.objects.create(model=VisionModel.objects.get(), name=frozen.features.all()[0].name)


def test_what_does_not_belong_to_the_set_and_what_says_nothing_new_may_be_written(frozen: FrozenSet) -> None:
    pool = ImagePool.objects.create(name="other", origin="test", image_size=64)
    image = SourceImage.objects.create(pool=pool, sha256="ab" * 32, photograph_sha256="ab" * 32, left=0, top=0, side=9)
    SourceImage.objects.filter(pk=image.pk).update(perceptual_hash=7, left=3)
    image.delete()
    pool.delete()
    assert Activation.objects.update(value=1.0) > 0
    assert VisionModel.objects.update(weights_source="found elsewhere", weights_given=True) == 1
    stimulus = frozen.stimuli.all()[0]
    stimulus.save()
    loose = Stimulus.objects.create(
        **{
            name: getattr(stimulus, name)
            for name in ("kind", "feature", "pool", "image", "config", "config_sha256", "activation_before")
        },
        activation_after=1.0,
        seed=stimulus.seed + 1,
        sha256=stimulus.sha256,
    )
    Rejection.objects.create(stimulus=loose, reason="a smear", by="ada")
    loose.delete()
