"""The numbers of the report as CSV: a line for each with its interval, n and test, and whether it confirms anything.

Those of single features, of which there may be hundreds, are a table of their own.
"""

import csv
import io
from collections.abc import Iterator
from typing import Any

from analysis.absence import Absent
from analysis.detection import Estimate
from analysis.effects import EffectSize
from analysis.equivalence import EquivalenceTest
from analysis.hypotheses import Effect, HypothesisResult, Test
from analysis.intervals import Interval
from analysis.mixed_model import ConditionEstimate, Contrast, MixedModel
from analysis.participant_tests import ParticipantTest
from analysis.results import Findings, PairEffects, Results
from analysis.verdicts import exploring, standing, stopped, tested_n, verdict
from analysis.wording import equivalence_level, test_name, test_statistic

HEADER = (
    "part",
    "row",
    "measure",
    "value",
    "low",
    "high",
    "interval",
    "n",
    "statistic",
    "p",
    "p_holm",
    "test",
    "standing",
    "verdict",
    "stopping_rule_missed",
)
FEATURE_HEADER = ("feature", "condition", "n", "correct", "answered", "share", "low", "high", "interval", "standing")
Line = dict[str, Any]


def results_csv(results: Results) -> str:
    """One line for each estimate with its interval, n and test; empty cells where there is none."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, HEADER, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({"standing": exploring(results), **line} for line in _lines(results))
    return text.getvalue()


def features_csv(results: Results) -> str:
    """One line for each feature in each condition; exploratory, as all that is said of single features."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, FEATURE_HEADER, restval="", lineterminator="\n")
    writer.writeheader()
    for row in results.details.features:
        told: Line = {"feature": row.feature, "condition": row.condition, "n": row.n, "share": row.share}
        told |= {"correct": row.correct, "answered": row.answered, "standing": exploring(results)}
        writer.writerow({**told, **_bounds(row.interval)})
    return text.getvalue()


def _lines(results: Results) -> Iterator[Line]:
    yield from _findings(results.main, where="")
    yield from _levels(results)
    yield from _yardsticks(results)
    for pair in results.details.effects:
        yield from _pair(pair)
    yield from _model(results.model)
    for row in results.hypotheses:
        told = {
            "standing": standing(results),
            "verdict": verdict(row, results),
            "stopping_rule_missed": stopped(results),
        }
        base = {"part": "hypothesis", "row": row.hypothesis.name}
        yield from _hypothesis(row, results.plan.alpha, base, told)
    yield from _details(results)
    yield from _session(results)
    yield from _robustness(results)
    if results.everyone:
        yield from _findings(results.everyone, where=", everyone")


def _bounds(interval: Interval | Absent) -> Line:
    if isinstance(interval, Absent):
        return {"interval": interval.why}
    return {"low": interval.low, "high": interval.high, "interval": interval.method}


def _test(test: ParticipantTest | Absent) -> Line:
    if isinstance(test, Absent):
        return {"test": test.why}
    return {"statistic": test.statistic, "p": test.p, "test": test.method}


def _findings(findings: Findings, *, where: str) -> Iterator[Line]:
    for accuracy, chance in zip(findings.accuracies, findings.chance, strict=True):
        base = {"part": f"accuracy{where}", "row": accuracy.condition, "value": accuracy.mean, "n": accuracy.n}
        yield {**base, "measure": "mean over participants", **_bounds(accuracy.interval), **_test(chance.test)}
        yield {**base, "measure": "mean over participants, bootstrap", **_bounds(accuracy.bootstrap)}
    for row in findings.comparisons:
        holm = {} if row.p_holm is None else {"p_holm": row.p_holm}
        base = {"part": f"comparison{where}", "row": f"{row.first} minus {row.second}", "n": row.n}
        measured = {"measure": "difference", "value": row.difference, **_bounds(row.interval)}
        yield {**base, **measured, **_test(row.test), **holm}


