"""``/p/<token>/``: the personal link always shows the current step."""

import uuid

import pytest
from django.test import Client

from studyapp.addresses import image_address
from studyapp.models import Participant, Trial
from studyapp.services.enrolment import participant_enrol
from studyapp.services.progress import instructions_read
from tests.studyapp.turns import respond, trials_in_turn
from tests.studyapp.whole_session import fresh
from tests.studyapp.world import make_study, protocol_text


def page(client: Client, participant: Participant) -> str:
    response = client.get(f"/p/{participant.token}/")
    assert response.status_code == 200
    return response.content.decode()


def answer(participant: Participant, trial: Trial) -> None:
    respond(participant, trial, rt_ms=900.0)


def test_it_shows_the_instructions_until_they_are_read(client: Client, newcomer: Participant) -> None:
    assert "<p>Find what the patterns have in common.</p>" in page(client, newcomer)
    response = client.post(f"/p/{newcomer.token}/instructions/")
    assert response["Location"] == f"/p/{newcomer.token}/"
    assert "Practice 1 of 2" in page(client, newcomer)


def test_the_time_of_reading_is_that_of_the_first_click(client: Client, newcomer: Participant) -> None:
    times = []
    for _ in range(2):
        client.post(f"/p/{newcomer.token}/instructions/")
        newcomer.refresh_from_db()
        times.append(newcomer.instructions_read_at)
    assert times[0] is not None
    assert times[0] == times[1]


def test_it_shows_the_first_trial_without_an_answer_however_often_it_is_loaded(
    client: Client, participant: Participant
) -> None:
    labels = ["Practice 1 of 2", "Practice 2 of 2", "Trial 1 of 4", "Trial 2 of 4", "Trial 3 of 4", "Trial 4 of 4"]
    for trial, label in zip(trials_in_turn(participant), labels, strict=True):
        for _ in range(2):
            shown = page(client, participant)
            assert label in shown
            assert f'data-trial="{trial.public_id}"' in shown
        answer(participant, trial)
    participant.refresh_from_db()
    assert participant.completion_code in page(client, participant)


def test_a_trial_shows_explanations_in_the_condition_that_has_them_and_only_there(
    client: Client, participant: Participant
) -> None:
    for trial in trials_in_turn(participant):
        shown = page(client, participant)
        explained = trial.condition == "accentuation"
        has_images = [image_address(trial, f"r{number}", "png") in shown for number in range(1, 6)]
        has_explanations = [image_address(trial, f"r{number}x", "png") in shown for number in range(1, 6)]
        assert has_images == [True] * 4 + [False]
        assert has_explanations == [explained] * 4 + [False]
        assert ('id="flip"' in shown) == explained
        answer(participant, trial)


def test_the_completion_code_is_on_no_page_before_the_end(client: Client, participant: Participant) -> None:
    for trial in trials_in_turn(participant):
        assert "completion-code" not in page(client, participant)
        answer(participant, trial)
    assert 'id="completion-code"' in page(client, participant)


@pytest.mark.parametrize(
    ("completion_url", "is_handed_in"),
    [
        (None, True),
        ("https://panel.example/done?code={code}", True),
        ("https://panel.example/done?cc=C1ABCDEF", False),
        ("https://school.example/credit?survey_code={participant}", False),
    ],
)
def test_the_code_is_to_be_copied_only_where_it_is_the_one_that_is_handed_in(
    client: Client, db: None, completion_url: str | None, is_handed_in: bool
) -> None:
    tables = f'[recruitment]\ncompletion_url = "{completion_url}"\n' if completion_url else ""
    person = participant_enrol(study=make_study(protocol_text(tables=tables)), client_id=uuid.uuid4())
    instructions_read(participant=person)
    for trial in trials_in_turn(fresh(person)):
        answer(fresh(person), trial)
    shown = page(client, person)
    assert fresh(person).completion_code in shown
    assert ("<dt>Completion code</dt>" in shown) == is_handed_in
    assert ("copy the completion code by hand" in shown) == (is_handed_in and completion_url is not None)
    assert ("need not hand it in" in shown) == (not is_handed_in)
    leaving = client.get(f"/p/{person.token}/withdraw/").content.decode()
    assert ("write it down first" in leaving) == (fresh(person).completion_code in leaving) == is_handed_in


def test_no_page_of_a_session_is_kept_by_a_cache(client: Client, participant: Participant) -> None:
    assert "no-store" in client.get(f"/p/{participant.token}/")["Cache-Control"]


@pytest.mark.parametrize("token", ["x" * 32, "short", "x" * 65, "%00" * 20, "../" * 10])
def test_a_wrong_token_gets_a_kind_page(client: Client, participant: Participant, token: str) -> None:
    response = client.get(f"/p/{token}/")
    assert response.status_code == 404
    assert "This page does not exist" in response.content.decode()
