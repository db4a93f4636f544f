"""Catch trials: where they stand, what they copy, and that nothing tells them apart."""

import re
import uuid
from collections import Counter

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.reading import parse_export
from studyapp.addresses import image_address
from studyapp.assignment import Design, main_trials_of, plan_main, plan_session
from studyapp.models import Participant, Trial
from studyapp.selectors import current_trial, slot_image
from studyapp.services.enrolment import participant_enrol
from studyapp.services.progress import instructions_read
from tests.studyapp.test_export_responses import answer_all, export_text
from tests.studyapp.turns import answer_practice, respond
from tests.studyapp.world import CATCH_FEATURES, make_study, protocol_file, protocol_text

CONDITIONS = ("none", "exemplars", "accentuation", "visualization")
seeds = st.integers(0, 2**63 - 1)
numbers = st.integers(1, 500)
designs = st.builds(
    Design,
    conditions=st.integers(1, 4).map(lambda count: CONDITIONS[:count]),
    references=st.integers(1, 9),
    weak_references=st.integers(0, 3),
    batches=st.integers(1, 3),
)


@settings(deadline=None)
@given(seeds, numbers, st.integers(1, 20), st.integers(1, 6), designs)
def test_catch_trials_change_nothing_about_the_main_trials_and_are_never_the_first(
    seed: int, number: int, features: int, catch_features: int, design: Design
) -> None:
    main = plan_main(seed=seed, number=number, features=features, design=design)
    session = plan_session(seed=seed, number=number, features=features, catch_features=catch_features, design=design)
    assert [trial for trial in session if not trial.is_catch] == main
    caught = [trial for trial in session if trial.is_catch]
    met = {trial.cell.condition for trial in main} - {"none"}
    if not met:
        assert caught == []
        return
    assert not session[0].is_catch
    assert sorted(trial.feature for trial in caught) == list(range(catch_features))
    counts = Counter(trial.cell.condition for trial in caught)
    assert set(counts) <= met
    assert max(counts.values()) - min(counts.get(condition, 0) for condition in met) <= 1
    assert {(trial.cell.batch, trial.cell.difficulty) for trial in caught} == {(1, "easy")}
    assert all(1 <= trial.copied_reference <= design.references for trial in caught)  # type: ignore[operator]
    again = plan_session(seed=seed, number=number, features=features, catch_features=catch_features, design=design)
    assert again == session


def test_they_stand_anywhere_but_first_and_on_either_side() -> None:
    design = Design(("exemplars",), references=4)
    places, sides, copied = Counter(), Counter(), Counter()
    for number in range(1, 401):
        session = plan_session(seed=3, number=number, features=4, catch_features=1, design=design)
        ((place, trial),) = [(place, trial) for place, trial in enumerate(session) if trial.is_catch]
        places[place] += 1
        sides[trial.strong_side] += 1
        copied[trial.copied_reference] += 1
    assert set(places) == {1, 2, 3, 4}
    assert set(copied) == {1, 2, 3, 4}
    # Binomial with n = 400: SD of a quarter 8.7, of a half 10.
    assert all(abs(count - 100) < 50 for counts in (places, copied) for count in counts.values())
    assert abs(sides["left"] - 200) < 50


@pytest.mark.parametrize(("conditions", "trials"), [(("none", "exemplars"), 6), (("exemplars",), 6)])
def test_a_session_is_longer_by_its_catch_trials(conditions: tuple[str, ...], trials: int) -> None:
    protocol = protocol_file(protocol_text(conditions=conditions, catch=True)).protocol
    assert {main_trials_of(protocol, seed=7, number=number) for number in range(1, 9)} == {trials}
    plain = protocol_file(protocol_text(conditions=conditions)).protocol
    assert main_trials_of(plain, seed=7, number=1) == 4


def enrolled(text: str) -> Participant:
    person = participant_enrol(study=make_study(text), client_id=uuid.uuid4())
    instructions_read(participant=person)
    person.refresh_from_db()
    answer_practice(person)
    return person


def caught_in(person: Participant) -> list[Trial]:
    return list(person.trials.filter(is_catch=True))