def _levels(results: Results) -> Iterator[Line]:
    for level in results.details.breakdowns:
        where = f"{level.condition}, {level.by} {level.level}"
        base = {"part": "accuracy", "row": where, "value": level.mean, "n": level.n}
        yield {**base, "measure": "mean over participants", **_bounds(level.interval)}
        yield {**base, "measure": "mean over participants, bootstrap", **_bounds(level.bootstrap)}


def _yardsticks(results: Results) -> Iterator[Line]:
    for row in results.yardsticks:
        base = {"part": "yardstick", "row": f"{row.observer}, {row.condition}", "n": row.n}
        yield {**base, "measure": "share correct", "value": row.correct}
        yield {**base, "measure": "share correct of people", "value": row.people}
        if not isinstance(row.error_consistency, Absent):
            yield {**base, "measure": "error consistency with people", "value": row.error_consistency}


def _pair(pair: PairEffects) -> Iterator[Line]:
    base: Line = {"part": "comparison", "row": f"{pair.first} minus {pair.second}", "n": pair.n}
    sizes: tuple[tuple[str, EffectSize | Absent], ...] = (
        ("Cohen's h", pair.h),
        ("Cohen's dz", pair.dz),
        ("Cohen's d", pair.d),
    )
    for measure, effect in sizes:
        if not isinstance(effect, Absent):
            yield {**base, "measure": measure, "value": effect.value, **_bounds(effect.interval)}
    if not isinstance(pair.bayes, Absent):
        yield {**base, "measure": "Bayes factor 10", "value": pair.bayes.bf10, "test": pair.bayes.method}
    named = []
    for unit, test in (("participants", pair.units.participants), ("features", pair.units.features)):
        if isinstance(test, ParticipantTest):
            over = {"measure": f"difference over {unit}", "value": test.mean, "n": test.n}
            yield {**base, **over, **_test(test)}
            named.append(f"{test.name} over {unit}")
    if pair.units.p is not None:
        yield {**base, "measure": "both units", "p": pair.units.p, "test": f"the larger p of {' and '.join(named)}"}


def _model(model: MixedModel | Absent) -> Iterator[Line]:
    if isinstance(model, Absent):
        return
    rows: list[tuple[str, ConditionEstimate | Contrast]] = [(row.condition, row) for row in model.estimates]
    rows += [(f"{row.first} minus {row.second}", row) for row in model.contrasts]
    for name, row in rows:
        yield {"part": "mixed model", "row": name, "n": model.participants, **_in_model(row)}
    sds = {
        "participant": model.participant_sd,
        "feature": model.feature_sd,
        "condition within participant": model.participant_condition_sd,
        "condition within feature": model.feature_condition_sd,
    }
    for name, sd in sds.items():
        if sd is not None:
            yield {"part": "mixed model", "row": name, "measure": "SD of random effects", "value": sd}
    fit = {"log-likelihood": model.log_likelihood, "answers": model.answers, "features": model.features}
    for measure, value in fit.items():
        yield {"part": "mixed model", "row": "fit", "measure": measure, "value": value, "n": model.participants}


def _in_model(row: ConditionEstimate | Contrast) -> Line:
    told = {"statistic": test_statistic(row), "p": row.p, "test": test_name(row)}
    measure = "log-odds" if isinstance(row, ConditionEstimate) else "log odds ratio"
    value = row.log_odds if isinstance(row.log_odds, float) else ""
    return {"measure": measure, "value": value, **_bounds(row.interval), **told}


def _hypothesis(result: HypothesisResult, alpha: float, base: Line, told: Line) -> Iterator[Line]:
    """The difference of accuracies, and what was tested where this is something else; ``told`` goes with the test."""
    ps = {"p": result.p, "p_holm": result.p_holm} if result.p is not None else {}
    difference = _difference(result.effect)
    if isinstance(result.test, Absent):
        yield {**base, **difference, "test": result.test.why, **told}
    elif isinstance(result.test, ParticipantTest):
        yield {**base, **difference, **_test(result.test), **ps, **told}
    else:
        yield {**base, **difference, "standing": told["standing"]}
        yield {**base, **_tested(result.test, alpha), "n": tested_n(result), **ps, **told}


