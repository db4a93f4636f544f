"""The drawing of the activation over steps."""

import math

import pytest

from studyapp.gallery.curve import BOTTOM, HEIGHT, LEFT, POINTS, RIGHT, TOP, WIDTH, draw


def points(curve: list[float]) -> list[tuple[float, float]]:
    drawn = draw(curve)
    assert drawn is not None
    return [(float(x), float(y)) for x, y in (point.split(",") for point in drawn.points.split())]


def test_it_goes_from_the_first_step_to_the_last_and_higher_is_up() -> None:
    drawn = points([0.0, 1.0, 2.0])
    assert drawn == [
        (LEFT, HEIGHT - BOTTOM),
        ((LEFT + WIDTH - RIGHT) / 2, (TOP + HEIGHT - BOTTOM) / 2),
        (WIDTH - RIGHT, TOP),
    ]


def test_the_ticks_are_round_and_enclose_the_values() -> None:
    drawn = draw([0.13, 0.31, 0.47])
    assert drawn is not None
    assert [tick.label for tick in drawn.values] == ["0.1", "0.2", "0.3", "0.4", "0.5"]
    assert all(TOP <= tick.at <= HEIGHT - BOTTOM for tick in drawn.values)


def test_the_ticks_of_the_steps_begin_and_end_with_the_curve() -> None:
    drawn = draw([float(step) for step in range(100)])
    assert drawn is not None
    assert [tick.label for tick in drawn.steps] == ["1", "20", "40", "60", "80", "100"]


@pytest.mark.parametrize("curve", [[3.0, 3.0], [0.0, 0.0, 0.0], [-1e-9, 1e-9], [-4e12, 5e12]])
def test_any_two_values_can_be_drawn(curve: list[float]) -> None:
    assert all(LEFT <= x <= WIDTH - RIGHT and TOP <= y <= HEIGHT - BOTTOM for x, y in points(curve))


@pytest.mark.parametrize("curve", [[], [1.0], [math.nan, 1.0], [math.inf, -math.inf]])
def test_less_than_two_values_are_no_curve(curve: list[float]) -> None:
    assert draw(curve) is None


def test_a_long_curve_is_thinned_and_keeps_its_peak() -> None:
    curve = [math.sin(step / 50) for step in range(10_000)]
    curve[7777] = 9.0
    drawn = points(curve)
    assert len(drawn) <= POINTS + 2
    assert min(y for _, y in drawn) < TOP + (HEIGHT - TOP - BOTTOM) / 5
    assert drawn == sorted(drawn, key=lambda point: point[0])


def test_the_summary_says_what_the_drawing_shows() -> None:
    drawn = draw([1.0, 5.5, 4.0])
    assert drawn is not None
    assert drawn.summary == "Activation over 3 steps: 1 at the first, 4 at the last, highest at step 2 with 5.5."
