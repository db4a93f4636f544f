"""The service that stores a consent and draws the trials."""

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from studyapp.models import Participant, Study, Trial
from studyapp.services.enrolment import participant_enrol
from studyapp.services.trials import store_main
from tests.studyapp.world import make_study, protocol_text


def test_it_stores_what_was_agreed_to_and_nothing_about_the_person(newcomer: Participant) -> None:
    assert newcomer.number == 1
    assert newcomer.consent_version == "2024-1"
    assert newcomer.consented_at is not None
    assert newcomer.instructions_read_at is None
    assert newcomer.completion_code == ""


def test_it_draws_practice_first_and_then_every_main_feature_once(newcomer: Participant, study: Study) -> None:
    assert [trial.phase for trial in newcomer.trials.all()] == ["practice"] * 2
    store_main(newcomer)
    trials = list(newcomer.trials.all())
    assert [trial.position for trial in trials] == [1, 2, 3, 4, 5, 6]
    assert [trial.phase for trial in trials] == ["practice"] * 2 + ["main"] * 4
    assert {trial.query_pair.study_feature.feature.name for trial in trials[2:]} == set(study.plan.stimuli.features)
    assert Counter(trial.condition for trial in trials[2:]) == {"exemplars": 2, "accentuation": 2}
    assert Counter(trial.strong_side for trial in trials[2:]) == {"left": 2, "right": 2}
    assert all(sorted(trial.reference_order) == [1, 2, 3, 4] for trial in trials)


def test_two_participants_see_each_main_feature_once_in_each_condition(study: Study) -> None:
    for _ in range(2):
        store_main(participant_enrol(study=study, client_id=uuid.uuid4()))
    met = Trial.objects.filter(phase="main").values_list("query_pair", "condition")
    assert len(met) == 8
    assert set(Counter(met).values()) == {1}


def test_it_draws_batch_difficulty_and_panels_and_stores_them_with_the_trial(db: None) -> None:
    wishes = 'batches = 2\nweak_references = 2\ndifficulties = ["easy", 80]'
    study = make_study(protocol_text(features=2, references=2, conditions=("exemplars",), stimuli=wishes))
    for _ in range(4):
        store_main(participant_enrol(study=study, client_id=uuid.uuid4()))
    trials = list(Trial.objects.select_related("query_pair__study_feature"))
    main = [trial.query_pair for trial in trials if trial.phase == "main"]
    # Four participants are a block of two batches at two difficulties.
    assert Counter((pair.study_feature.position, pair.batch, pair.difficulty) for pair in main) == {
        (feature, batch, difficulty): 1 for feature in (1, 2) for batch in (1, 2) for difficulty in ("easy", "80")
    }
    practice = [trial.query_pair for trial in trials if trial.phase == "practice"]
    assert {(pair.batch, pair.difficulty) for pair in practice} == {(1, "easy")}
    assert {trial.strong_panel_side for trial in trials} == {"left", "right"}
    assert {tuple(sorted(trial.weak_reference_order)) for trial in trials} == {(1, 2)}


def test_the_same_consent_form_sent_twice_enrols_once(study: Study) -> None:
    client_id = uuid.uuid4()
    first = participant_enrol(study=study, client_id=client_id)
    assert participant_enrol(study=study, client_id=client_id) == first
    assert study.participants.count() == 1


def test_tokens_and_codes_cannot_be_guessed_from_one_another(study: Study) -> None:
    people = [participant_enrol(study=study, client_id=uuid.uuid4()) for _ in range(5)]
    assert len({person.token for person in people}) == 5
    assert len({person.code for person in people}) == 5
    assert all(len(person.token) >= 32 and person.code not in person.token for person in people)


@pytest.mark.django_db(transaction=True)
def test_people_who_enrol_at_the_same_moment_get_numbers_without_gap_or_double() -> None:
    study = make_study(protocol_text())

    def enrol(_: int) -> None:
        try:
            participant_enrol(study=Study.objects.get(pk=study.pk), client_id=uuid.uuid4())
        finally:
            connection.close()

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(enrol, range(24)))
    for participant in study.participants.all():
        store_main(participant)
    assert sorted(study.participants.values_list("number", flat=True)) == list(range(1, 25))
    counts = Counter(Trial.objects.filter(phase="main").values_list("query_pair", "condition"))
    assert set(counts.values()) == {12}
