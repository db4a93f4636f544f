"""How numbers and results are written in the report and on the terminal."""

import math
from collections.abc import Callable

from analysis.absence import Absent
from analysis.accuracy import ConditionAccuracy
from analysis.equivalence import EquivalenceTest
from analysis.hypotheses import HypothesisResult, Test
from analysis.intervals import Interval
from analysis.mixed_model import ConditionEstimate, Contrast
from analysis.results import Results
from analysis.significance import ChanceTest, Comparison
from stimuli.protocol import AnalysisTable

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


def value(number: float) -> str:
    """Two decimals, with a sign that a rounded zero does not have."""
    return f"{round(number, 2) + 0.0:.2f}"


def value_interval(interval: Interval | Absent) -> str:
    """The interval of a number on its own scale; a dash where there is none."""
    if isinstance(interval, Absent):
        return DASH
    return f"{value(interval.low)} to {value(interval.high)}"


def odds_ratio(log_odds: float | Absent) -> str:
    """The odds ratio that belongs to a difference in log-odds; a dash where there is none."""
    if isinstance(log_odds, Absent):
        return DASH
    return f"{math.exp(log_odds):.2f}"


def odds_interval(interval: Interval | Absent) -> str:
    """The interval of an odds ratio, from that of the log-odds."""
    if isinstance(interval, Absent):
        return DASH
    return f"{odds_ratio(interval.low)} to {odds_ratio(interval.high)}"


def bayes(factor: float) -> str:
    """A Bayes factor with three digits, in powers of ten where it is beyond reading."""
    return f"{factor:.3g}" if 0.001 <= factor < 100_000 else f"{factor:.1e}"


def seconds(ms: float) -> str:
    """Milliseconds as seconds with two decimals."""
    return f"{ms / 1000:.2f}"


def seconds_interval(interval: Interval | Absent) -> str:
    """The interval of a time in seconds; a dash where there is none."""
    if isinstance(interval, Absent):
        return DASH
    return f"{seconds(interval.low)} to {seconds(interval.high)}"


def rt_bounds(plan: AnalysisTable) -> str:
    """The bounds of response times as they continue "Right answers"."""
    match plan.min_rt_ms, plan.max_rt_ms:
        case None, None:
            return " of any response time"
        case low, None:
            return f" of at least {low:g} ms"
        case None, high:
            return f" of at most {high:g} ms"
        case low, high:
            return f" from {low:g} to {high:g} ms"


def headline(results: Results) -> tuple[str, ...]:
    """The results in a few sentences, without markup."""
    main = results.main
    judged = [_judgement(result, confirmatory=results.confirmatory) for result in results.hypotheses]
    means = (_above_chance(accuracy, chance) for accuracy, chance in zip(main.accuracies, main.chance, strict=True))
    return (*_several_tasks(results), *judged, *means, *(_compared(comparison) for comparison in main.comparisons))


def _several_tasks(results: Results) -> tuple[str, ...]:
    if len(results.tasks) == 1:
        return ()
    named = ", ".join(results.tasks)
    return (
        f"The answers are of {len(results.tasks)} tasks ({named}). Every number takes them together, but for the table "
        "of accuracies by task.",
    )


def _judgement(result: HypothesisResult, *, confirmatory: bool) -> str:
    name = result.hypothesis.name if confirmatory else f"{result.hypothesis.name} (exploratory)"
    if isinstance(result.test, Absent) or result.p_holm is None:
        return f"{name}: not tested."
    return f"{name}: {result.verdict} ({p_statement(result.p_holm)} after Holm's correction, {test_name(result.test)})."


def test_name(test: Test) -> str:
    """What a sentence calls a test."""
    if isinstance(test, Contrast):
        return "likelihood-ratio test of the mixed model"
    if isinstance(test, ConditionEstimate):
        return "Wald test of the mixed model"
    return "two one-sided t-tests" if isinstance(test, EquivalenceTest) else test.name


def test_statistic(test: Test) -> str:
    """The statistic of a test as journals write it; empty for the sign-flip test, whose statistic is the mean."""
    if isinstance(test, Contrast):
        return f"\N{GREEK SMALL LETTER CHI}\N{SUPERSCRIPT TWO}(1) = {test.chi2:.2f}"
    if isinstance(test, ConditionEstimate):
        return f"z = {test.z:.2f}"
    if isinstance(test, EquivalenceTest):
        return f"t({test.n - 1}) = {test.t_low:.2f} and {test.t_high:.2f}"
    return test.statistic


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
