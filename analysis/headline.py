"""The results in a few sentences, each p with its standing and the family over which it is corrected."""

from collections.abc import Callable, Iterator

from analysis.absence import Absent
from analysis.accuracy import ConditionAccuracy
from analysis.dry_run import nobody_took_part
from analysis.hypotheses import HypothesisResult
from analysis.intervals import Interval
from analysis.model_words import singular_fit
from analysis.results import Results
from analysis.significance import ChanceTest, Comparison
from analysis.verdicts import caveats, correction, exploring, standing, stopped, tested_in_model, verdict
from analysis.wording import accuracy_interval, difference_interval, p_statement, percent, points, test_name
from stimuli.protocol import CHANCE

JUDGED = "its hypothesis stands above"


def headline(results: Results) -> tuple[str, ...]:
    """The sentences, without markup."""
    main = results.main
    about = {frozenset((row.hypothesis.first, row.hypothesis.second)) for row in results.hypotheses}
    return (
        *((nobody_took_part(results.participants),) if results.dry_run else ()),
        *_several_tasks(results),
        *(_judgement(result, results) for result in results.hypotheses),
        *(singular_fit(results.model) if any(tested_in_model(row) for row in results.hypotheses) else ()),
        *_departures(results),
        *(
            _above_chance(
                accuracy, chance, standing=exploring(results), judged=frozenset((accuracy.condition, CHANCE)) in about
            )
            for accuracy, chance in zip(main.accuracies, main.chance, strict=True)
        ),
        *(_compared(row, results, judged=frozenset((row.first, row.second)) in about) for row in main.comparisons),
    )


def _several_tasks(results: Results) -> tuple[str, ...]:
    if len(results.tasks) == 1:
        return ()
    named = ", ".join(results.tasks)
    return (
        f"The answers are of {len(results.tasks)} tasks ({named}). Every number takes them together, but for the table "
        "of accuracies by task.",
    )


def _judgement(result: HypothesisResult, results: Results) -> str:
    name = result.hypothesis.name if results.confirmatory else f"{result.hypothesis.name} ({standing(results)})"
    if isinstance(result.test, Absent) or result.p_holm is None:
        return f"{name}: not tested."
    told = f"{p_statement(result.p_holm)} {correction(results)}, {standing(results)}; {test_name(result.test)}"
    told += f"; {stopped(results)}" if stopped(results) else ""
    warned = [sentence for sentence in caveats(result, results) if sentence not in singular_fit(results.model)]
    return " ".join((f"{name}: {verdict(result, results)} ({told}).", *warned))


def _departures(results: Results) -> Iterator[str]:
    """Where the data are not what the protocol planned."""
    if not results.points:
        return
    if results.points[0].kept is False:
        collected = "made" if results.dry_run else "collected"
        yield (
            f"The data were {collected} under another protocol than the one given, so that all results are exploratory."
        )
        return
    changed = [f"{row.what}: planned {row.planned}, found {row.found}" for row in results.points if row.kept is False]
    if changed:
        yield f"What was run differs from the plan. {'. '.join(changed)}."


def _above_chance(accuracy: ConditionAccuracy, chance: ChanceTest, *, standing: str, judged: bool) -> str:
    if judged:
        against = f"against chance: {JUDGED}"
    elif isinstance(chance.test, Absent):
        against = "no test against chance"
    else:
        against = f"against chance {p_statement(chance.test.p)}, {standing} and not corrected"
    interval = _interval(accuracy.interval, accuracy_interval)
    return f"{accuracy.condition}: {percent(accuracy.mean)} correct ({interval}; {against}; n = {accuracy.n})."


def _interval(interval: Interval | Absent, write: Callable[[Interval], str]) -> str:
    return "no interval" if isinstance(interval, Absent) else f"95% interval {write(interval)}"


def _compared(comparison: Comparison, results: Results, *, judged: bool) -> str:
    """One comparison; the p of one that a hypothesis is about stands with the hypothesis alone."""
    interval = _interval(comparison.interval, difference_interval)
    what = (
        f"{comparison.first} minus {comparison.second}: {points(comparison.difference)} percentage points ({interval}"
    )
    if judged:
        return f"{what}; {JUDGED}; n = {comparison.n})."
    if isinstance(comparison.test, Absent):
        return f"{what}; no test; n = {comparison.n})."
    p, corrected = comparison.test.p, "not corrected"
    if comparison.p_holm is not None:
        family = len(results.main.comparisons)
        p, corrected = comparison.p_holm, f"after Holm's correction over the {family} comparisons of conditions"
    return f"{what}; {p_statement(p)} {corrected}, {exploring(results)}; {comparison.test.name}; n = {comparison.n})."
