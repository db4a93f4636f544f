"""The pages and forms of the steps, by their addresses."""

import uuid
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from studyapp.models import Participant, RecruiterIdentity, Study
from studyapp.services.enrolment import participant_enrol
from studyapp.services.places import place_keep
from studyapp.services.progress import break_take, instructions_read
from studyapp.services.withdrawal import participant_withdraw
from tests.studyapp.whole_session import answer, fresh, to_last_questions, to_practice, to_the_end
from tests.studyapp.world import make_study, protocol_text


def page(client: Client, participant: Participant) -> str:
    response = client.get(f"/p/{participant.token}/")
    assert response.status_code == 200
    return response.content.decode()


ADDRESSES = ("questions-before/", "instructions/", "quiz/", "break/", "questions-after/", "debriefing/")


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_form_of_another_step_leads_to_the_session_and_stores_nothing(
    client: Client, person: Participant, address: str
) -> None:
    to_practice(person)
    before = page(client, person)
    sent = {
        "answer-age": "44",
        "answer-sight": "No",
        "question_1": "Red",
        "question_2": "Two",
        "attempt": "2",
        "break": "1",
    }
    response = client.post(f"/p/{person.token}/{address}", sent | {"answer-clarity": "1"})
    assert response["Location"] == f"/p/{person.token}/"
    assert person.questionnaires.get().answers["age"] == 30
    assert person.quiz_attempts.count() == 1
    assert fresh(person).breaks_taken == 0
    assert 'data-trial="' in before


@pytest.mark.parametrize("address", ["questions-before/", "questions-after/", "quiz/"])
def test_a_form_that_is_reloaded_as_a_page_leads_to_the_session(
    client: Client, person: Participant, address: str
) -> None:
    assert client.get(f"/p/{person.token}/{address}")["Location"] == f"/p/{person.token}/"


def test_what_is_wrong_stands_beside_the_field_and_nothing_that_was_typed_is_lost(
    client: Client, person: Participant
) -> None:
    response = client.post(f"/p/{person.token}/questions-before/", {"answer-age": "seven", "answer-sight": "Yes"})
    shown = response.content.decode()
    assert 'value="seven"' in shown
    assert 'value="Yes" checked' in shown
    assert 'aria-invalid="true"' in shown
    assert 'aria-describedby="id_answer-age_error"' in shown
    assert '<p class="problem" id="id_answer-age_error">Please enter a number from 18 to 120.</p>' in shown
    assert not person.questionnaires.exists()


def test_a_quiz_with_a_question_left_out_is_no_attempt(client: Client, person: Participant) -> None:
    client.post(f"/p/{person.token}/questions-before/", {"answer-age": "30"})
    client.post(f"/p/{person.token}/instructions/")
    shown = client.post(f"/p/{person.token}/quiz/", {"question_1": "Blue", "attempt": "1"}).content.decode()
    assert "One answer is missing" in shown
    assert not person.quiz_attempts.exists()


def test_a_wrong_attempt_leads_back_kindly_without_telling_which_answer_was_wrong(
    client: Client, person: Participant
) -> None:
    client.post(f"/p/{person.token}/questions-before/", {"answer-age": "30"})
    client.post(f"/p/{person.token}/instructions/")
    sent = {"question_1": "Red", "question_2": "Two", "attempt": "1"}
    response = client.post(f"/p/{person.token}/quiz/", sent, follow=True)
    shown = response.content.decode()
    assert "<h1>Instructions</h1>" in shown
    assert "You have one attempt left." in shown
    assert "Blue" not in shown
    assert "Red" not in shown


def test_the_instructions_show_a_real_trial_without_its_two_new_images(client: Client, person: Participant) -> None:
    client.post(f"/p/{person.token}/questions-before/", {"answer-age": "30"})
    shown = page(client, person)
    explained = person.trials.get(condition="accentuation", phase="practice")
    assert fresh(person).instructions_shown_at is not None
    for number in range(1, 5):
        assert f"/instructions/r{number}x.png" in shown
        assert client.get(f"/p/{person.token}/instructions/r{number}x.png").status_code == 200
    references = explained.query_pair.references
    first = references.get(role="strong", position=explained.reference_order[0])
    image = client.get(f"/p/{person.token}/instructions/r1.png").content
    assert image == first.image.path.read_bytes()
    for slot in ("left", "right", "r5", "w1"):
        assert client.get(f"/p/{person.token}/instructions/{slot}.png").status_code == 404


