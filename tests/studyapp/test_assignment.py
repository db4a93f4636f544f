"""The draw of the trials: balanced by construction, the same from the same seed."""

import hashlib
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studyapp.assignment import (
    Design,
    PlannedTrial,
    design_of,
    main_trials_of,
    plan_main,
    plan_practice,
    plan_session,
)
from tests.studyapp.world import protocol_file, protocol_text

CONDITIONS = ("none", "exemplars", "accentuation", "suppression")
seeds = st.integers(0, 2**63 - 1)
numbers = st.integers(1, 500)
feature_counts = st.integers(1, 30)
condition_lists = st.integers(1, 4).map(lambda count: CONDITIONS[:count])
designs = st.builds(
    Design,
    conditions=condition_lists,
    references=st.integers(1, 9),
    weak_references=st.integers(0, 9),
    batches=st.integers(1, 5),
    difficulties=st.integers(1, 4).map(lambda count: ("easy", "99", "95", "85")[:count]),
)


def spread(counts: list[int]) -> int:
    return max(counts) - min(counts)


def main(seed: int, number: int, features: int, conditions: tuple[str, ...]) -> list[PlannedTrial]:
    return plan_main(seed=seed, number=number, features=features, design=Design(conditions, references=4))


@given(seeds, numbers, feature_counts, condition_lists)
def test_it_asks_about_every_feature_once(seed: int, number: int, features: int, conditions: tuple[str, ...]) -> None:
    trials = main(seed, number, features, conditions)
    assert sorted(trial.feature for trial in trials) == list(range(features))


@given(seeds, numbers, feature_counts, condition_lists)
def test_it_gives_a_participant_every_condition_equally_often(
    seed: int, number: int, features: int, conditions: tuple[str, ...]
) -> None:
    counts = Counter(trial.cell.condition for trial in main(seed, number, features, conditions))
    assert spread([counts[condition] for condition in conditions]) <= 1


@given(seeds, st.integers(0, 100), feature_counts, condition_lists)
def test_it_gives_a_feature_every_condition_once_per_block_of_participants(
    seed: int, block: int, features: int, conditions: tuple[str, ...]
) -> None:
    first = block * len(conditions) + 1
    met = Counter(
        (trial.feature, trial.cell.condition)
        for number in range(first, first + len(conditions))
        for trial in main(seed, number, features, conditions)
    )
    assert met == {(feature, condition): 1 for feature in range(features) for condition in conditions}


@given(seeds, numbers, feature_counts, condition_lists)
def test_it_balances_the_strong_side_over_the_session_and_within_each_condition(
    seed: int, number: int, features: int, conditions: tuple[str, ...]
) -> None:
    trials = main(seed, number, features, conditions)
    for group in (conditions, *((condition,) for condition in conditions)):
        sides = Counter(trial.strong_side for trial in trials if trial.cell.condition in group)
        assert abs(sides["left"] - sides["right"]) <= 1


@given(seeds, numbers, st.integers(1, 9))
def test_it_shows_every_reference_once(seed: int, number: int, references: int) -> None:
    trials = plan_main(seed=seed, number=number, features=5, design=Design(CONDITIONS[:2], references))
    for trial in trials:
        assert sorted(trial.reference_order) == list(range(1, references + 1))


@given(seeds, numbers, condition_lists)
def test_it_draws_the_same_trials_again_from_the_same_seed_and_number(
    seed: int, number: int, conditions: tuple[str, ...]
) -> None:
    assert main(seed, number, 12, conditions) == main(seed, number, 12, conditions)


@given(seeds, st.integers(0, 20), st.integers(1, 12), designs)
def test_a_feature_meets_every_condition_batch_and_difficulty_together_once_per_block_of_participants(
    seed: int, block: int, features: int, design: Design
) -> None:
    size = len(design.conditions) * design.batches * len(design.difficulties)
    met = Counter(
        (trial.feature, trial.cell.condition, trial.cell.batch, trial.cell.difficulty)
        for number in range(block * size + 1, (block + 1) * size + 1)
        for trial in plan_main(seed=seed, number=number, features=features, design=design)
    )
    assert met == {
        (feature, condition, batch, difficulty): 1
        for feature in range(features)
        for condition in design.conditions
        for batch in range(1, design.batches + 1)
        for difficulty in design.difficulties
    }


