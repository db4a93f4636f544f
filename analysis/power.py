"""How often would the planned analysis find what is there? Power by simulation of the study itself."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.absence import Absent
from analysis.hypotheses import judge_hypotheses
from analysis.intervals import Interval, wilson_interval
from analysis.mixed_model import MixedModel, mixed_model
from analysis.simulation import Assumptions, SimulationError, assignment, check_assumptions, simulate
from stimuli.protocol import CHANCE, AnalysisTable, Protocol


@dataclass(frozen=True)
class Power:
    """The share of ``simulations`` in which the hypothesis was supported with so many ``participants``.

    ``error`` is the Monte-Carlo standard error of ``power``, which is 0 where all studies or none found it, whatever
    their number; ``interval``, Wilson's 95 % interval over the independent studies, is not. ``untested`` counts
    simulated studies whose planned test could not be made, which count as not supported.
    """

    hypothesis: str
    participants: int
    simulations: int
    power: float
    error: float
    untested: int

    @property
    def interval(self) -> Interval:
        """Where the power lies, as far as so many simulations tell."""
        found = wilson_interval(round(self.power * self.simulations), self.simulations)
        if isinstance(found, Absent):
            raise ValueError(f"there were {self.simulations} simulations")
        return found


def power_by_participants(
    protocol: Protocol, assumptions: Assumptions, *, participants: Sequence[int], simulations: int, seed: int
) -> Iterator[tuple[Power, ...]]:
    """For each number of participants the power of every hypothesis of the plan, Holm's correction included.

    Raises:
        SimulationError: the protocol declares no hypothesis, or the assumptions do not fit it.
    """
    if not protocol.analysis.hypotheses:
        raise SimulationError("The protocol declares no hypotheses, so that there is no test to have power.")
    trials = assignment(protocol, max(participants))
    trials = trials[~trials["catch"]]  # which no test counts
    check_assumptions(trials, assumptions)
    # Checked above and at once: a generator would raise only when the first power is asked for.
    return (
        _power(
            trials[trials["participant"] <= count].reset_index(drop=True),
            protocol.analysis,
            assumptions,
            count,
            simulations=simulations,
            seed=seed,
        )
        for count in participants
    )


def _power(
    trials: pd.DataFrame,
    plan: AnalysisTable,
    assumptions: Assumptions,
    participants: int,
    *,
    simulations: int,
    seed: int,
) -> tuple[Power, ...]:
    supported = [0] * len(plan.hypotheses)
    untested = [0] * len(plan.hypotheses)
    for number in range(simulations):
        # Seeds of different numbers of participants must not meet.
        answered = simulate(trials, assumptions, seed=(seed, participants, number))
        for place, verdict in enumerate(planned_verdicts(answered, plan, seed=seed)):
            supported[place] += verdict == "supported"
            untested[place] += verdict == "not tested"
    return tuple(
        Power(
            hypothesis=hypothesis.name,
            participants=participants,
            simulations=simulations,
            power=count / simulations,
            error=math.sqrt(count / simulations * (1 - count / simulations) / simulations),
            untested=missing,
        )
        for hypothesis, count, missing in zip(plan.hypotheses, supported, untested, strict=True)
    )


def planned_verdicts(trials: pd.DataFrame, plan: AnalysisTable, *, seed: int) -> list[str]:
    """The verdicts of the planned analysis on answered trials, without what only describes."""
    model: MixedModel | Absent = Absent("Not fitted: the plan has another main test.")
    if plan.main_test == "mixed_model":
        pairs = [(row.first, row.second) for row in plan.hypotheses if row.second != CHANCE]
        model = mixed_model(trials, pairs=pairs, random_effects=plan.random_effects)
        # Beside the main test it only describes, and this one is quick.
        plan = plan.model_copy(update={"participant_test": "t"})
    results = judge_hypotheses(trials, model, plan, seed=seed, bootstrap=False)
    return [row.verdict for row in results]


def smallest_enough(rows: Sequence[tuple[Power, ...]], target: float, *, surely: bool = False) -> int | None:
    """The smallest number of participants with which every hypothesis has at least the target's power.

    ``surely`` asks it of the lower ends of the powers' intervals.
    """
    enough = [
        powers[0].participants
        for powers in rows
        if all((power.interval.low if surely else power.power) >= target for power in powers)
    ]
    return min(enough, default=None)
