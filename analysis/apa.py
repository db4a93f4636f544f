"""Sentences for the results section of a paper, in the manner of the APA: effect, interval, test, n."""

from collections.abc import Iterator

import pandas as pd

from analysis.absence import Absent
from analysis.hypotheses import Effect, HypothesisResult
from analysis.intervals import Interval
from analysis.mixed_model import ConditionEstimate, Contrast
from analysis.results import Results
from analysis.significance import Comparison
from analysis.task_words import right_choice
from analysis.wording import odds_interval, odds_ratio, p_statement, percent, points, test_name, test_statistic
from stimuli.protocol import CHANCE


def sentences(results: Results) -> tuple[str, ...]:
    """One paragraph each for the accuracies, every hypothesis, and every comparison that no hypothesis is about."""
    about = {(row.hypothesis.first, row.hypothesis.second) for row in results.hypotheses}
    return (
        _accuracies(results),
        *(_hypothesis(row) for row in results.hypotheses),
        *(
            _comparison(row, results.main.scores)
            for row in results.main.comparisons
            if not {(row.first, row.second), (row.second, row.first)} & about
        ),
    )


def _accuracies(results: Results) -> str:
    spread = results.main.scores["accuracy"].groupby(level="condition").std(ddof=1)
    parts = []
    for row in results.main.accuracies:
        inner = f"SD = {percent(float(spread[row.condition]))}" if row.n > 1 else "one participant"
        if isinstance(row.interval, Interval):
            inner += f", 95% CI [{percent(row.interval.low)}, {percent(row.interval.high)}]"
        parts.append(f"{percent(row.mean)} of trials with {row.condition} ({inner}, n = {row.n})")
    return f"Participants chose {right_choice(results.tasks)} in {_listed(parts)}."


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _hypothesis(result: HypothesisResult) -> str:
    hypothesis = result.hypothesis
    name = hypothesis.name.rstrip(".")
    if isinstance(result.effect, Absent) or isinstance(result.test, Absent) or result.p_holm is None:
        why = next((part.why for part in (result.effect, result.test) if isinstance(part, Absent)), "")
        return f"{name}: not tested. {why}".rstrip()
    facts = [_difference(result.effect), *_in_odds(result), test_statistic(result.test)]
    told = ", ".join(fact for fact in facts if fact)
    verdict = f"The hypothesis was {result.verdict}"
    return (
        f"{name}: {told}, {p_statement(result.p_holm)} after Holm's correction "
        f"({test_name(result.test)}; n = {result.effect.n}). {verdict}."
    )


def _difference(effect: Effect) -> str:
    against = "chance" if effect.second == CHANCE else effect.second
    told = f"{effect.first} differed from {against} by {points(effect.difference)} percentage points"
    return f"{told}{_ci(effect.interval)}"


def _ci(interval: Interval | Absent) -> str:
    if isinstance(interval, Absent):
        return ""
    return f", 95% CI [{points(interval.low)}, {points(interval.high)}]"


def _in_odds(result: HypothesisResult) -> Iterator[str]:
    if isinstance(result.test, Contrast | ConditionEstimate) and not isinstance(result.test.log_odds, Absent):
        name = "OR" if isinstance(result.test, Contrast) else "odds"
        interval = odds_interval(result.test.interval).replace(" to ", ", ")
        yield f"{name} = {odds_ratio(result.test.log_odds)}, 95% CI [{interval}]"


def _comparison(row: Comparison, scores: pd.DataFrame) -> str:
    means = scores["accuracy"].groupby(level="condition").mean()
    told = (
        f"Exploratory: with {row.first} ({percent(float(means[row.first]))}) and {row.second} "
        f"({percent(float(means[row.second]))}) the difference was {points(row.difference)} percentage points"
    )
    told += _ci(row.interval)
    if isinstance(row.test, Absent):
        return f"{told} (n = {row.n}); it was not tested."
    p = row.test.p if row.p_holm is None else row.p_holm
    corrected = "" if row.p_holm is None else " after Holm's correction"
    statistic = f"{row.test.statistic}, " if row.test.statistic else ""
    return f"{told}, {statistic}{p_statement(p)}{corrected} ({row.test.name}; n = {row.n})."
