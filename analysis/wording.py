"""How numbers and results are written in the report and on the terminal."""

import math

from analysis.absence import Absent
from analysis.equivalence import EquivalenceTest
from analysis.hypotheses import Test
from analysis.intervals import Interval
from analysis.mixed_model import ConditionEstimate, Contrast
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
    """Three decimals without the zero before the point, as in ``.057`` or ``1.000``; four below ``.01``.

    More where these would be ``.050`` or ``.010``, which do not tell on which side of a usual alpha p is.
    """
    if p < 0.0001:
        return "< .0001"
    written = f"{p:.{4 if p < 0.01 else 3}f}"
    for decimals in range(4, 12):
        if not any(float(written) == alpha != p for alpha in (0.05, 0.01)):
            break
        written = f"{p:.{decimals}f}"
    return written.lstrip("0")


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
    if not 0.001 <= factor < 100_000:
        return f"{factor:.1e}"
    # Rounded first: three digits of a number above 1,000 would come in powers of ten.
    return f"{float(f'{factor:.3g}'):,g}"


def seconds(ms: float) -> str:
    """Milliseconds as seconds with two decimals."""
    return f"{ms / 1000:.2f}"


def seconds_interval(interval: Interval | Absent) -> str:
    """The interval of a time in seconds; a dash where there is none."""
    if isinstance(interval, Absent):
        return DASH
    return f"{seconds(interval.low)} to {seconds(interval.high)}"


def equivalence_level(alpha: float) -> str:
    """The level of the interval that belongs to two one-sided tests at ``alpha``: ``90%`` at 0.05."""
    return f"{round(100 * (1 - 2 * alpha), 6):g}%"


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
