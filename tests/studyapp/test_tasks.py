"""The tasks: what each shows as evidence and choices, and a fourth one that is nothing but an entry of the registry."""

import re
import uuid
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from analysis.columns import BROWSER_FIELDS, Column, Kind
from stimuli.freezing import freeze
from stimuli.models import Stimulus
from stimuli.protocol import ProtocolError
from studyapp.addresses import image_address
from studyapp.models import ContinuationPair, Participant, QueryPair, Side, Study, StudyFeature, Trial
from studyapp.panels import Panel
from studyapp.selectors import current_trial, reference_panels, slot_image
from studyapp.services.enrolment import participant_enrol
from studyapp.services.progress import instructions_read
from studyapp.services.study import study_create
from studyapp.tasks import registry
from studyapp.tasks.task import Choice, Choices, FindPair, Image, Task
from tests.studyapp.turns import answer_practice, respond
from tests.studyapp.world import make_stimuli, make_study, make_survey, protocol_file, protocol_text

ALL = ("none", "exemplars", "accentuation", "visualization")


def enrolled(study: Study) -> Participant:
    person = participant_enrol(study=study, client_id=uuid.uuid4())
    instructions_read(participant=person)
    person.refresh_from_db()
    return person


def trials(person: Participant) -> Iterator[Trial]:
    """Each trial while it is the current one."""
    while trial := current_trial(person):
        yield trial
        respond(person, trial)


def text_of(
    task: str, conditions: tuple[str, ...], *, stimuli: str = "", features: int = 4, catch: bool = False
) -> str:
    return protocol_text(
        task=task, conditions=conditions, stimuli=stimuli, features=features, references=2, catch=catch
    )


def right_and_wrong(trial: Trial) -> tuple[Image | None, Image | None]:
    other = "left" if trial.strong_side == "right" else "right"
    return slot_image(trial, trial.strong_side), slot_image(trial, other)


class TestContinuation:
    @pytest.fixture
    def person(self, db: None) -> Participant:
        return enrolled(make_study(text_of("continuation", ("none", "accentuation"))))

    def test_the_study_has_a_seed_with_its_three_accentuations_for_every_feature(self, person: Participant) -> None:
        pairs = ContinuationPair.objects.select_related("study_feature", "weak", "strong", "foil")
        assert {pair.study_feature for pair in pairs} == set(StudyFeature.objects.all())
        for pair in pairs:
            assert {one.image for one in (pair.weak, pair.strong, pair.foil)} == {pair.seed_image}
            assert pair.weak.feature == pair.strong.feature == pair.study_feature.feature != pair.foil.feature
            assert pair.weak.config["level_percentile"] == 90.0
            assert pair.strong.config["level_percentile"] == pair.foil.config["level_percentile"] == 99.0

    def test_nothing_is_made_of_references_that_are_not_shown(self, person: Participant) -> None:
        assert set(person.study.frozen_set.stimuli.values_list("kind", flat=True)) == {"continuation"}

    @pytest.mark.parametrize(
        ("condition", "heading"),
        [
            ("none", "This image is the start of a change that is not shown."),
            ("accentuation", "The right one of these images was changed a little so that one detector responds more."),
        ],
    )
    def test_the_instructions_picture_it_as_the_trial_is(
        self, client: Client, db: None, condition: str, heading: str
    ) -> None:
        newcomer = participant_enrol(study=make_study(text_of("continuation", (condition,))), client_id=uuid.uuid4())
        address = f"/p/{newcomer.token}/"
        pictured = client.get(address).content.decode()
        instructions_read(participant=newcomer)
        trial = client.get(address).content.decode()
        assert heading in pictured
        assert heading in trial
        assert "there are no images to learn from" not in pictured
        assert "these images show what one detector responds to" not in pictured
        assert "all images" not in pictured
        assert "all of them" not in pictured
        assert "original images" not in pictured + trial
        assert ("This button changes the right image" in pictured) == (condition == "accentuation")

    def test_the_weak_accentuation_stands_beside_its_seed_unless_the_condition_is_none(
        self, client: Client, person: Participant
    ) -> None:
        met = set()
        for trial in trials(person):
            met.add(trial.condition)
            pair = trial.continuation_pair
            assert pair is not None
            assert trial.query_pair is None
            assert (trial.reference_order, trial.weak_reference_order) == ([], [])
            (panel,) = reference_panels(trial)
            explained = trial.condition == "accentuation"
            assert [(slot.image, slot.explanation) for slot in panel.slots] == [("r1", None), ("r1", "r1x")][
                : 1 + explained
            ]
            assert slot_image(trial, "r1") == pair.seed_image
            assert slot_image(trial, "r1x") == (pair.weak if explained else None)
            assert slot_image(trial, "r2") is None
            assert right_and_wrong(trial) == (pair.strong, pair.foil)
            page = client.get(f"/p/{person.token}/").content.decode()
            assert "Which of the two images below continues the change?" in page
            assert ("accentuated a little" in page) == explained
        assert met == {"none", "accentuation"}

    def test_with_several_seeds_the_batch_chooses_the_seed(self, db: None) -> None:
        text = text_of("continuation", ("accentuation",), stimuli="batches = 3", features=2)
        study = make_study(text.replace("seeds = 1", "seeds = 2"))
        met = set()
        for _ in range(3):
            person = enrolled(study)
            answer_practice(person)
            for trial in person.trials.filter(phase="main"):
                assert trial.continuation_pair is not None
                met.add((trial.batch, trial.continuation_pair.number))
        assert met == {(1, 1), (2, 2), (3, 1)}