@given(seeds, numbers, feature_counts, designs)
def test_a_participant_meets_conditions_equally_often_and_batches_and_difficulties_nearly_so(
    seed: int, number: int, features: int, design: Design
) -> None:
    trials = plan_main(seed=seed, number=number, features=features, design=design)
    assert sorted(trial.feature for trial in trials) == list(range(features))
    conditions = Counter(trial.cell.condition for trial in trials)
    assert spread([conditions[condition] for condition in design.conditions]) <= 1
    batches = Counter(trial.cell.batch for trial in trials)
    assert spread([batches[batch] for batch in range(1, design.batches + 1)]) <= 2
    difficulties = Counter(trial.cell.difficulty for trial in trials)
    assert spread([difficulties[difficulty] for difficulty in design.difficulties]) <= 2


def test_batches_are_tied_neither_to_participants_nor_to_features() -> None:
    design = Design(CONDITIONS[:2], 4, batches=2)
    of_feature = [
        {trial.feature: trial.cell.batch for trial in plan_main(seed=5, number=number, features=8, design=design)}
        for number in range(1, 401)
    ]
    assert all(len(set(batches.values())) == 2 for batches in of_feature)
    together = sum(batches[0] == batches[2] for batches in of_feature)
    # By chance 3 of the 7 other features share a feature's batch: 171 of 400. Drawn by block of 4, so SD 20.
    assert abs(together - 400 * 3 / 7) < 5 * 20


@given(seeds, numbers, feature_counts, designs)
def test_the_side_of_the_strong_references_is_balanced_within_each_condition_and_apart_from_the_queries(
    seed: int, number: int, features: int, design: Design
) -> None:
    trials = plan_main(seed=seed, number=number, features=features, design=design)
    if not design.weak_references:
        assert all(trial.strong_panel_side is None and trial.weak_reference_order == () for trial in trials)
        return
    for group in (design.conditions, *((condition,) for condition in design.conditions)):
        sides = Counter(trial.strong_panel_side for trial in trials if trial.cell.condition in group)
        assert abs(sides["left"] - sides["right"]) <= 1
    for trial in trials:
        assert sorted(trial.weak_reference_order) == list(range(1, design.weak_references + 1))


def test_the_strong_panel_tells_nothing_of_the_strong_query() -> None:
    design = Design(CONDITIONS[:2], 4, weak_references=4)
    same = 0
    for number in range(1, 401):
        trials = plan_main(seed=11, number=number, features=7, design=design)
        trial = next(trial for trial in trials if trial.feature == 3)
        same += trial.strong_panel_side == trial.strong_side
    # Binomial with n = 400: SD 10.
    assert abs(same - 200) < 50


@given(seeds, numbers, designs)
def test_a_second_panel_changes_nothing_else(seed: int, number: int, design: Design) -> None:
    def rest(weak_references: int) -> list[object]:
        one = Design(design.conditions, design.references, weak_references, design.batches, design.difficulties)
        trials = plan_main(seed=seed, number=number, features=9, design=one)
        return [(trial.feature, trial.cell, trial.strong_side, trial.reference_order) for trial in trials]

    assert rest(0) == rest(5)


@given(seeds, numbers, designs)
def test_practice_is_on_the_one_easy_pair_of_each_feature(seed: int, number: int, design: Design) -> None:
    trials = plan_practice(seed=seed, number=number, features=3, design=design)
    assert {(trial.cell.batch, trial.cell.difficulty) for trial in trials} == {(1, "easy")}


@pytest.mark.parametrize(("number", "digest"), [(1, "c3155ee476be1aff"), (2, "2eae10c9f6aec607")])
def test_a_study_without_batches_and_difficulties_is_drawn_as_before_there_were_any(number: int, digest: str) -> None:
    drawn = [
        (trial.feature, trial.cell.condition, trial.strong_side, trial.reference_order)
        for trial in main(7, number, 12, CONDITIONS[:3])
    ]
    assert hashlib.sha256(repr(drawn).encode()).hexdigest()[:16] == digest


@pytest.mark.parametrize(
    ("number", "digest"),
    [
        (1, "4493db7c7bb273cf"),
        (2, "0f3b8fd33b98a678"),
        (7, "cfcc0e110e3a7d77"),
        (40, "9a4e0e86966ddb94"),
        (41, "d1a05fbc9f8b4159"),
        (123, "840c548c9035f20e"),
    ],
)
def test_a_study_within_participants_is_drawn_as_before_there_was_another_design(number: int, digest: str) -> None:
    design = Design(CONDITIONS, 4, weak_references=3, batches=5, difficulties=("easy", "95"))
    trials = plan_main(seed=7, number=number, features=12, design=design)
    assert hashlib.sha256(repr([everything_of(trial) for trial in trials]).encode()).hexdigest()[:16] == digest