def test_what_is_stored_is_what_was_drawn(db: None) -> None:
    person = enrolled(protocol_text(catch=True))
    assert person.main_trials == 6 == person.trials.filter(phase="main").count()
    caught = caught_in(person)
    assert {trial.pair.study_feature.feature.name for trial in caught} == set(CATCH_FEATURES)
    assert {trial.pair.study_feature.phase for trial in caught} == {"catch"}
    assert person.trials.exclude(phase="main").filter(is_catch=True).count() == 0
    assert [trial.copied_reference is None for trial in caught] == [False, False]
    assert set(CATCH_FEATURES) <= set(person.study.frozen_set.features.values_list("name", flat=True))


@pytest.mark.parametrize("condition", ["exemplars", "accentuation", "visualization"])
@pytest.mark.parametrize("task", ["held_out", "transfer"])
def test_the_right_choice_is_a_copy_of_a_visible_reference(db: None, task: str, condition: str) -> None:
    person = enrolled(protocol_text(task=task, conditions=(condition,), references=2, catch=True))
    # The picture that stands there; where the question asks for an accentuation, that.
    explained = condition == "visualization" or (condition, task) == ("accentuation", "transfer")
    for trial in caught_in(person):
        reference = trial.pair.study_feature.references.get(position=trial.copied_reference)
        copy = reference.explanations.get(kind=condition) if explained else reference.image
        assert slot_image(trial, trial.strong_side) == copy
        slot = f"r{trial.reference_order.index(trial.copied_reference) + 1}{'x' if explained else ''}"
        assert slot_image(trial, slot) == copy
        other = slot_image(trial, "left" if trial.strong_side == "right" else "right")
        assert other == (trial.query_pair.weak_image if trial.query_pair else trial.continuation_pair.foil)


def test_in_continuation_it_is_a_copy_of_the_visible_weak_accentuation(db: None) -> None:
    conditions = ("none", "accentuation")
    person = enrolled(protocol_text(task="continuation", conditions=conditions, references=2, catch=True))
    caught = caught_in(person)
    assert len(caught) == 2
    for trial in caught:
        assert trial.condition == "accentuation"
        assert trial.copied_reference is None
        assert slot_image(trial, trial.strong_side) == trial.continuation_pair.weak == slot_image(trial, "r1x")


@pytest.mark.parametrize("task", ["held_out", "continuation", "transfer"])
def test_nothing_in_page_or_addresses_tells_a_catch_trial_apart(client: Client, db: None, task: str) -> None:
    person = enrolled(protocol_text(task=task, conditions=("accentuation",), references=2, catch=True))
    pages = {True: set(), False: set()}
    headers = {True: set(), False: set()}
    while trial := current_trial(person):
        if trial.phase == "main":
            page = client.get(f"/p/{person.token}/").content.decode()
            # What is each trial's own, and how far the session is.
            page = re.sub(rf'data-csrf="\w+"|{trial.public_id}|/[\w-]{{20}}\.png', "", page)
            page = re.sub(r"(About|Less than) [\w ]+ left", "", page)
            page = re.sub(r'Trial \d of 6|(value|data-done|data-trials-left)="\d+"', "", page)
            pages[trial.is_catch].add(re.sub(r'\d+ percent of the session|data-answered="[^"]*"', "", page))
            for slot in ("left", "right"):
                answer = client.get(image_address(trial, slot, "png"))
                assert answer.status_code == 200
                headers[trial.is_catch].add(tuple(sorted({**answer.headers, "Content-Length": ""}.items())))
        respond(person, trial)
    assert len(pages[True]) == 1
    assert pages[True] == pages[False]
    assert len(headers[True]) == 1
    assert headers[True] == headers[False]


@pytest.mark.parametrize("task", ["held_out", "continuation", "transfer"])
def test_the_export_marks_them_and_is_read_by_the_analysis(db: None, task: str) -> None:
    person = enrolled(protocol_text(task=task, conditions=("accentuation",), references=2, catch=True))
    answer_all(person)
    export = parse_export(export_text(person.study))
    caught = export[export["catch"]]
    assert sorted(caught["feature"]) == sorted(CATCH_FEATURES)
    assert set(export["main_trials"]) == {6}
    for row in caught.itertuples():
        trial = person.trials.get(position=row.trial)
        assert row.strong_image == slot_image(trial, trial.strong_side).sha256
    assert export["foil_feature"].isna().all() == (task == "held_out")
    assert export["difficulty"].isna().all() == (task != "held_out")
    assert set(export["references"]) == ({0} if task == "continuation" else {2})
