"""The activation over the steps of an optimisation as numbers to draw: lines and ticks of an SVG."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

# Of the drawing, in units of its view box; the plot lies between the margins, which hold the labels.
WIDTH, HEIGHT = 480, 190
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 10, 34
# More points than this cannot be told apart at the width of a drawing.
POINTS = 400
TICKS = 5


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where it stands in the view box, and its label."""

    at: float
    label: str


@dataclass(frozen=True)
class Curve:
    """A drawing of activations.

    Attributes:
        points: of the line, as ``x,y x,y ...`` in the view box.
        steps: ticks of the horizontal axis.
        values: ticks of the vertical axis.
        summary: what the drawing shows, for those who cannot see it.
    """

    points: str
    steps: tuple[Tick, ...]
    values: tuple[Tick, ...]
    summary: str


def draw(curve: Sequence[float]) -> Curve | None:
    """Draw the activation at each step, from step 1; None where there are not two finite values to join."""
    measured = [(step, value) for step, value in enumerate(curve, start=1) if math.isfinite(value)]
    if len(measured) < 2:
        return None
    lowest, highest = min(value for _, value in measured), max(value for _, value in measured)
    values = _ticks(lowest, highest)
    low, high = min(lowest, values[0]), max(highest, values[-1])
    last = len(curve)

    def x(step: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (step - 1) / (last - 1), 1)

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - low) / (high - low), 1)

    peak = max(measured, key=lambda point: point[1])
    return Curve(
        points=" ".join(f"{x(step)},{y(value)}" for step, value in _thinned(measured)),
        steps=tuple(Tick(x(step), f"{step:g}") for step in _step_ticks(last)),
        values=tuple(Tick(y(value), f"{value:.6g}") for value in values),
        summary=(
            f"Activation over {last} steps: {measured[0][1]:.3g} at the first, {measured[-1][1]:.3g} at the last, "
            f"highest at step {peak[0]} with {peak[1]:.3g}."
        ),
    )


def _ticks(low: float, high: float) -> list[float]:
    """Round values from just below ``low`` to just above ``high``: steps of 1, 2 or 5 times a power of ten."""
    span = (high - low) or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(span / TICKS))
    step = next(power * factor for factor in (1, 2, 5, 10) if span / (power * factor) <= TICKS)
    first, last = math.floor(low / step), math.ceil(high / step)
    # Rounded to the digits of the step: 3 * 0.1 is to read 0.3.
    return [round(number * step, 12) for number in range(first, max(last, first + 1) + 1)]


def _step_ticks(last: int) -> list[int]:
    """The first step, round ones between, the last."""
    inner = [int(value) for value in _ticks(1, last) if value == int(value)]
    distance = (last - 1) / (2 * TICKS)
    return [1, *(step for step in inner if 1 + distance < step < last - distance), last]


def _thinned(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """No more points than can be seen: of every stretch the lowest and the highest, so that no peak goes missing."""
    if len(points) <= POINTS:
        return points
    length = math.ceil(2 * len(points) / POINTS)
    stretches = (points[start : start + length] for start in range(0, len(points), length))
    kept = {point for stretch in stretches for point in (min(stretch, key=_value), max(stretch, key=_value))}
    return sorted(kept | {points[0], points[-1]})


def _value(point: tuple[int, float]) -> float:
    return point[1]