def everything_of(trial: PlannedTrial) -> tuple[object, ...]:
    shown = (trial.strong_side, trial.reference_order, trial.weak_reference_order, trial.strong_panel_side)
    return (trial.feature, trial.cell.condition, trial.cell.batch, trial.cell.difficulty, *shown)


between_designs = designs.map(lambda design: replace(design, between=True))


@given(seeds, numbers, feature_counts, between_designs)
def test_between_participants_each_meets_one_condition_in_practice_too(
    seed: int, number: int, features: int, design: Design
) -> None:
    main = plan_main(seed=seed, number=number, features=features, design=design)
    practice = plan_practice(seed=seed, number=number, features=3, design=design)
    assert sorted(trial.feature for trial in main) == list(range(features))
    assert len({trial.cell.condition for trial in main + practice}) == 1


@given(seeds, st.integers(0, 200), between_designs)
def test_between_participants_as_many_in_a_row_as_there_are_conditions_meet_one_each(
    seed: int, turn: int, design: Design
) -> None:
    first = turn * len(design.conditions) + 1
    met = [
        plan_main(seed=seed, number=number, features=1, design=design)[0].cell.condition
        for number in range(first, first + len(design.conditions))
    ]
    assert sorted(met) == sorted(design.conditions)


@given(seeds, st.integers(0, 20), st.integers(1, 12), between_designs)
def test_between_participants_a_feature_meets_every_cell_once_per_block_and_never_twice_within_one(
    seed: int, block: int, features: int, design: Design
) -> None:
    size = len(design.conditions) * design.batches * len(design.difficulties)
    met = Counter(
        (trial.feature, trial.cell.condition, trial.cell.batch, trial.cell.difficulty)
        for number in range(block * size + 1, (block + 1) * size + 1)
        for trial in plan_main(seed=seed, number=number, features=features, design=design)
    )
    assert len(met) == features * size
    assert set(met.values()) == {1}


@given(seeds, numbers, feature_counts, between_designs)
def test_between_participants_sides_batches_and_difficulties_are_balanced_within_each(
    seed: int, number: int, features: int, design: Design
) -> None:
    trials = plan_main(seed=seed, number=number, features=features, design=design)
    sides = Counter(trial.strong_side for trial in trials)
    assert abs(sides["left"] - sides["right"]) <= 1
    batches = Counter(trial.cell.batch for trial in trials)
    assert spread([batches[batch] for batch in range(1, design.batches + 1)]) <= 2
    difficulties = Counter(trial.cell.difficulty for trial in trials)
    assert spread([difficulties[difficulty] for difficulty in design.difficulties]) <= 2


def test_between_participants_the_order_of_conditions_is_not_the_protocols() -> None:
    design = Design(CONDITIONS, 4, between=True)
    firsts = Counter(
        plan_main(seed=3, number=number, features=1, design=design)[0].cell.condition for number in range(1, 1601, 4)
    )
    # Binomial with n = 400 and p = 1/4: SD 8.7.
    assert all(abs(firsts[condition] - 100) < 5 * 8.7 for condition in CONDITIONS)


@pytest.mark.parametrize("design", ["within", "between"])
def test_a_participant_has_as_many_main_trials_as_there_are_features(design: str) -> None:
    protocol = protocol_file(protocol_text(features=5).replace("[trials]", f'[trials]\ndesign = "{design}"')).protocol
    assert [main_trials_of(protocol, seed=7, number=number) for number in (1, 2, 3)] == [5, 5, 5]


def test_it_draws_other_orders_sides_and_reference_orders_for_other_participants_and_seeds() -> None:
    sessions = [main(seed, number, 12, CONDITIONS[:2]) for seed in (1, 2) for number in (1, 2, 3)]
    assert len({tuple(trial.feature for trial in trials) for trials in sessions}) == 6
    assert len({tuple(trial.strong_side for trial in trials) for trials in sessions}) == 6
    assert len({trial.reference_order for trials in sessions for trial in trials}) > 12


def test_it_does_not_tie_two_features_to_the_same_condition_for_all_participants() -> None:
    together = 0
    for number in range(1, 401):
        of_feature = {trial.feature: trial.cell.condition for trial in main(5, number, 8, CONDITIONS[:2])}
        together += of_feature[0] == of_feature[2]
    # By chance 3 of the 7 other features share a feature's condition: 171 of 400. Drawn by block of 2, so SD 14.
    assert abs(together - 400 * 3 / 7) < 5 * 14


