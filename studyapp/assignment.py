"""Which trials a participant meets: drawn from what the study draws from and the participant's number, nothing else.

Pure functions: the same ``seed`` and number give the same session again. A study gives ``Study.drawn_from``, in which a
secret stands beside the protocol's seed: protocols are published, and nobody may compute the right answers from one. A
simulation, which has no study, gives the protocol's seed alone.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from stimuli.protocol import Protocol, difficulty_name

SideName = Literal["left", "right"]
SIDES: tuple[SideName, SideName] = ("left", "right")
EASY = "easy"


@dataclass(frozen=True)
class Design:
    """What the trials of a study vary.

    Attributes:
        conditions: names of the conditions, in the protocol's order.
        references: how many images stand in the reference panel.
        weak_references: how many stand in the panel of weakly activating ones; 0 for no such panel.
        batches: how many image batches a main feature has.
        difficulties: names of the main features' difficulties, in the protocol's order.
        between: whether a participant meets one condition only, instead of all.
        feedback: whether participants are told after a main trial which side was right.
    """

    conditions: Sequence[str]
    references: int
    weak_references: int = 0
    batches: int = 1
    difficulties: Sequence[str] = (EASY,)
    between: bool = False
    feedback: bool = False


def design_of(protocol: Protocol) -> Design:
    """What the protocol has the trials vary."""
    return Design(
        conditions=protocol.trials.conditions,
        references=protocol.stimuli.references,
        weak_references=protocol.stimuli.weak_references,
        batches=protocol.stimuli.batches,
        difficulties=[difficulty_name(one) for one in protocol.stimuli.difficulties],
        between=protocol.trials.design == "between",
        feedback=protocol.trials.feedback,
    )


@dataclass(frozen=True)
class Cell:
    """In which way a participant meets a feature; ``batch`` counts from 1."""

    condition: str
    batch: int
    difficulty: str


@dataclass(frozen=True)
class PlannedTrial:
    """One trial before it is stored.

    ``feature`` is an index into the phase's list of features, ``reference_order`` holds the reference
    positions 1..K in the order of the screen, ``weak_reference_order`` those of the weak ones. ``strong_panel_side`` is
    None where there are no weak ones. Of a catch trial ``feature`` is an index into the catch features, and
    ``copied_reference`` the position of the reference that is also the right answer.
    """

    feature: int
    cell: Cell
    strong_side: SideName
    reference_order: tuple[int, ...]
    weak_reference_order: tuple[int, ...]
    strong_panel_side: SideName | None
    copied_reference: int | None = None

    @property
    def is_catch(self) -> bool:
        """Whether one choice is a copy of what is shown as evidence."""
        return self.copied_reference is not None


def plan_practice(
    *, seed: int | str, number: int, features: int, design: Design, practice_round: int = 1
) -> list[PlannedTrial]:
    """The trials of a round of practice, on the one easy pair of each feature.

    The first round has the features in the protocol's order, conditions taking turns. Each further round has the same
    pairs in the same conditions, in another order than the round before, with everything else drawn anew.
    """
    conditions = _conditions_met(seed=seed, number=number, design=design)
    cells = [Cell(conditions[(feature + number) % len(conditions)], 1, EASY) for feature in range(features)]
    name, order = f"{seed}:{number}:practice", list(range(features))
    for later in range(2, practice_round + 1):
        name = f"{seed}:{number}:practice:{later}"
        order = _another_order(order, random.Random(f"{name}:order"))
    return _trials(random.Random(name), _panel_generator(name), order=order, cells=cells, design=design, told=True)


def _another_order(before: list[int], rng: random.Random) -> list[int]:
    order = rng.sample(before, len(before))
    return order if order != before else [*order[1:], order[0]]


def plan_main(*, seed: int | str, number: int, features: int, design: Design) -> list[PlannedTrial]:
    """The main trials of one participant: features in random order, cells counterbalanced.

    A cell is a condition, an image batch and a difficulty. Participants come in blocks of as many as there are cells.
    Within a block each feature meets every cell once, so that neither batches nor difficulties are tied to conditions
    or to participants. Which features share a cell is drawn anew for each block, so that no set of features is tied to
    another. Sides are balanced within each participant, unless feedback is given.

    Within participants, the conditions' counts of one participant differ by at most one, those of the difficulties and
    of the batches by at most two each. Between participants, as many in a row as there are conditions meet one each, in
    random order, and see the same photographs.

    Args:
        seed: what the study draws from.
        number: of the participant, from 1.
        features: how many there are.
        design: what is varied.
    """
    cells_of = _cells_between if design.between else _cells_within
    met = cells_of(seed=seed, number=number, features=features, design=design)
    name = f"{seed}:{number}:main"
    rng = random.Random(name)
    order = list(range(features))
    rng.shuffle(order)
    return _trials(rng, _panel_generator(name), order=order, cells=met, design=design, told=design.feedback)


def plan_session(
    *, seed: int | str, number: int, features: int, catch_features: int, design: Design
) -> list[PlannedTrial]:
    """The main trials of one participant with the catch trials among them.

    The main trials are those of :func:`plan_main` in its order. A catch trial stands at a random place after the first
    of them. Catch trials take turns among the participant's conditions other than ``none``, which shows nothing that
    could be copied; who meets only that one has no catch trials.
    """
    main = plan_main(seed=seed, number=number, features=features, design=design)
    met = {trial.cell.condition for trial in main}
    conditions = [condition for condition in design.conditions if condition in met and condition != "none"]
    if not conditions or not catch_features:
        return main
    # A generator of their own, so that they change nothing about the main trials.
    rng = random.Random(f"{seed}:{number}:catch")
    caught = _catch_trials(rng, [conditions[(one + number) % len(conditions)] for one in range(catch_features)], design)
    rng.shuffle(caught)
    places = set(rng.sample(range(1, len(main) + len(caught)), len(caught)))
    of_main, of_catch = iter(main), iter(caught)
    return [next(of_catch if place in places else of_main) for place in range(len(main) + len(caught))]


def main_trials_of(protocol: Protocol, *, seed: int | str, number: int) -> int:
    """How many main trials the participant of this number has, catch trials among them."""
    stimuli = protocol.stimuli
    return len(
        plan_session(
            seed=seed,
            number=number,
            features=len(stimuli.features),
            catch_features=len(stimuli.catch_features),
            design=design_of(protocol),
        )
    )


def _catch_trials(rng: random.Random, conditions: Sequence[str], design: Design) -> list[PlannedTrial]:
    """One for each catch feature, on its one easy pair, in these conditions."""
    cells = [Cell(condition, 1, EASY) for condition in conditions]
    panel_rng = random.Random(rng.random())
    trials = _trials(rng, panel_rng, order=range(len(cells)), cells=cells, design=design, told=design.feedback)
    return [replace(trial, copied_reference=rng.randint(1, design.references)) for trial in trials]


def _conditions_met(*, seed: int | str, number: int, design: Design) -> Sequence[str]:
    """The conditions that a participant meets: all, or one, the others being met by the participants beside."""
    if not design.between:
        return design.conditions
    turn, place = divmod(number - 1, len(design.conditions))
    order = list(design.conditions)
    random.Random(f"{seed}:conditions:{turn}").shuffle(order)
    return order[place : place + 1]


def _cells_within(*, seed: int | str, number: int, features: int, design: Design) -> list[Cell]:
    """The cell of each feature: every participant is one step further in the row of all cells."""
    cells = _cells(design)
    block = (number - 1) // len(cells)
    places = list(range(features))
    random.Random(f"{seed}:block:{block}").shuffle(places)
    return [cells[(places[feature] + number) % len(cells)] for feature in range(features)]


def _cells_between(*, seed: int | str, number: int, features: int, design: Design) -> list[Cell]:
    """The cell of each feature in the participant's one condition.

    Batches and difficulties go one step further when all conditions have had their turn.
    """
    [condition] = _conditions_met(seed=seed, number=number, design=design)
    pairs = _mixed(design.batches, len(design.difficulties))
    turn = (number - 1) // len(design.conditions)
    places = list(range(features))
    random.Random(f"{seed}:block:{turn // len(pairs)}").shuffle(places)
    met = [pairs[(places[feature] + turn) % len(pairs)] for feature in range(features)]
    return [Cell(condition, batch + 1, design.difficulties[difficulty]) for batch, difficulty in met]


def _panel_generator(name: str) -> random.Random:
    """A generator of their own, so that a second panel changes nothing else."""
    return random.Random(f"{name}:panels")


def _cells(design: Design) -> list[Cell]:
    """Every cell once, in an order in which any few that follow each other are mixed in all three respects."""
    shown = _mixed(len(design.conditions), len(design.difficulties))
    return [
        Cell(design.conditions[condition], batch + 1, design.difficulties[difficulty])
        for pair, batch in _mixed(len(shown), design.batches)
        for condition, difficulty in [shown[pair]]
    ]


def _mixed(first: int, second: int) -> list[tuple[int, int]]:
    """Every pair of two numbers below these once, so that both take turns: along the diagonals of their table."""
    diagonal = math.lcm(first, second)
    return [(place % first, (place + place // diagonal) % second) for place in range(first * second)]


def _trials(
    rng: random.Random,
    panel_rng: random.Random,
    *,
    order: Sequence[int],
    cells: Sequence[Cell],
    design: Design,
    told: bool,
) -> list[PlannedTrial]:
    """Add sides and the orders of references; ``cells`` is indexed by feature.

    Sides are balanced, unless participants are ``told`` after each trial which side was right: who counts would know
    the last sides before seeing them.
    """
    conditions = [cell.condition for cell in cells]
    sides = _independent_sides(rng, len(cells)) if told else _balanced_sides(rng, conditions)
    panel_sides = _balanced_sides(panel_rng, conditions)  # the panels' headings tell them anyway
    return [
        PlannedTrial(
            feature=feature,
            cell=cells[feature],
            strong_side=sides[feature],
            reference_order=_shuffled(rng, design.references),
            weak_reference_order=_shuffled(panel_rng, design.weak_references),
            strong_panel_side=panel_sides[feature] if design.weak_references else None,
        )
        for feature in order
    ]


def _shuffled(rng: random.Random, count: int) -> tuple[int, ...]:
    positions = list(range(1, count + 1))
    rng.shuffle(positions)
    return tuple(positions)


def _independent_sides(rng: random.Random, count: int) -> list[SideName]:
    """A side for each feature, of which the others tell nothing."""
    return [rng.choice(SIDES) for _ in range(count)]


def _balanced_sides(rng: random.Random, conditions: Sequence[str]) -> list[SideName]:
    """A side for each feature: within a condition left and right differ by at most one, and so over all.

    A condition with an odd count has one side over; these spare sides take turns between conditions.
    """
    sides: list[SideName] = [SIDES[0]] * len(conditions)
    spare = rng.randrange(2)
    for condition in dict.fromkeys(conditions):
        members = [feature for feature, name in enumerate(conditions) if name == condition]
        drawn = [SIDES[place % 2] for place in range(len(members) - len(members) % 2)]
        if len(members) % 2:
            drawn.append(SIDES[spare])
            spare = 1 - spare
        rng.shuffle(drawn)
        for feature, side in zip(members, drawn, strict=True):
            sides[feature] = side
    return sides