@pytest.mark.parametrize("on_withdrawal", ["keep", "delete"])
def test_the_instructions_images_are_not_there_after_a_withdrawal(client: Client, db: None, on_withdrawal: str) -> None:
    study = make_study(protocol_text().replace("[consent]", f'[consent]\non_withdrawal = "{on_withdrawal}"'))
    newcomer = participant_enrol(study=study, client_id=uuid.uuid4())
    address = f"/p/{newcomer.token}/instructions/r1.png"
    assert client.get(address).status_code == 200
    participant_withdraw(participant=newcomer)
    assert client.get(address).status_code == 404


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[Participant], object]) -> None:
    """Let something happen in another window between reading the step and showing its page."""

    def keep(*, participant: Participant) -> bool:
        happens(participant)
        return place_keep(participant=participant)

    monkeypatch.setattr("studyapp.views.session.place_keep", keep)


def test_a_page_whose_trial_was_answered_meanwhile_leads_to_the_next_one(
    client: Client, person: Participant, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_practice(person)
    for _ in range(4):
        answer(person)
    break_take(participant=fresh(person), number=1)
    answer(person)
    meanwhile(monkeypatch, answer)
    assert client.get(f"/p/{person.token}/")["Location"] == f"/p/{person.token}/"
    monkeypatch.undo()
    assert "Looking back" in page(client, person)


def test_a_break_that_is_over_meanwhile_leads_to_the_next_page(
    client: Client, person: Participant, monkeypatch: pytest.MonkeyPatch
) -> None:
    to_practice(person)
    for _ in range(4):
        answer(person)
    meanwhile(monkeypatch, answer)
    assert client.get(f"/p/{person.token}/")["Location"] == f"/p/{person.token}/"


@pytest.mark.parametrize("at", ["the instructions", "a trial"])
def test_a_withdrawal_meanwhile_leads_to_its_page_and_nothing_is_noted(
    client: Client, newcomer: Participant, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    if at == "a trial":
        instructions_read(participant=newcomer)
    meanwhile(monkeypatch, lambda participant: participant_withdraw(participant=participant))
    assert client.get(f"/p/{newcomer.token}/")["Location"] == f"/p/{newcomer.token}/"
    assert fresh(newcomer).instructions_shown_at is None
    monkeypatch.undo()
    assert "You have withdrawn" in page(client, newcomer)


def test_a_break_says_how_many_blocks_are_done_and_left(client: Client, person: Participant) -> None:
    to_practice(person)
    for _ in range(4):
        answer(person)
    shown = page(client, person)
    assert "You have finished 1 of 2 blocks." in shown
    assert "One block is left." in shown
    client.post(f"/p/{person.token}/break/", {"break": "1"})
    assert "data-trial" in page(client, person)


def test_the_last_page_links_to_the_recruiter_with_code_and_id_written_as_addresses_are(
    client: Client, person: Participant, whole: Study
) -> None:
    RecruiterIdentity.objects.create(study=whole, participant=person, external_id="a&b {code}/ü")
    to_last_questions(person)
    assert "recruiter.example" not in page(client, person)
    client.post(f"/p/{person.token}/questions-after/", {"answer-clarity": "7"})
    client.post(f"/p/{person.token}/debriefing/")
    code = fresh(person).completion_code
    link = f"https://recruiter.example/done?cc={code}&amp;who=a%26b%20%7Bcode%7D%2F%C3%BC"
    assert f'href="{link}"' in page(client, person)


@pytest.mark.parametrize(
    ("ended_as", "words", "link"),
    [
        ("quiz_failed", "Thank you for trying", True),
        ("practice_failed", "Thank you for practising", True),
        ("withdrawn", "You have withdrawn", False),
    ],
)
def test_each_end_has_its_kind_page_and_those_screened_out_a_link(
    client: Client, person: Participant, ended_as: str, words: str, link: bool
) -> None:
    to_the_end(person)
    code = fresh(person).completion_code
    Participant.objects.filter(pk=person.pk).update(ended_as=ended_as, ended_at=timezone.now())
    shown = page(client, person)
    assert words in shown
    assert ("https://recruiter.example/out?who=" in shown) == link
    assert code not in shown


def test_whose_place_was_given_away_is_told_so(client: Client, person: Participant) -> None:
    Participant.objects.filter(pk=person.pk).update(released_at=timezone.now())
    assert "Your place was given to somebody else" in page(client, person)


@pytest.mark.parametrize("attempt", ["", "x", "-1", "99999999999", "²"])
def test_a_number_that_is_none_is_no_attempt(client: Client, person: Participant, attempt: str) -> None:
    client.post(f"/p/{person.token}/questions-before/", {"answer-age": "30"})
    client.post(f"/p/{person.token}/instructions/")
    sent = {"question_1": "Red", "question_2": "Two", "attempt": attempt}
    assert client.post(f"/p/{person.token}/quiz/", sent).status_code == 302
    assert not person.quiz_attempts.exists()


def test_a_break_without_words_of_the_protocol_says_to_rest(client: Client, person: Participant) -> None:
    to_practice(person)
    for _ in range(4):
        answer(person)
    assert "Let your eyes rest" in page(client, person)
