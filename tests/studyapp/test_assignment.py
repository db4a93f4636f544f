"""The draw of the trials: balanced by construction, the same from the same seed."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from studyapp.assignment import PlannedTrial, plan_main, plan_practice

CONDITIONS = ("none", "exemplars", "accentuation", "suppression")
seeds = st.integers(0, 2**63 - 1)
numbers = st.integers(1, 500)
feature_counts = st.integers(1, 30)
condition_lists = st.integers(1, 4).map(lambda count: CONDITIONS[:count])


def spread(counts: list[int]) -> int:
    return max(counts) - min(counts)


def main(seed: int, number: int, features: int, conditions: tuple[str, ...]) -> list[PlannedTrial]:
    return plan_main(seed=seed, number=number, features=features, conditions=conditions, references=4)


@given(seeds, numbers, feature_counts, condition_lists)
def test_it_asks_about_every_feature_once(seed: int, number: int, features: int, conditions: tuple[str, ...]) -> None:
    trials = main(seed, number, features, conditions)
    assert sorted(trial.feature for trial in trials) == list(range(features))


@given(seeds, numbers, feature_counts, condition_lists)
def test_it_gives_a_participant_every_condition_equally_often(
    seed: int, number: int, features: int, conditions: tuple[str, ...]
) -> None:
    counts = Counter(trial.condition for trial in main(seed, number, features, conditions))
    assert spread([counts[condition] for condition in conditions]) <= 1


@given(seeds, st.integers(0, 100), feature_counts, condition_lists)
def test_it_gives_a_feature_every_condition_once_per_block_of_participants(
    seed: int, block: int, features: int, conditions: tuple[str, ...]
) -> None:
    first = block * len(conditions) + 1
    met = Counter(
        (trial.feature, trial.condition)
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
        sides = Counter(trial.strong_side for trial in trials if trial.condition in group)
        assert abs(sides["left"] - sides["right"]) <= 1


@given(seeds, numbers, st.integers(1, 9))
def test_it_shows_every_reference_once(seed: int, number: int, references: int) -> None:
    trials = plan_main(seed=seed, number=number, features=5, conditions=CONDITIONS[:2], references=references)
    for trial in trials:
        assert sorted(trial.reference_order) == list(range(1, references + 1))


@given(seeds, numbers, condition_lists)
def test_it_draws_the_same_trials_again_from_the_same_seed_and_number(
    seed: int, number: int, conditions: tuple[str, ...]
) -> None:
    assert main(seed, number, 12, conditions) == main(seed, number, 12, conditions)


def test_it_draws_other_orders_sides_and_reference_orders_for_other_participants_and_seeds() -> None:
    sessions = [main(seed, number, 12, CONDITIONS[:2]) for seed in (1, 2) for number in (1, 2, 3)]
    assert len({tuple(trial.feature for trial in trials) for trials in sessions}) == 6
    assert len({tuple(trial.strong_side for trial in trials) for trials in sessions}) == 6
    assert len({trial.reference_order for trials in sessions for trial in trials}) > 12


def test_it_does_not_tie_two_features_to_the_same_condition_for_all_participants() -> None:
    together = 0
    for number in range(1, 401):
        of_feature = {trial.feature: trial.condition for trial in main(5, number, 8, CONDITIONS[:2])}
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
    trials = plan_practice(seed=seed, number=number, features=4, conditions=CONDITIONS[:2], references=4)
    assert [trial.feature for trial in trials] == [0, 1, 2, 3]
    conditions = [trial.condition for trial in trials]
    assert conditions[0] != conditions[1]
    assert conditions[:2] == conditions[2:]
    assert Counter(trial.strong_side for trial in trials) == {"left": 2, "right": 2}
