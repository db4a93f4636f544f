"""Which trials a participant meets: drawn from the study's seed and the participant's number, nothing else.

Pure functions, so that any session can be drawn again from the export's protocol alone.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from stimuli.protocol import Protocol, difficulty_name

SideName = Literal["left", "right"]
SIDES: tuple[SideName, SideName] = ("left", "right")
_OTHER: dict[SideName, SideName] = {"left": "right", "right": "left"}
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
    """

    conditions: Sequence[str]
    references: int
    weak_references: int = 0
    batches: int = 1
    difficulties: Sequence[str] = (EASY,)


def design_of(protocol: Protocol) -> Design:
    """What the protocol has the trials vary."""
    return Design(
        conditions=protocol.trials.conditions,
        references=protocol.stimuli.references,
        weak_references=protocol.stimuli.weak_references,
        batches=protocol.stimuli.batches,
        difficulties=[difficulty_name(one) for one in protocol.stimuli.difficulties],
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
    None where there are no weak ones.
    """

    feature: int
    cell: Cell
    strong_side: SideName
    reference_order: tuple[int, ...]
    weak_reference_order: tuple[int, ...]
    strong_panel_side: SideName | None


def plan_practice(
    *, seed: int, number: int, features: int, design: Design, practice_round: int = 1
) -> list[PlannedTrial]:
    """The trials of a round of practice, on the one easy pair of each feature.

    The first round has the features in the protocol's order, conditions taking turns. Each further round has the same
    trials as the round before in another order, every image on the other side.
    """
    planned = _first_practice(seed=seed, number=number, features=features, design=design)
    for later in range(2, practice_round + 1):
        planned = _shown_again(planned, random.Random(f"{seed}:{number}:practice:{later}"))
    return planned


def _shown_again(planned: Sequence[PlannedTrial], rng: random.Random) -> list[PlannedTrial]:
    order = rng.sample(planned, len(planned))
    if order == list(planned):
        order = [*order[1:], order[0]]
    return [
        replace(
            trial,
            strong_side=_OTHER[trial.strong_side],
            reference_order=tuple(rng.sample(trial.reference_order, len(trial.reference_order))),
            weak_reference_order=tuple(rng.sample(trial.weak_reference_order, len(trial.weak_reference_order))),
            strong_panel_side=trial.strong_panel_side and _OTHER[trial.strong_panel_side],
        )
        for trial in order
    ]


def _first_practice(*, seed: int, number: int, features: int, design: Design) -> list[PlannedTrial]:
    turns = [design.conditions[(feature + number) % len(design.conditions)] for feature in range(features)]
    cells = [Cell(condition, 1, EASY) for condition in turns]
    name = f"{seed}:{number}:practice"
    return _trials(random.Random(name), _panel_generator(name), order=range(features), cells=cells, design=design)


def plan_main(*, seed: int, number: int, features: int, design: Design) -> list[PlannedTrial]:
    """The main trials of one participant: features in random order, cells counterbalanced.

    A cell is a condition, an image batch and a difficulty. Participants come in blocks of as many as there are cells.
    Within a block each feature meets every cell once, so that neither batches nor difficulties are tied to conditions
    or to participants. Within a participant the conditions' counts differ by at most one, those of the difficulties and
    of the batches by at most two each. Which features share a cell is drawn anew for each block, so that no set of
    features is tied to another.

    Args:
        seed: of the study.
        number: of the participant, from 1.
        features: how many there are.
        design: what is varied.
    """
    cells = _cells(design)
    block = (number - 1) // len(cells)
    places = list(range(features))
    random.Random(f"{seed}:block:{block}").shuffle(places)
    met = [cells[(places[feature] + number) % len(cells)] for feature in range(features)]
    name = f"{seed}:{number}:main"
    rng = random.Random(name)
    order = list(range(features))
    rng.shuffle(order)
    return _trials(rng, _panel_generator(name), order=order, cells=met, design=design)


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
    rng: random.Random, panel_rng: random.Random, *, order: Sequence[int], cells: Sequence[Cell], design: Design
) -> list[PlannedTrial]:
    """Add sides and the orders of references; ``cells`` is indexed by feature."""
    conditions = [cell.condition for cell in cells]
    sides, panel_sides = _balanced_sides(rng, conditions), _balanced_sides(panel_rng, conditions)
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
