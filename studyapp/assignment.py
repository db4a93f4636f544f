"""Which trials a participant meets: drawn from the study's seed and the participant's number, nothing else.

Pure functions, so that any session can be drawn again from the export's protocol alone.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

SideName = Literal["left", "right"]
SIDES: tuple[SideName, SideName] = ("left", "right")


@dataclass(frozen=True)
class PlannedTrial:
    """One trial before it is stored.

    ``feature`` is an index into the phase's list of features, ``reference_order`` holds the reference
    positions 1..K in the order of the screen.
    """

    feature: int
    condition: str
    strong_side: SideName
    reference_order: tuple[int, ...]


def plan_practice(
    *, seed: int, number: int, features: int, conditions: Sequence[str], references: int
) -> list[PlannedTrial]:
    """The practice trials: features in the protocol's order, conditions taking turns."""
    rng = random.Random(f"{seed}:{number}:practice")
    turns = [conditions[(feature + number) % len(conditions)] for feature in range(features)]
    return _trials(rng, order=list(range(features)), conditions=turns, references=references)


def plan_main(
    *, seed: int, number: int, features: int, conditions: Sequence[str], references: int
) -> list[PlannedTrial]:
    """The main trials of one participant: features in random order, conditions counterbalanced.

    Participants come in blocks of as many as there are conditions. Within a block each feature meets every
    condition once; within a participant the conditions' counts differ by at most one. Which features share
    a condition is drawn anew for each block, so that no set of features is tied to another.

    Args:
        seed: of the study.
        number: of the participant, from 1.
        features: how many there are.
        conditions: names of the conditions, in the protocol's order.
        references: how many images stand in the reference panel.
    """
    block = (number - 1) // len(conditions)
    places = list(range(features))
    random.Random(f"{seed}:block:{block}").shuffle(places)
    turns = [conditions[(places[feature] + number) % len(conditions)] for feature in range(features)]
    rng = random.Random(f"{seed}:{number}:main")
    order = list(range(features))
    rng.shuffle(order)
    return _trials(rng, order=order, conditions=turns, references=references)


def _trials(
    rng: random.Random, *, order: Sequence[int], conditions: Sequence[str], references: int
) -> list[PlannedTrial]:
    """Add sides and reference orders; ``conditions`` is indexed by feature."""
    sides = _balanced_sides(rng, conditions)
    trials = []
    for feature in order:
        shown = list(range(1, references + 1))
        rng.shuffle(shown)
        trials.append(PlannedTrial(feature, conditions[feature], sides[feature], tuple(shown)))
    return trials


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
