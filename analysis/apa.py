"""Sentences for the results section of a paper, in the manner of the APA: effect, interval, test, n."""

from collections.abc import Iterator

from analysis.absence import Absent
from analysis.equivalence import EquivalenceTest
from analysis.hypotheses import Effect, HypothesisResult
from analysis.intervals import Interval
from analysis.mixed_model import ConditionEstimate, Contrast
from analysis.results import Results
from analysis.significance import Comparison
from analysis.task_words import right_choice
from analysis.verdicts import OTHER_WAY, caveats, correction, exploring, other_way, standing, stopped, tested_n
from analysis.wording import (
    equivalence_level,
    odds_interval,
    odds_ratio,
    p_statement,
    percent,
    points,
    test_name,
    test_statistic,
)
from stimuli.protocol import CHANCE


def sentences(results: Results) -> tuple[str, ...]:
    """One paragraph each for the accuracies, every hypothesis, and every comparison that no hypothesis is about.

    Each says that it is exploratory where it is, or of a dry run; the accuracies of a confirmatory report describe, and
    say nothing.
    """
    about = {(row.hypothesis.first, row.hypothesis.second) for row in results.hypotheses}
    lead = "" if results.confirmatory else f"{standing(results).capitalize()}. "
    return (
        f"{lead}{_accuracies(results)}",
        *(f"{lead}{_hypothesis(row, results)}" for row in results.hypotheses),
        *(
            _comparison(row, results)
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
        parts.append(f"{percent(row.mean)} of their trials with {row.condition} ({inner}, n = {row.n})")
    people = "Simulated participants" if results.dry_run else "Participants"
    return f"{people} chose {right_choice(results.tasks)} on average in {_listed(parts)}."


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _hypothesis(result: HypothesisResult, results: Results) -> str:
    name = result.hypothesis.name.rstrip(".")
    if isinstance(result.effect, Absent) or isinstance(result.test, Absent) or result.p_holm is None:
        why = next((part.why for part in (result.effect, result.test) if isinstance(part, Absent)), "")
        return f"{name}: not tested. {why}".rstrip()
    effect = _equivalence(result.test, result.effect, results.plan.alpha) or _difference(result.effect)
    facts = [effect, *_in_odds(result), test_statistic(result.test)]
    told = ", ".join(fact for fact in facts if fact)
    ended = [*caveats(result, results), _ending(result, results)]
    return (
        f"{name}: {told}, {p_statement(result.p_holm)} {correction(results)} "
        f"({test_name(result.test)}; {_n(result, result.effect)}). {' '.join(ended)}"
    )


def _n(result: HypothesisResult, effect: Effect) -> str:
    tested = tested_n(result)
    return f"n = {tested}" if tested == effect.n else f"n = {tested}, and {effect.n} of the difference in points"


def _ending(result: HypothesisResult, results: Results) -> str:
    against = f": {OTHER_WAY}" if other_way(result, results) else ""
    if results.confirmatory:
        missed = f" ({stopped(results)})" if stopped(results) else ""
        return f"The hypothesis was {result.verdict}{against}{missed}."
    why = "nobody took part" if results.dry_run else "it was not declared for these data"
    return f"It has no verdict, since {why}{against}."


def _difference(effect: Effect) -> str:
    told = f"{_pair(effect)} was {points(effect.difference)} percentage points"
    return f"{told}{_ci(effect.interval)}"


def _pair(effect: Effect) -> str:
    return f"{effect.first} minus {'chance' if effect.second == CHANCE else effect.second}"


def _equivalence(test: object, effect: Effect, alpha: float) -> str:
    """The difference with the interval that belongs to the test and the margin that it is held against."""
    if not isinstance(test, EquivalenceTest):
        return ""
    margin, where = 100 * test.margin, f"[{points(test.low)}, {points(test.high)}]"
    return (
        f"{_pair(effect)} was {points(test.mean)} percentage points, {equivalence_level(alpha)} CI {where} (not "
        f"corrected) against a margin of {margin:g} points to either side"
    )


def _ci(interval: Interval | Absent) -> str:
    if isinstance(interval, Absent):
        return ""
    return f", 95% CI [{points(interval.low)}, {points(interval.high)}]"


def _in_odds(result: HypothesisResult) -> Iterator[str]:
    if isinstance(result.test, Contrast | ConditionEstimate) and not isinstance(result.test.log_odds, Absent):
        name = "OR" if isinstance(result.test, Contrast) else "odds"
        interval = odds_interval(result.test.interval).replace(" to ", ", ")
        yield f"{name} = {odds_ratio(result.test.log_odds)}, 95% CI [{interval}]"


def _comparison(row: Comparison, results: Results) -> str:
    compared = results.main.scores["accuracy"].unstack("condition")[[row.first, row.second]]
    # Within participants the difference is of those who have both, and so must the means beside it be.
    first, second = (compared.dropna() if row.design == "within" else compared).mean()
    told = (
        f"{exploring(results).capitalize()}: with {row.first} ({percent(float(first))}) and {row.second} "
        f"({percent(float(second))}) the difference was {points(row.difference)} percentage points"
    )
    told += _ci(row.interval)
    if isinstance(row.test, Absent):
        return f"{told} (n = {row.n}); it was not tested."
    p = row.test.p if row.p_holm is None else row.p_holm
    corrected = "" if row.p_holm is None else " after Holm's correction over all comparisons of conditions"
    statistic = f"{row.test.statistic}, " if row.test.statistic else ""
    return f"{told}, {statistic}{p_statement(p)}{corrected} ({row.test.name}; n = {row.n})."