class TestTransfer:
    @pytest.fixture
    def person(self, db: None) -> Participant:
        return enrolled(make_study(text_of("transfer", ALL)))

    def test_the_evidence_is_that_of_held_out_and_the_choices_are_accentuations_of_a_new_seed(
        self, client: Client, person: Participant
    ) -> None:
        met = set()
        for trial in trials(person):
            met.add(trial.condition)
            pair = trial.continuation_pair
            assert pair is not None
            assert right_and_wrong(trial) == (pair.strong, pair.foil)
            references = pair.study_feature.references.all()
            assert pair.seed_image not in [one.image for one in references]
            shown = [slot for panel in reference_panels(trial) for slot in panel.slots]
            assert len(shown) == (0 if trial.condition == "none" else 2)
            for slot, position in zip(shown, trial.reference_order, strict=True):
                reference = references.get(position=position)
                if slot.image:
                    assert slot_image(trial, slot.image) == reference.image
                if slot.explanation:
                    assert slot_image(trial, slot.explanation) == reference.explanations.get(kind=trial.condition)
            page = client.get(f"/p/{person.token}/").content.decode()
            assert "was changed so that this detector responds more?" in page
        assert met == set(ALL)

    def test_feedback_claims_what_was_done_to_the_image_and_no_response_that_was_not_measured(
        self, client: Client, person: Participant
    ) -> None:
        page = client.get(f"/p/{person.token}/").content.decode()
        told = re.findall(r'data-(?:right|wrong)-(?:left|right)="([^"]*)"', page)
        assert len(told) == 4
        assert all(sentence.endswith("image was changed so that this detector responds more.") for sentence in told)

    def test_references_are_those_of_the_trials_batch(self, db: None) -> None:
        study = make_study(text_of("transfer", ("exemplars",), stimuli="batches = 2", features=2))
        batches = set()
        for _ in range(2):
            person = enrolled(study)
            answer_practice(person)
            for trial in person.trials.filter(phase="main"):
                batches.add(trial.batch)
                expected = trial.pair.study_feature.references.filter(batch=trial.batch)
                assert {slot_image(trial, "r1"), slot_image(trial, "r2")} == {one.image for one in expected}
        assert batches == {1, 2}


def test_a_study_whose_continuation_is_gone_is_refused_in_a_sentence(db: None) -> None:
    make_survey()
    file = protocol_file(text_of("continuation", ("accentuation",)))
    make_stimuli(file.protocol)
    freeze(file)
    stimulus = Stimulus.objects.filter(kind="continuation").first()
    assert stimulus is not None
    hidden = stimulus.path.rename(stimulus.path.with_suffix(".hidden"))  # the files are shared with other tests
    try:
        with pytest.raises(
            ProtocolError, match=r"The file of stimulus \d+ .continuation of .* is missing or changed; run"
        ):
            study_create(file=file)
    finally:
        hidden.rename(stimulus.path)
    assert not Study.objects.exists()


class Toy(Task):
    """Which of the two is weak? All that a fourth task needs."""

    name = "toy"
    question = "Which of the two leaves this detector <cold>?"
    fields = (*BROWSER_FIELDS, Column("mood", Kind.CHOICE, "How it felt.", choices=("good", "bad")))

    def pairs(self, study: Study) -> FindPair:
        pairs = {pair.study_feature_id: pair for pair in QueryPair.objects.filter(study_feature__study=study)}
        return lambda feature, cell: pairs[feature.pk]

    def panels(self, trial: Trial) -> list[Panel]:
        return []

    def image(self, trial: Trial, slot: str) -> Image | None:
        assert trial.query_pair is not None
        if slot not in Side.values:
            return None
        return trial.query_pair.weak_image if slot == trial.strong_side else trial.query_pair.strong_image

    def choices(self, trial: Trial) -> Choices:
        assert trial.query_pair is not None
        return Choices(Choice(trial.query_pair.weak_image.sha256), Choice(trial.query_pair.strong_image.sha256))


