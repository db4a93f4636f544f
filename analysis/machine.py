"""The results for machines: everything as JSON, and one line for each number as CSV."""

import csv
import io
import json
import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel

from analysis.absence import Absent
from analysis.intervals import Interval
from analysis.results import Results

HEADER = ("part", "row", "measure", "value", "low", "high", "interval", "n", "p", "p_holm", "test")
# Raw tables, which the export holds already.
LEFT_OUT = {
    ("Selection", "main"),
    ("Selection", "analysed"),
    ("Selection", "broken"),
    ("Effect", "values"),
    ("Findings", "scores"),
}


def results_json(results: Results, *, export_sha256: str) -> str:
    """Every field of the results; what does not exist is ``{"absent": why}``."""
    plain = {"export_sha256": export_sha256, **_plain(results)}
    return json.dumps(plain, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Absent):
        return {"absent": value.why}
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in fields(value) if (type(value).__name__, field.name) not in LEFT_OUT]
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, pd.DataFrame):
        return [_plain(row) for row in value.reset_index().to_dict("records")]
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return _number(value)


def _number(value: Any) -> Any:
    plain = value.item() if isinstance(value, np.generic) else value
    # JSON has no infinity and no NaN.
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain


def results_csv(results: Results) -> str:
    """One line for each estimate with its interval, n and test; empty cells where there is none."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, HEADER, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(_lines(results))
    return text.getvalue()


Line = dict[str, Any]


def _lines(results: Results) -> Iterator[Line]:
    yield from _accuracy_lines(results)
    yield from _comparison_lines(results)
    yield from _model_lines(results)
    for row in results.hypotheses:
        yield {
            "part": "hypothesis",
            "row": row.hypothesis.name,
            "measure": row.verdict,
            "p": "" if row.p is None else row.p,
            "p_holm": "" if row.p_holm is None else row.p_holm,
            "n": "" if isinstance(row.effect, Absent) else row.effect.n,
        }
    yield from _detail_lines(results)


def _bounds(interval: Interval | Absent) -> Line:
    if isinstance(interval, Absent):
        return {"interval": interval.why}
    return {"low": interval.low, "high": interval.high, "interval": interval.method}


def _accuracy_lines(results: Results) -> Iterator[Line]:
    for accuracy, chance in zip(results.main.accuracies, results.main.chance, strict=True):
        base = {"part": "accuracy", "row": accuracy.condition, "value": accuracy.mean, "n": accuracy.n}
        test = {} if isinstance(chance.test, Absent) else {"p": chance.test.p, "test": chance.test.method}
        yield {**base, "measure": "mean over participants", **_bounds(accuracy.interval), **test}
        yield {**base, "measure": "mean over participants, bootstrap", **_bounds(accuracy.bootstrap)}
    for row in results.yardsticks:
        base = {"part": "yardstick", "row": f"{row.observer}, {row.condition}", "n": row.n}
        yield {**base, "measure": "share correct", "value": row.correct}
        if not isinstance(row.error_consistency, Absent):
            yield {**base, "measure": "error consistency with people", "value": row.error_consistency}
    for level in results.details.breakdowns:
        where = f"{level.condition}, {level.by} {level.level}"
        base = {"part": "accuracy", "row": where, "value": level.mean, "n": level.n}
        yield {**base, "measure": "mean over participants", **_bounds(level.interval)}
    for feature in results.details.features:
        base = {"part": "feature", "row": f"{feature.condition}, {feature.feature}", "measure": "share correct"}
        yield {**base, "value": feature.share, "n": feature.n, **_bounds(feature.interval)}


def _comparison_lines(results: Results) -> Iterator[Line]:
    for row in results.main.comparisons:
        test = {} if isinstance(row.test, Absent) else {"p": row.test.p, "test": row.test.method}
        holm = {} if row.p_holm is None else {"p_holm": row.p_holm}
        base = {"part": "comparison", "row": f"{row.first} minus {row.second}", "n": row.n}
        yield {**base, "measure": "difference", "value": row.difference, **_bounds(row.interval), **test, **holm}
    for pair in results.details.effects:
        base = {"part": "comparison", "row": f"{pair.first} minus {pair.second}", "n": pair.n}
        for measure, effect in (("Cohen's h", pair.h), ("Cohen's dz", pair.dz)):
            if not isinstance(effect, Absent):
                yield {**base, "measure": measure, "value": effect.value, **_bounds(effect.interval)}
        if not isinstance(pair.bayes, Absent):
            yield {**base, "measure": "Bayes factor 10", "value": pair.bayes.bf10, "test": pair.bayes.method}
        if pair.units.p is not None:
            told = "sign-flip tests over participants and over features, the larger p"
            yield {**base, "measure": "both units", "p": pair.units.p, "test": told}


def _model_lines(results: Results) -> Iterator[Line]:
    model = results.model
    if isinstance(model, Absent):
        return
    for estimate in model.estimates:
        base = {"part": "mixed model", "row": estimate.condition, "measure": "log-odds", "n": model.participants}
        test = {"p": estimate.p, "test": "Wald"}
        yield {**base, "value": estimate.log_odds, **_bounds(estimate.interval), **test}
    for contrast in model.contrasts:
        base = {"part": "mixed model", "row": f"{contrast.first} minus {contrast.second}", "measure": "log-odds"}
        test = {"n": model.participants, "p": contrast.p, "test": "likelihood ratio"}
        value = "" if isinstance(contrast.log_odds, Absent) else contrast.log_odds
        yield {**base, "value": value, **_bounds(contrast.interval), **test}
    for name, sd in (("participant", model.participant_sd), ("feature", model.feature_sd)):
        yield {"part": "mixed model", "row": name, "measure": "SD of random intercepts", "value": sd}


def _detail_lines(results: Results) -> Iterator[Line]:
    base: Line
    for row in results.details.detections:
        for measure, estimate in (("d'", row.d_prime), ("criterion", row.criterion), ("share of left", row.left)):
            if not isinstance(estimate, Absent):
                base = {"part": "detection", "row": row.condition, "measure": measure, "n": row.n}
                yield {**base, "value": estimate.mean, **_bounds(estimate.interval)}
    for area in results.details.discriminations:
        if area.auroc is not None:
            base = {"part": "confidence", "row": area.condition, "measure": "AUROC", "n": area.n}
            yield {**base, "value": area.auroc, **_bounds(area.interval)}
    for time in results.details.times:
        base = {"part": "response time", "row": time.condition, "n": time.n}
        yield {**base, "measure": "median of medians, ms", "value": time.medians.median}
        yield {**base, "measure": "geometric mean, ms", "value": time.geometric_mean, **_bounds(time.interval)}