def test_it_puts_the_strong_query_of_a_feature_on_either_side_about_equally_often() -> None:
    left = 0
    for number in range(1, 401):
        left += next(trial for trial in main(11, number, 7, CONDITIONS[:2]) if trial.feature == 3).strong_side == "left"
    # Binomial with n = 400: SD 10.
    assert abs(left - 200) < 50


@given(seeds, numbers)
def test_it_lets_conditions_take_turns_in_practice_in_the_protocols_order(seed: int, number: int) -> None:
    trials = plan_practice(seed=seed, number=number, features=4, design=Design(CONDITIONS[:2], 4))
    assert [trial.feature for trial in trials] == [0, 1, 2, 3]
    conditions = [trial.cell.condition for trial in trials]
    assert conditions[0] != conditions[1]
    assert conditions[:2] == conditions[2:]


def drawn_sides(draws: list[list[PlannedTrial]]) -> Counter[str]:
    """How often the strong sides of a participant were these, in the order of the features."""
    return Counter(
        "".join(trial.strong_side[0] for trial in sorted(trials, key=lambda one: one.feature)) for trials in draws
    )


def assert_equally_often(counts: Counter[str], outcomes: int) -> None:
    assert len(counts) == outcomes
    draws, share = sum(counts.values()), 1 / outcomes
    sd = (draws * share * (1 - share)) ** 0.5
    assert all(abs(count - draws * share) < 5 * sd for count in counts.values())


def test_where_feedback_is_given_no_side_follows_from_the_others() -> None:
    told = Design(CONDITIONS[:2], 2, feedback=True)
    main = [plan_main(seed=7, number=number, features=3, design=told) for number in range(1, 801)]
    assert_equally_often(drawn_sides(main), 8)
    practice = [plan_practice(seed=7, number=number, features=2, design=told) for number in range(1, 801)]
    assert_equally_often(drawn_sides(practice), 4)
    caught = [
        [
            trial
            for trial in plan_session(seed=7, number=number, features=2, catch_features=2, design=told)
            if trial.is_catch
        ]
        for number in range(1, 801)
    ]
    assert_equally_often(drawn_sides(caught), 4)


def test_a_further_round_of_practice_tells_nothing_of_its_sides_by_the_round_before() -> None:
    same: Counter[str] = Counter()
    for number in range(1, 801):
        before, after = (
            plan_practice(seed=7, number=number, features=1, design=Design(CONDITIONS[:2], 2), practice_round=later)
            for later in (1, 2)
        )
        same["same" if before[0].strong_side == after[0].strong_side else "other"] += 1
    assert_equally_often(same, 2)


@given(seeds, numbers, feature_counts, designs)
def test_feedback_changes_neither_features_nor_cells(seed: int, number: int, features: int, design: Design) -> None:
    asked = [
        [
            (trial.feature, trial.cell)
            for trial in plan_main(seed=seed, number=number, features=features, design=replace(design, feedback=told))
        ]
        for told in (False, True)
    ]
    assert asked[0] == asked[1]


def test_feedback_is_read_from_the_protocol() -> None:
    text = protocol_text()
    told = text.replace("[trials]", "[trials]\nfeedback = true")
    assert [design_of(protocol_file(one).protocol).feedback for one in (text, told)] == [False, True]


@given(
    seed=st.integers(0, 2**63 - 1),
    number=st.integers(1, 500),
    features=st.integers(1, 6),
    later=st.integers(2, 5),
)
def test_a_further_round_has_the_same_pairs_in_the_same_conditions_and_another_order(
    seed: int, number: int, features: int, later: int
) -> None:
    design = Design(("exemplars", "accentuation"), 3, weak_references=2)
    before, after = (
        plan_practice(seed=seed, number=number, features=features, design=design, practice_round=practice_round)
        for practice_round in (later - 1, later)
    )
    met = {trial.feature: trial for trial in before}
    assert sorted(trial.feature for trial in after) == sorted(met)
    assert features == 1 or [trial.feature for trial in after] != [trial.feature for trial in before]
    for trial in after:
        assert trial.cell == met[trial.feature].cell
        assert sorted(trial.reference_order) == [1, 2, 3]
        assert sorted(trial.weak_reference_order) == [1, 2]
