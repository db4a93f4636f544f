"""The command that makes a study: all of it or nothing, and every problem in one clear sentence."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from stimuli.freezing import freeze
from stimuli.immutability import FrozenError, opened, refusals
from stimuli.models import Activation, FrozenSet, Rendition, Stimulus, image_path
from stimuli.protocol import read_protocol
from studyapp.models import QueryPair, Reference, Study, StudyFeature
from tests.studyapp.world import make_stimuli, make_survey, protocol_file, protocol_text

ROWS = (Study, StudyFeature, Reference, QueryPair)


@pytest.fixture
def protocol(tmp_path: Path, db: None) -> Path:
    """A protocol file whose stimuli have been generated and frozen."""
    make_survey(features=12)
    make_stimuli(protocol_file(protocol_text()).protocol)
    freeze(protocol_file(protocol_text()))
    path = tmp_path / "birds.toml"
    path.write_text(protocol_text())
    return path


def assert_nothing_was_made() -> None:
    assert [model.objects.count() for model in ROWS] == [0, 0, 0, 0]


def test_it_stores_the_protocol_word_for_word(protocol: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_study", str(protocol))
    study = Study.objects.get()
    assert study.protocol == protocol.read_text()
    assert study.protocol_sha256 == protocol_file(protocol_text()).sha256
    assert (study.slug, study.title, study.seed) == ("birds", "Detectors & <patterns>", 7)
    assert capsys.readouterr().out == (
        "Made the study 'birds' with 6 features.\n"
        "Participants find it at /s/birds/, researchers at /researcher/birds/.\n"
    )


def test_it_takes_references_and_queries_with_rank_and_activation_from_the_survey(protocol: Path) -> None:
    call_command("create_study", str(protocol))
    feature = StudyFeature.objects.get(feature__name="layer1:channel=0")
    assert (feature.phase, feature.position) == ("main", 1)
    assert [reference.rank for reference in feature.references.all()] == [1, 2, 3, 4]
    assert [reference.activation for reference in feature.references.all()] == pytest.approx([4.9, 4.8, 4.7, 4.6])
    pair = feature.query_pairs.get()
    assert (pair.batch, pair.difficulty) == (1, "easy")
    # The image of rank r has activation 5 - r / 10 in this survey.
    assert pair.strong_activation == pytest.approx(5 - pair.strong_rank / 10)
    assert pair.weak_activation == pytest.approx(5 - pair.weak_rank / 10)
    assert 5 <= pair.strong_rank < 24 < pair.weak_rank


def test_it_stores_every_batch_with_both_kinds_of_references_and_a_pair_for_each_difficulty(protocol: Path) -> None:
    wishes = 'batches = 2\nweak_references = 1\ndifficulties = ["easy", 80]'
    text = protocol_text(slug="batches", features=2, references=2, stimuli=wishes)
    make_stimuli(protocol_file(text).protocol)
    protocol.write_text(text)
    freeze(protocol_file(text))
    call_command("create_study", str(protocol))
    feature = StudyFeature.objects.get(feature__name="layer1:channel=0")
    stored = [(one.batch, one.role, one.position, one.rank) for one in feature.references.all()]
    assert stored == [
        (1, "strong", 1, 1), (1, "strong", 2, 4), (1, "weak", 1, 48),
        (2, "strong", 1, 2), (2, "strong", 2, 3), (2, "weak", 1, 47),
    ]  # fmt: skip
    pairs = {(pair.batch, pair.difficulty) for pair in feature.query_pairs.all()}
    assert pairs == {(1, "easy"), (1, "80"), (2, "easy"), (2, "80")}
    practice = StudyFeature.objects.get(phase="practice", position=1)
    assert [(pair.batch, pair.difficulty) for pair in practice.query_pairs.all()] == [(1, "easy")]
    assert Reference.objects.filter(role="strong", explanations=None).count() == 0
    assert Reference.objects.filter(role="weak").exclude(explanations=None).count() == 0


def test_it_attaches_to_each_reference_the_accentuation_of_this_very_feature_and_image(protocol: Path) -> None:
    call_command("create_study", str(protocol))
    for reference in Reference.objects.all():
        stimulus = reference.explanations.get()
        assert stimulus.kind == "accentuation"
        assert stimulus.image == reference.image
        assert stimulus.feature == reference.study_feature.feature


def test_the_same_protocol_again_is_no_error_and_makes_nothing(
    protocol: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("create_study", str(protocol))
    capsys.readouterr()
    call_command("create_study", str(protocol))
    assert "exists already" in capsys.readouterr().out
    assert Study.objects.count() == 1


def test_another_protocol_with_the_same_slug_is_refused_and_told_how_to_mend(protocol: Path) -> None:
    call_command("create_study", str(protocol))
    protocol.write_text(protocol_text(seed=8))
    with pytest.raises(CommandError, match="give this one another `slug`"):
        call_command("create_study", str(protocol))
    assert Study.objects.get().seed == 7


def test_a_study_opens_on_nothing_but_the_frozen_set_of_this_very_file(protocol: Path) -> None:
    protocol.write_text(protocol_text() + "# a word more\n")
    with pytest.raises(CommandError, match="'birds' are not frozen; run freeze_stimuli with this very file first"):
        call_command("create_study", str(protocol))
    assert_nothing_was_made()


def test_a_study_is_refused_where_its_protocol_would_choose_other_images_than_were_frozen(protocol: Path) -> None:
    strongest = Activation.objects.get(feature__name="layer1:channel=0", rank=1)
    weakest = Activation.objects.get(feature__name="layer1:channel=0", rank=48)
    strongest.image, weakest.image = weakest.image, strongest.image
    strongest.delete()
    weakest.save()
    with pytest.raises(CommandError, match="'birds' chooses other images today than those frozen on 20"):
        call_command("create_study", str(protocol))
    assert_nothing_was_made()


def test_the_study_names_its_set_and_shows_nothing_else(protocol: Path) -> None:
    call_command("create_study", str(protocol))
    frozen = Study.objects.get().frozen_set
    pairs = QueryPair.objects.values_list("strong_image", "weak_image")
    shown = {*Reference.objects.values_list("image", flat=True), *(image for pair in pairs for image in pair)}
    assert set(frozen.images.values_list("pk", flat=True)) == shown
    explanations = Reference.objects.values_list("explanations", flat=True)
    assert set(frozen.stimuli.values_list("pk", flat=True)) == set(explanations)


@pytest.mark.parametrize(
    ("lost", "sentence"),
    [("query", "natural image .* run import_images"), ("stimulus", "stimulus .* generate_stimuli for another")],
)
def test_a_missing_file_is_said_and_nothing_is_made(protocol: Path, lost: str, sentence: str) -> None:
    call_command("create_study", str(protocol))
    path = QueryPair.objects.all()[0].weak_image.path if lost == "query" else Stimulus.objects.all()[0].path
    Study.objects.all().delete()
    hidden = path.rename(path.with_suffix(".hidden"))  # the files are shared with other tests
    try:
        with pytest.raises(CommandError, match=sentence):
            call_command("create_study", str(protocol))
    finally:
        hidden.rename(path)
    assert_nothing_was_made()


def test_a_damaged_rendition_is_said_and_nothing_is_made(tmp_path: Path, db: None) -> None:
    make_survey()
    path = tmp_path / "birds.toml"
    path.write_text(protocol_text(tables="[stimuli.files]\nwidths = [32]"))
    file = read_protocol(path)
    make_stimuli(file.protocol)
    freeze(file)
    scaled = image_path(Rendition.objects.all()[0].sha256)
    whole = scaled.read_bytes()
    scaled.write_bytes(whole[:-20] + bytes(20))  # the files are shared with other tests
    try:
        with pytest.raises(CommandError, match=r"The file of the rendition .* at 32 px is missing or changed; run"):
            call_command("create_study", str(path))
    finally:
        scaled.write_bytes(whole)
    assert_nothing_was_made()
    call_command("create_study", str(path))


def test_what_is_not_in_the_frozen_set_is_not_shown_though_it_is_in_the_database(protocol: Path) -> None:
    frozen = FrozenSet.objects.get()
    with opened(frozen):
        frozen.stimuli.clear()
    with pytest.raises(CommandError, match=r"what does not belong to the frozen set 'birds' \(accentuation of layer1"):
        call_command("create_study", str(protocol))
    assert_nothing_was_made()


# A standing study


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what would else be asked at the end of the transaction
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE studyapp_study SET seed = seed + 1",
        "UPDATE studyapp_study SET secret = ''",
        "UPDATE studyapp_study SET protocol = protocol || ' '",
        "UPDATE studyapp_studyfeature SET position = position + 100",
        "UPDATE studyapp_reference SET activation = 0",
        "UPDATE studyapp_querypair SET strong_image_id = weak_image_id, weak_image_id = strong_image_id",
        "UPDATE studyapp_reference_explanations SET stimulus_id = 1",
        "DELETE FROM studyapp_reference_explanations",
        "DELETE FROM studyapp_querypair",
        "DELETE FROM studyapp_reference_explanations; DELETE FROM studyapp_reference",
        "DELETE FROM studyapp_reference_explanations; DELETE FROM studyapp_reference; DELETE FROM studyapp_querypair;"
        "DELETE FROM studyapp_studyfeature",
        "INSERT INTO studyapp_reference_explanations (reference_id, stimulus_id) "
        "SELECT (SELECT min(id) FROM studyapp_reference), max(id) FROM stimuli_stimulus",
    ],
)
def test_nothing_of_a_standing_study_changes(protocol: Path, statement: str) -> None:
    call_command("create_study", str(protocol))
    with pytest.raises(FrozenError, match="A study does not change once it stands"), refusals(), transaction.atomic():
        sql(statement)


def test_a_study_without_participants_may_go_as_a_whole(protocol: Path) -> None:
    call_command("create_study", str(protocol))
    Study.objects.all().delete()
    sql("SELECT 1")
    assert_nothing_was_made()


def test_it_needs_no_accentuations_where_no_condition_shows_them(tmp_path: Path, db: None) -> None:
    make_survey()
    protocol = tmp_path / "birds.toml"
    protocol.write_text(protocol_text(conditions=("exemplars",)))
    freeze(read_protocol(protocol))
    call_command("create_study", str(protocol))
    assert Reference.objects.filter(explanations=None).count() == 24


@pytest.mark.parametrize(
    ("text", "sentence"),
    [(protocol_text(conditions=("hypnosis",)), "`trials.conditions.0`"), ("slug = ", "not valid TOML")],
    ids=["unknown condition", "no TOML"],
)
def test_an_unusable_protocol_is_refused_in_a_sentence_and_nothing_is_made(
    protocol: Path, text: str, sentence: str
) -> None:
    protocol.write_text(text)
    with pytest.raises(CommandError, match=sentence):
        call_command("create_study", str(protocol))
    assert_nothing_was_made()


def test_a_protocol_file_that_is_not_there_is_named(tmp_path: Path, db: None) -> None:
    with pytest.raises(CommandError, match=r"absent\.toml cannot be read"):
        call_command("create_study", str(tmp_path / "absent.toml"))
