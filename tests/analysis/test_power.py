"""Power: against a count written out here, rising with participants, and of the size of the test where nothing is."""

import numpy as np
import pytest
from scipy import stats

from analysis.power import Power, power_by_participants, smallest_enough
from analysis.simulation import Assumptions, SimulationError, assignment, log_odds_of

ACCURACY = {"accentuation": 0.78, "exemplars": 0.66}


def powers_of(protocol, accuracy=ACCURACY, *, participants=(16,), simulations=60, **assumed):
    found = power_by_participants(
        protocol, Assumptions(accuracy, **assumed), participants=participants, simulations=simulations, seed=1
    )
    return list(found)


def test_power_agrees_with_brute_force(protocol_file, plan):
    protocol = protocol_file('[analysis]\nmain_test = "t"\n' + plan.partition("\n\n")[0]).protocol
    ((power,),) = powers_of(protocol, simulations=300, participant_sd=0.6, feature_sd=0.4, image_sd=0.3, lapse=0.04)
    # Written out: effects drawn, answers drawn, participants' means, a paired t-test.
    rng = np.random.default_rng(5)
    trials = assignment(protocol, 16)
    person = trials["participant"].to_numpy() - 1
    feature = trials["feature"].to_numpy()
    helped = (trials["condition"] == "accentuation").to_numpy()
    sd = (0.6**2 + 0.4**2 + 0.3**2) ** 0.5
    low, high = (log_odds_of(ACCURACY[name], sd=sd, lapse=0.04) for name in ("exemplars", "accentuation"))
    found = 0
    for _ in range(1000):
        logit = np.where(helped, high, low)
        logit = logit + rng.normal(0, 0.6, 16)[person] + rng.normal(0, 0.5, 16)[feature]
        chance = 0.02 + 0.96 / (1 + np.exp(-logit))
        correct = rng.random(len(chance)) < chance
        helped_mean, other_mean = (np.bincount(person, correct & told, 16) / 8 for told in (helped, ~helped))
        test = stats.ttest_rel(helped_mean, other_mean)
        found += test.pvalue <= 0.05 and test.statistic > 0
    # Four standard errors of 300 and 1,000 simulations.
    assert power.power == pytest.approx(found / 1000, abs=4 * (0.25 / 300 + 0.25 / 1000) ** 0.5)
    assert power.error == pytest.approx((power.power * (1 - power.power) / 300) ** 0.5)


def test_power_between_participants_agrees_with_brute_force_and_is_less_than_within(between_file, protocol_file, plan):
    test = '[analysis]\nmain_test = "t"\n' + plan.partition("\n\n")[0]
    assumed = {
        "participants": (12,),
        "simulations": 100,
        "participant_sd": 0.8,
        "feature_sd": 0.4,
        "image_sd": 0.3,
        "lapse": 0.04,
    }
    ((power,),) = powers_of(between_file(test).protocol, **assumed)
    ((within,),) = powers_of(protocol_file(test).protocol, **assumed)
    # Written out: six people in each condition answer all 16 features; their means are compared by a t-test.
    rng = np.random.default_rng(5)
    sd = (0.8**2 + 0.4**2 + 0.3**2) ** 0.5
    low, high = (log_odds_of(ACCURACY[name], sd=sd, lapse=0.04) for name in ("exemplars", "accentuation"))
    found = 0
    for _ in range(1000):
        logit = np.repeat([high, low], 6)[:, None] + rng.normal(0, 0.8, (12, 1)) + rng.normal(0, 0.5, (1, 16))
        means = (rng.random((12, 16)) < 0.02 + 0.96 / (1 + np.exp(-logit))).mean(axis=1)
        result = stats.ttest_ind(means[:6], means[6:])
        found += result.pvalue <= 0.05 and result.statistic > 0
    # Four standard errors of 100 and 1,000 simulations.
    assert power.power == pytest.approx(found / 1000, abs=4 * (0.25 / 100 + 0.25 / 1000) ** 0.5)
    assert power.power < within.power


def test_more_participants_have_more_power(protocol_file, plan):
    few, many = powers_of(protocol_file(plan).protocol, participants=(6, 40), simulations=15)
    assert [power.participants for power in (*few, *many)] == [6, 6, 40, 40]
    assert few[0].power < many[0].power
    assert many[1].hypothesis == "Above chance"


def test_without_an_effect_power_is_the_size_of_the_test(protocol_file, plan):
    ((more, _),) = powers_of(protocol_file(plan).protocol, {"accentuation": 0.7, "exemplars": 0.7}, simulations=40)
    assert more.power <= 5 / 40  # 0.025 by direction; more than 5 of 40 in 0.1 % of cases


def test_power_is_that_of_the_planned_random_effects(protocol_file, plan):
    # What a condition does varies so much over features that a model without it takes chance for an effect.
    assumed = {"simulations": 25, "participants": (20,), "effect_feature_sd": 2.5}
    equal = {"accentuation": 0.7, "exemplars": 0.7}
    found = {}
    for effects in ("slopes", "intercepts"):
        text = f'[analysis]\nrandom_effects = "{effects}"\n{plan}'.replace(
            'exemplars"\n\n', 'exemplars"\nclaim = "different"\n\n', 1
        )
        ((power, _),) = powers_of(protocol_file(text).protocol, equal, **assumed)
        found[effects] = power.power
    assert found["slopes"] <= 0.24 < found["intercepts"]


def test_the_smallest_number_that_is_enough_for_every_hypothesis():
    def powers(participants, *values):
        return tuple(Power("h", participants, 100, value, 0.0, 0) for value in values)

    rows = [powers(10, 0.9, 0.5), powers(20, 0.9, 0.81), powers(30, 1.0, 1.0)]
    assert smallest_enough(rows, 0.8) == 20
    assert smallest_enough(rows[:1], 0.8) is None


def test_the_interval_of_a_power_is_no_point_where_all_simulations_agree():
    # Wilson's by hand: z = 1.96, z^2 = 3.8415; of 5 of 5 the low end is 5 / (5 + 3.8415), of 0 the ends change places.
    every, none = Power("h", 8, 5, 1.0, 0.0, 0).interval, Power("h", 8, 5, 0.0, 0.0, 0).interval
    assert (every.low, every.high) == (pytest.approx(5 / 8.8415, abs=1e-4), 1.0)
    assert (none.low, none.high) == (0.0, pytest.approx(3.8415 / 8.8415, abs=1e-4))


def test_what_is_surely_enough_is_asked_of_the_lower_ends_of_the_intervals():
    # 85 of 100: the lower end is 0.767; 95 of 100: 0.888.
    rows = [(Power("h", 10, 100, 0.85, 0.0, 0),), (Power("h", 20, 100, 0.95, 0.0, 0),)]
    assert smallest_enough(rows, 0.8) == 10
    assert smallest_enough(rows, 0.8, surely=True) == 20
    assert smallest_enough(rows, 0.9, surely=True) is None


def test_a_protocol_without_hypotheses_has_no_power(protocol_file):
    with pytest.raises(SimulationError, match="declares no hypotheses"):
        powers_of(protocol_file().protocol)
