"""What a study holds as rows of CSV files, column by column as ``analysis.columns`` lists them."""

import csv
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from analysis.columns import BROWSER_FIELDS, EVENT_COLUMNS, NAMES, QUESTIONNAIRE_COLUMNS, RECRUITER_COLUMNS, Column
from studyapp.models import Participant, Place, QuestionnaireAnswers, RecruiterIdentity, Response
from studyapp.tasks.registry import task_of

if TYPE_CHECKING:
    from studyapp.selectors import ExportedResponse

Cells = Mapping[str, str]
BROWSER_NAMES = frozenset(field.name for field in BROWSER_FIELDS)
FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r")


def export_row(response: "ExportedResponse") -> dict[str, str]:
    """One answered trial as the text of its cells, by column name."""
    trial = response.trial
    participant, feature = trial.participant, trial.pair.study_feature.feature
    choices = task_of(trial).choices(trial)
    return {
        "study": participant.study.slug,
        "protocol_sha256": participant.study.protocol_sha256,
        "participant": participant.code,
        "main_trials": str(participant.main_trials),
        "rounds": str(response.rounds),
        "instructions_s": _cell(_seconds_on_instructions(participant)),
        "place_lost": _cell(participant.released_at is not None),
        "trial": str(trial.position),
        "phase": trial.phase,
        "round": str(trial.round),
        "catch": _cell(trial.is_catch),
        "task": trial.task,
        "condition": trial.condition,
        "model": feature.model.name,
        "weights_sha256": feature.model.weights_sha256,
        "feature": feature.name,
        "references": str(len(trial.reference_order)),
        "batch": str(trial.batch),
        "difficulty": choices.difficulty,
        "strong_image": choices.right.sha256,
        "weak_image": choices.wrong.sha256,
        "strong_activation": _cell(choices.right.activation),
        "weak_activation": _cell(choices.wrong.activation),
        "strong_rank": _cell(choices.right.rank),
        "weak_rank": _cell(choices.wrong.rank),
        "foil_feature": choices.foil_feature,
        "strong_side": trial.strong_side,
        "choice": response.choice,
        "correct": _cell(response.correct),
        "confidence": str(response.confidence),
        "rt_ms": repr(response.rt_ms),
        **{name: _cell(response.data.get(name)) for name in BROWSER_NAMES},
        "task_data": _cell({name: value for name, value in response.data.items() if name not in BROWSER_NAMES} or None),
        "received_at": response.received_at.isoformat(),
    }


def event_rows(responses: Iterable[Response]) -> Iterator[Cells]:
    """What happened during answered trials, one row each."""
    for response in responses:
        trial = response.trial
        for ms, name, detail in response.events:
            cells = {"participant": trial.participant.code, "trial": str(trial.position)}
            yield {**cells, "ms": _cell(ms), "name": name, "detail": _cell(detail)}


def questionnaire_rows(pages: Iterable[QuestionnaireAnswers]) -> Iterator[Cells]:
    """Answers to questionnaires, one row for each question, in the order in which the protocol asks them."""
    for page in pages:
        for name in _asked(page):
            value = _no_formula(page.answers[name])
            yield {"participant": page.participant.code, "place": page.place, "name": name, "value": value}


def _asked(page: QuestionnaireAnswers) -> list[str]:
    """The names of a page's answers. The database keeps no order of them: the protocol does."""
    plan = page.participant.study.plan
    table = plan.questionnaire_before if page.place == Place.BEFORE else plan.questionnaire_after
    order = [question.name for question in table.questions] if table else []
    return sorted(page.answers, key=lambda name: order.index(name) if name in order else len(order))


def _no_formula(answer: object) -> str:
    """An answer's cell, with an apostrophe before a text that a spreadsheet would compute."""
    cell = _cell(answer)
    return f"'{cell}" if isinstance(answer, str) and cell.startswith(FORMULA_BEGINS) else cell


def recruiter_rows(identities: Iterable[RecruiterIdentity]) -> Iterator[Cells]:
    """Who is who: personal data."""
    for identity in identities:
        yield {"participant": identity.participant.code, "external_id": identity.external_id}


def write_export(responses: "Iterable[ExportedResponse]", path: Path) -> int:
    """Write the responses to a CSV file and return how many they are.

    Raises:
        OSError: as for :func:`write_rows`.
    """
    return write_rows(map(export_row, responses), NAMES, path)


def write_events(responses: Iterable[Response], path: Path) -> int:
    """As :func:`write_export`, of what happened during the trials."""
    return write_rows(event_rows(responses), _names(EVENT_COLUMNS), path)


def write_questionnaires(pages: Iterable[QuestionnaireAnswers], path: Path) -> int:
    """As :func:`write_export`, of the answers to questionnaires, in a file that its owner alone can read.

    They say of people what the study asks them, such as their age.
    """
    names = _names(QUESTIONNAIRE_COLUMNS)
    # Every cell in quotes: csv leaves a carriage return without, where a reader then sees the end of the row.
    return write_rows(questionnaire_rows(pages), names, path, mode=0o600, quoting=csv.QUOTE_ALL)


def write_recruiter_ids(identities: Iterable[RecruiterIdentity], path: Path) -> int:
    """As :func:`write_export`, of the participants' ids at their recruiter, in a file that its owner alone can read."""
    return write_rows(recruiter_rows(identities), _names(RECRUITER_COLUMNS), path, mode=0o600)


def write_rows(
    rows: Iterable[Cells],
    names: Sequence[str],
    path: Path,
    *,
    mode: int = 0o644,
    quoting: Literal[0, 1] = csv.QUOTE_MINIMAL,
) -> int:
    """Write rows to a CSV file and return how many they are.

    The file appears under its name only when it is whole: a reader never sees half an export.

    Raises:
        OSError: the folder is missing or cannot be written to.
    """
    written = 0
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    partial = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names, lineterminator="\n", quoting=quoting)
            writer.writeheader()
            for row in rows:
                writer.writerow(row)
                written += 1
            file.flush()
            os.fsync(file.fileno())
        # Temporary files are readable by their owner only; an export is an ordinary file.
        partial.chmod(mode)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return written


def _names(columns: Sequence[Column]) -> list[str]:
    return [column.name for column in columns]


def _cell(value: object) -> str:
    """A value as its column's kind is written; nothing for None."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case float():
            return repr(value)
        case _:
            return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _seconds_on_instructions(participant: Participant) -> float | None:
    shown, read = participant.instructions_shown_at, participant.instructions_read_at
    return (read - shown).total_seconds() if shown and read else None
