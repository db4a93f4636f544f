"""Responses as rows of the export, column by column as ``analysis.columns`` lists them."""

import csv
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.columns import NAMES

if TYPE_CHECKING:
    from studyapp.selectors import ExportedResponse


def export_row(response: "ExportedResponse") -> dict[str, str]:
    """One answered trial as the text of its cells, by column name."""
    trial = response.trial
    participant, pair = trial.participant, trial.query_pair
    assert pair is not None
    feature = pair.study_feature.feature
    return {
        "study": participant.study.slug,
        "protocol_sha256": participant.study.protocol_sha256,
        "participant": participant.code,
        "main_trials": str(response.main_trials),
        "trial": str(trial.position),
        "phase": trial.phase,
        "task": trial.task,
        "condition": trial.condition,
        "model": feature.model.name,
        "weights_sha256": feature.model.weights_sha256,
        "feature": feature.name,
        "references": str(len(trial.reference_order)),
        "batch": str(pair.batch),
        "difficulty": pair.difficulty,
        "strong_image": pair.strong_image.sha256,
        "weak_image": pair.weak_image.sha256,
        "strong_activation": repr(pair.strong_activation),
        "weak_activation": repr(pair.weak_activation),
        "strong_rank": str(pair.strong_rank),
        "weak_rank": str(pair.weak_rank),
        "strong_side": trial.strong_side,
        "choice": response.choice,
        "correct": "true" if response.correct else "false",
        "confidence": str(response.confidence),
        "rt_ms": repr(response.rt_ms),
        "received_at": response.received_at.isoformat(),
    }


def write_export(responses: "Iterable[ExportedResponse]", path: Path) -> int:
    """Write the responses to a CSV file and return how many they are.

    The file appears under its name only when it is whole: a reader never sees half an export.

    Raises:
        OSError: the folder is missing or cannot be written to.
    """
    rows = 0
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    partial = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, NAMES, lineterminator="\n")
            writer.writeheader()
            for response in responses:
                writer.writerow(export_row(response))
                rows += 1
            file.flush()
            os.fsync(file.fileno())
        # Temporary files are readable by their owner only; an export is an ordinary file.
        partial.chmod(0o644)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return rows
