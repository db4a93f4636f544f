"""``/p/<token>/<trial>/<code>.png``: the images of the coming trials, at addresses that tell nothing."""

import re
import uuid

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from studyapp.addresses import image_address
from studyapp.models import Participant, Reference, Trial
from studyapp.selectors import current_trial
from studyapp.services.enrolment import participant_enrol
from studyapp.services.progress import break_take, instructions_read
from tests.studyapp.turns import respond, trials_in_turn
from tests.studyapp.world import make_study, protocol_text


def address(trial: Trial, slot: str) -> str:
    return image_address(trial, slot, "png")


def record(participant: Participant, trial: Trial) -> None:
    respond(participant, trial)


def trial_with(participant: Participant, condition: str) -> Trial:
    """The first trial of this condition, which is made the current one."""
    for trial in trials_in_turn(participant):
        if trial.condition == condition:
            return trial
        record(participant, trial)
    raise AssertionError(f"no trial with {condition}")


def test_the_strong_query_stands_on_the_side_that_was_drawn(client: Client, participant: Participant) -> None:
    for trial in trials_in_turn(participant):
        pair = trial.query_pair
        expected = {"left": pair.weak_image, "right": pair.weak_image} | {trial.strong_side: pair.strong_image}
        for side, image in expected.items():
            assert client.get(address(trial, side)).content == image.path.read_bytes()
        record(participant, trial)


def test_references_and_their_accentuations_stand_in_the_order_that_was_drawn(
    client: Client, participant: Participant
) -> None:
    trial = trial_with(participant, "accentuation")
    for place, position in enumerate(trial.reference_order, start=1):
        reference = trial.query_pair.references.get(position=position)
        assert client.get(address(trial, f"r{place}")).content == reference.image.path.read_bytes()
        assert client.get(address(trial, f"r{place}x")).content == reference.explanations.get().path.read_bytes()


def test_weak_references_stand_in_slots_of_their_own_and_as_they_are_in_every_condition(
    client: Client, db: None
) -> None:
    study = make_study(protocol_text(features=2, references=2, stimuli="weak_references = 3"))
    participant = participant_enrol(study=study, client_id=uuid.uuid4())
    instructions_read(participant=participant)
    participant.refresh_from_db()
    for condition in ("accentuation", "exemplars"):
        trial = trial_with(participant, condition)
        assert sorted(trial.weak_reference_order) == [1, 2, 3]
        for place, position in enumerate(trial.weak_reference_order, start=1):
            reference = trial.query_pair.references.get(role="weak", position=position)
            assert client.get(address(trial, f"w{place}")).content == reference.image.path.read_bytes()
            assert client.get(address(trial, f"w{place}x")).status_code == 404
        strong = trial.query_pair.references.get(role="strong", position=trial.reference_order[0])
        assert client.get(address(trial, "r1")).content == strong.image.path.read_bytes()
        assert client.get(address(trial, "r3")).status_code == client.get(address(trial, "w4")).status_code == 404
        record(participant, trial)


def test_a_trial_shows_the_references_of_the_batch_of_its_queries(client: Client, db: None) -> None:
    study = make_study(protocol_text(features=2, references=2, stimuli="batches = 2"))
    batches = set()
    for _ in range(4):
        participant = participant_enrol(study=study, client_id=uuid.uuid4())
        instructions_read(participant=participant)
        participant.refresh_from_db()
        while trial := current_trial(participant):
            references = Reference.objects.filter(
                study_feature=trial.query_pair.study_feature, batch=trial.query_pair.batch
            )
            shown = {client.get(address(trial, f"r{place}")).content for place in (1, 2)}
            assert shown == {reference.image.path.read_bytes() for reference in references}
            batches.add(trial.query_pair.batch)
            record(participant, trial)
    assert batches == {1, 2}


def test_a_picture_that_was_changed_is_not_sent_and_the_log_says_so(
    client: Client, participant: Participant, caplog: pytest.LogCaptureFixture
) -> None:
    trial = participant.trials.get(position=1)
    image = trial.query_pair.strong_image
    whole = image.path.read_bytes()
    image.path.write_bytes(trial.query_pair.weak_image.path.read_bytes())  # the files are shared with other tests
    try:
        assert client.get(address(trial, trial.strong_side)).status_code == 404
    finally:
        image.path.write_bytes(whole)
    assert f"The file of the image {image.sha256[:12]} was changed; bring it back" in caplog.text
    assert client.get(address(trial, trial.strong_side)).content == whole


