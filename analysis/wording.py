"""How numbers and results are written in the report and on the terminal."""

from collections.abc import Callable

from analysis.absence import Absent
from analysis.accuracy import ConditionAccuracy
from analysis.intervals import Interval
from analysis.results import Results
from analysis.significance import ChanceTest, Comparison

DASH = "\N{EN DASH}"


def percent(share: float) -> str:
    """``0.875`` as ``87.5%``."""
    return f"{100 * share:.1f}%"


def points(difference: float) -> str:
    """A difference of shares in percentage points with its sign: ``0.1022`` as ``+10.2``."""
    # Adding 0 turns a rounded minus zero into zero.
    return f"{round(100 * difference, 1) + 0.0:+.1f}"


def p_value(p: float) -> str:
    """Three decimals without the zero before the point, as in ``.057`` or ``1.000``; four below ``.01``."""
    if p < 0.0001:
        return "< .0001"
    return f"{p:.4f}".lstrip("0") if p < 0.01 else f"{p:.3f}".lstrip("0")


def p_statement(p: float) -> str:
    """``p = .012`` or ``p < .0001``."""
    written = p_value(p)
    return f"p {written}" if written.startswith("<") else f"p = {written}"


def accuracy_interval(interval: Interval | Absent) -> str:
    """The interval of a share in percent; a dash where there is none."""
    if isinstance(interval, Absent):
        return DASH
    return f"{percent(interval.low)} to {percent(interval.high)}"


def difference_interval(interval: Interval | Absent) -> str:
    """The interval of a difference in percentage points; a dash where there is none."""
    if isinstance(interval, Absent):
        return DASH
    return f"{points(interval.low)} to {points(interval.high)}"


def headline(results: Results) -> tuple[str, ...]:
    """The results in a few sentences, without markup."""
    main = results.main
    means = (_above_chance(accuracy, chance) for accuracy, chance in zip(main.accuracies, main.chance, strict=True))
    return (*means, *(_compared(comparison) for comparison in main.comparisons))


def _above_chance(accuracy: ConditionAccuracy, chance: ChanceTest) -> str:
    if isinstance(chance.test, Absent):
        against = "no test against chance"
    else:
        against = f"against chance {p_statement(chance.test.p)}"
    interval = _interval(accuracy.interval, accuracy_interval)
    return f"{accuracy.condition}: {percent(accuracy.mean)} correct ({interval}; {against}; n = {accuracy.n})."


def _interval(interval: Interval | Absent, write: Callable[[Interval], str]) -> str:
    return "no interval" if isinstance(interval, Absent) else f"95% interval {write(interval)}"


def _compared(comparison: Comparison) -> str:
    interval = _interval(comparison.interval, difference_interval)
    what = (
        f"{comparison.first} minus {comparison.second}: {points(comparison.difference)} percentage points ({interval}"
    )
    if isinstance(comparison.test, Absent):
        return f"{what}; no test; n = {comparison.n})."
    p, name = comparison.test.p, ""
    if comparison.p_holm is not None:
        p, name = comparison.p_holm, " after Holm's correction"
    return f"{what}; {p_statement(p)}{name}, {comparison.test.name}; n = {comparison.n})."