class TestAFourthTask:
    @pytest.fixture
    def toy(self, monkeypatch: pytest.MonkeyPatch) -> Toy:
        registry.task_named("held_out")  # finds those that are there
        monkeypatch.setattr(registry, "_registered", dict(registry._registered))
        registry.register(Toy())
        return Toy()

    def test_an_entry_of_the_registry_is_all_it_needs(self, toy: Toy, client: Client, db: None) -> None:
        person = enrolled(make_study(text_of("toy", ("exemplars",))))
        trial = current_trial(person)
        assert trial is not None
        assert trial.task == "toy"
        page = client.get(f"/p/{person.token}/").content.decode()
        assert "Which of the two leaves this detector &lt;cold&gt;?" in page
        assert client.get(image_address(trial, "left", "png")).status_code == 200
        answer = {"trial": str(trial.public_id), "client_id": str(uuid.uuid4()), "confidence": 3, "rt_ms": 900.5}
        url = f"/p/{person.token}/responses/"
        told = client.post(url, answer | {"choice": trial.strong_side}, content_type="application/json").json()
        assert told["feedback"] == {"correct": True, "strong_side": trial.strong_side, "then": ""}

    def test_it_declares_data_of_its_own(self, toy: Toy) -> None:
        assert toy.data_of({"mood": "good", "blurs": 2, "frame_ms": None}) == {"mood": "good", "blurs": 2}
        assert registry.task_named("held_out").data_of({"mood": "good"}) == {}

    def test_a_task_that_is_not_there_is_refused_before_anything_is_done(self, tmp_path, db: None) -> None:
        path = tmp_path / "birds.toml"
        path.write_text(text_of("helt_out", ("exemplars",)))
        told = r"`trials.task`: there is no task 'helt_out'; the tasks are continuation, held_out, transfer\."
        for command in ("plan_stimuli", "create_study"):
            with pytest.raises(CommandError, match=told):
                call_command(command, str(path))


@pytest.mark.parametrize("task", ["continuation", "transfer"])
def test_tasks_without_query_pairs_refuse_difficulties(task: str) -> None:
    with pytest.raises(ProtocolError, match=f"the task {task} asks about accentuations, .* and has no `difficulties`"):
        protocol_file(text_of(task, ("accentuation",), stimuli='difficulties = ["easy", 95]'))


@pytest.mark.parametrize(
    "odd",
    [
        {"blurs": -1},
        {"blurs": 1.5},
        {"blurs": True},
        {"blurs": 10**400},
        {"hidden_ms": float("inf")},
        {"hidden_ms": float("nan")},
        {"hidden_ms": "1"},
        {"hidden_ms": 2e9},
        {"hidden_ms": None},
        {"mouse": 1},
        {"input": "telepathy"},
        {"shown_times": 0},
    ],
)
@pytest.mark.parametrize("task", ["held_out", "continuation", "transfer"])
def test_what_does_not_fit_its_field_is_left_out_and_the_rest_stays(task: str, odd: dict[str, object]) -> None:
    assert registry.task_named(task).data_of({"flips": 2} | odd) == {"flips": 2}


@pytest.mark.parametrize("sent", [None, [], "text", 3, [["flips", 2]]])
def test_what_is_no_table_of_data_is_none(sent: object) -> None:
    assert registry.task_named("held_out").data_of(sent) == {}


@pytest.mark.parametrize("task", ["held_out", "continuation", "transfer"])
def test_every_task_takes_the_data_of_the_browser(task: str) -> None:
    data = {field.name: field.choices[0] if field.choices else 3 for field in BROWSER_FIELDS}
    assert registry.task_named(task).data_of(data) == data


@pytest.mark.parametrize(
    ("column", "good", "bad"),
    [
        (Column("x", Kind.BOOLEAN, ""), True, 1),
        (Column("x", Kind.TEXT, ""), "é", "\0"),
        (Column("x", Kind.TEXT, ""), "é", "a" * 10_001),
        (Column("x", Kind.TEXT, ""), "é", "\ud800"),
        (Column("x", Kind.INTEGER, ""), -3, 10**18),
        (Column("x", Kind.CHOICE, "", choices=("a",)), "a", "b"),
        (Column("x", Kind.TIME, ""), "2026-03-14T15:09:26+00:00", "2026-03-14T15:09:26"),
        (Column("x", Kind.REAL, "", low=0), 0, -0.1),
        (Column("x", Kind.SHA256, ""), "ab" * 32, "ab" * 31 + "zz"),
    ],
)
def test_fields_of_every_kind_are_checked(column: Column, good: object, bad: object, monkeypatch) -> None:
    monkeypatch.setattr(Toy, "fields", (column,))
    assert Toy().data_of({"x": good}) == {"x": good}
    assert Toy().data_of({"x": bad}) == {}