def test_an_image_costs_at_most_three_queries_once_its_trial_was_asked_for(
    client: Client, participant: Participant, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    trial = trial_with(participant, "accentuation")
    for slot in ("left", "right", "r1", "r1x", "r4", "r4x"):
        client.get(address(trial, slot))
        with django_assert_max_num_queries(3):
            assert client.get(address(trial, slot)).status_code == 200


def test_a_trial_without_explanations_serves_none(client: Client, participant: Participant) -> None:
    trial = trial_with(participant, "exemplars")
    assert client.get(address(trial, "r1")).status_code == 200
    assert client.get(address(trial, "r1x")).status_code == 404


def test_the_headers_of_the_two_queries_differ_in_length_at_most(client: Client, participant: Participant) -> None:
    trial = participant.trials.get(position=1)
    left, right = ({**client.get(address(trial, side)).headers} for side in ("left", "right"))
    for headers in (left, right):
        headers.pop("Content-Length")
    assert left == right
    assert left["Content-Type"] == "image/png"
    assert left["Cache-Control"].startswith("private")
    assert not {"ETag", "Last-Modified", "Content-Disposition"} & set(left)


def served(client: Client, participant: Participant) -> list[int]:
    """The positions of the trials whose images are served."""
    trials = participant.trials.order_by("position")
    return [trial.position for trial in trials if client.get(address(trial, "left")).status_code == 200]


def test_images_are_served_of_what_is_answered_and_to_the_end_of_practice_and_then_to_the_end(
    client: Client, participant: Participant
) -> None:
    seen = []
    for trial in trials_in_turn(participant):
        seen.append(served(client, participant))
        record(participant, trial)
    assert seen == [[1, 2]] * 2 + [[1, 2, 3, 4, 5, 6]] * 4
    Participant.objects.filter(pk=participant.pk).update(ended_as="withdrawn", ended_at=timezone.now())
    assert served(client, participant) == []


def test_images_are_served_up_to_the_next_break(client: Client, db: None) -> None:
    study = make_study(protocol_text().replace("conditions =", "block_size = 3\nconditions ="))
    participant = participant_enrol(study=study, client_id=uuid.uuid4())
    instructions_read(participant=participant)
    participant.refresh_from_db()
    seen = []
    for trial in trials_in_turn(participant):
        seen.append(served(client, participant))
        break_take(participant=participant, number=1)  # does nothing before the break
        participant.refresh_from_db()
        record(participant, trial)
    # The sixth comes after the break, which is not taken yet.
    assert seen == [[1, 2]] * 2 + [[1, 2, 3, 4, 5]] * 4
    assert participant.breaks_taken == 1


def test_the_address_of_an_image_is_another_one_in_every_slot_trial_and_session(
    client: Client, participant: Participant
) -> None:
    other = participant_enrol(study=participant.study, client_id=uuid.uuid4())
    trials = [*participant.trials.all(), *other.trials.all()]
    slots = ("left", "right", "r1", "r1x", "r2")
    codes = {address(trial, slot).split("/")[-1] for trial in trials for slot in slots}
    assert len(codes) == len(trials) * len(slots)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{20}\.png", code) for code in codes)
    for guess in ("left", "strong", "A" * 20, "A" * 21):
        first = participant.trials.get(position=1)
        assert client.get(f"/p/{participant.token}/{first.public_id}/{guess}.png").status_code == 404


def test_nothing_is_served_before_the_instructions_are_read(client: Client, newcomer: Participant) -> None:
    assert client.get(address(newcomer.trials.get(position=1), "left")).status_code == 404


def test_a_trial_of_another_participant_is_not_served(client: Client, participant: Participant) -> None:
    other = participant_enrol(study=participant.study, client_id=uuid.uuid4())
    instructions_read(participant=other)
    trial = other.trials.get(position=1)
    code = address(trial, "left").split("/")[-1]
    assert client.get(address(trial, "left")).status_code == 200
    assert client.get(f"/p/{participant.token}/{trial.public_id}/{code}").status_code == 404


@pytest.mark.parametrize("slot", ["r5", "r5x", "r0", "strong", "r1xx", "r10", "w1", "w1x"])
def test_a_slot_that_is_not_on_the_screen_is_not_there(client: Client, participant: Participant, slot: str) -> None:
    assert client.get(address(participant.trials.get(position=1), slot)).status_code == 404