def _difference(effect: Effect | Absent) -> Line:
    measure = {"measure": "difference of accuracies"}
    if isinstance(effect, Absent):
        return measure
    return {**measure, "value": effect.difference, "n": effect.n, **_bounds(effect.interval)}


def _tested(test: Test, alpha: float) -> Line:
    if isinstance(test, EquivalenceTest):
        interval = f"{equivalence_level(alpha)} interval of the two one-sided t-tests, not corrected"
        return {
            "measure": f"difference of accuracies, margin {test.margin:g}",
            **{"value": test.mean, "low": test.low, "high": test.high, "interval": interval},
            **{"statistic": test_statistic(test), "test": test.method},
        }
    return _in_model(test) if isinstance(test, ConditionEstimate | Contrast) else _test(test)


def _details(results: Results) -> Iterator[Line]:
    for row in results.details.detections:
        sizes: tuple[tuple[str, Estimate | Absent], ...] = (
            ("d'", row.d_prime),
            ("criterion", row.criterion),
            ("share of left", row.left),
        )
        for measure, estimate in sizes:
            if not isinstance(estimate, Absent):
                base: Line = {"part": "detection", "row": row.condition, "measure": measure, "n": estimate.n}
                yield {**base, "value": estimate.mean, **_bounds(estimate.interval)}
    for level in results.details.calibrations:
        base = {"part": "confidence", "row": f"{level.condition}, confidence {level.confidence}", "n": level.n}
        yield {**base, "measure": "mean over participants", "value": level.mean, **_bounds(level.interval)}
    for area in results.details.discriminations:
        if area.auroc is not None:
            base = {"part": "confidence", "row": area.condition, "measure": "AUROC", "n": area.n}
            yield {**base, "value": area.auroc, **_bounds(area.interval)}
    for time in results.details.times:
        base = {"part": "response time", "row": time.condition, "n": time.n}
        yield {**base, "measure": "median of medians, ms", "value": time.medians.median}
        yield {**base, "measure": "geometric mean, ms", "value": time.geometric_mean, **_bounds(time.interval)}
    yield from _missing_times(results)


def _missing_times(results: Results) -> Iterator[Line]:
    """The conditions without a response time: the reason stands where the interval would."""
    timed = {row.condition for row in results.details.times}
    without = [row.condition for row in results.main.accuracies if row.condition not in timed]
    for condition, absent in zip(without, results.details.missing_times, strict=True):
        yield {"part": "response time", "row": condition, "measure": "geometric mean, ms", "n": 0, **_bounds(absent)}


def _session(results: Results) -> Iterator[Line]:
    found = results.details.learning
    if isinstance(found, Absent):
        return
    for part in found.parts:
        base: Line = {"part": "session", "row": f"main trials {part.name}", "n": part.n}
        yield {**base, "measure": "mean over participants", "value": part.mean, **_bounds(part.interval)}
    n = results.selection.analysed["participant"].nunique()
    base = {"part": "session", "row": "first to last main trial", "measure": "change in accuracy", "n": n}
    yield {**base, "value": found.slope, **_bounds(found.interval), **_test(found.test)}


def _robustness(results: Results) -> Iterator[Line]:
    for rule in results.robustness:
        if not rule.hypotheses:
            for effect in rule.effects:
                name = f"{effect.first} minus {effect.second}, without: {rule.sentence}"
                yield {"part": "robustness", "row": name, **_difference(effect), **_test(effect.test)}
        for row in rule.hypotheses:
            base: Line = {"part": "robustness", "row": f"{row.hypothesis.name}, without: {rule.sentence}"}
            yield from _hypothesis(row, results.plan.alpha, base, {"standing": exploring(results)})
