"""The results for machines: everything as JSON."""

import json
import math
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel

from analysis.absence import Absent
from analysis.results import Results
from analysis.verdicts import caveats, standing, stopped, verdict

# Raw tables, which the export holds already; and a verdict stands only with its standing.
LEFT_OUT = {
    ("Selection", "main"),
    ("Selection", "analysed"),
    ("Selection", "broken"),
    ("Effect", "values"),
    ("Findings", "scores"),
    ("HypothesisResult", "verdict"),
}


def results_json(results: Results, *, export_sha256: str) -> str:
    """Every field of the results; what does not exist is ``{"absent": why}``."""
    plain = {"export_sha256": export_sha256, "standing": standing(results), **_plain(results)}
    for told, row in zip(plain["hypotheses"], results.hypotheses, strict=True):
        told |= {
            "standing": standing(results),
            "verdict": verdict(row, results),
            "stopping_rule_missed": stopped(results),
            "caveats": list(caveats(row, results)),
        }
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
