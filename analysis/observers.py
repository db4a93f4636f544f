"""Observers as yardsticks: what would be answered on the very same trials without understanding anything.

An observer is no person: its answers come in a file of their own and never enter a test or an interval. Beside human
accuracy they tell a reader how much of it image similarity alone would explain.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.absence import Absent
from analysis.cells import CellError, Value, parse_cell
from analysis.observer_columns import OBSERVER_COLUMNS, OBSERVER_NAMES, OBSERVERS
from analysis.reading import ExportError

# More would bury the first, which is what is to be mended.
MOST_PROBLEMS = 20


@dataclass(frozen=True)
class Yardstick:
    """One observer in one condition, on the ``n`` analysed trials that people answered there.

    Attributes:
        observer: its name.
        condition: of the trials.
        n: how many trials.
        correct: the share of them that the observer answered rightly.
        people: the share that people answered rightly, over trials.
        error_consistency: Cohen's kappa of being right on the same trials (Geirhos et al. 2020): 0 where the two are
            right together no more often than by chance, 1 where always.
    """

    observer: str
    condition: str
    n: int
    correct: float
    people: float
    error_consistency: float | Absent

    @property
    def meaning(self) -> str:
        """What the observer goes by."""
        return OBSERVERS[self.observer]


def read_observers(path: Path, export: pd.DataFrame) -> pd.DataFrame:
    """Read and check a file of observers' answers to the trials of a checked ``export``.

    Returns:
        Columns ``participant``, ``trial``, ``observer`` and ``choice``.

    Raises:
        ExportError: the file cannot be read, is of another study, or does not fit the export; problems are listed.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ExportError([f"The file {path} cannot be read: {error.strerror}."]) from error
    except UnicodeDecodeError as error:
        raise ExportError([f"The file {path} is not UTF-8 text (byte {error.start + 1} does not fit)."]) from error
    records, problems = _records(text)
    if not problems:
        problems = [*_misfits(records, export), *_missing(records, export)]
    if problems:
        told = problems[:MOST_PROBLEMS]
        more = [f"... and {len(problems) - len(told)} more problems."] if len(problems) > len(told) else []
        raise ExportError([f"{path}: {problem}" for problem in (*told, *more)])
    return pd.DataFrame.from_records(records, columns=list(OBSERVER_NAMES))[
        ["participant", "trial", "observer", "choice"]
    ]


def _records(text: str) -> tuple[list[dict[str, Value | None]], list[str]]:
    try:
        header, *rows = list(csv.reader(io.StringIO(text, newline=""), strict=True)) or [[]]
    except csv.Error as error:
        return [], [f"this is not CSV ({error})."]
    if sorted(header) != sorted(OBSERVER_NAMES):
        return [], [f"the columns must be {', '.join(OBSERVER_NAMES)}; is this the file that export_observers wrote?"]
    columns = {column.name: column for column in OBSERVER_COLUMNS}
    records: list[dict[str, Value | None]] = []
    problems: list[str] = []
    for line, row in enumerate(rows, start=2):
        if len(row) != len(header):
            problems.append(f"row {line} has {len(row)} cells and the header {len(header)}.")
            continue
        record: dict[str, Value | None] = {}
        for name, cell in zip(header, row, strict=True):
            try:
                record[name] = parse_cell(columns[name], cell)
            except CellError as error:
                problems.append(f"row {line}: {name} {error}.")
        records.append(record)
    return records, problems


def _misfits(records: list[dict[str, Value | None]], export: pd.DataFrame) -> Iterator[str]:
    """What does not belong to the export: another study, a trial that is not there, an answer that stands twice."""
    first = export.iloc[0]
    known = set(zip(export["participant"], export["trial"], strict=True))
    seen: set[tuple[Value | None, ...]] = set()
    for line, record in enumerate(records, start=2):
        if (record["study"], record["protocol_sha256"]) != (first["study"], first["protocol_sha256"]):
            yield f"row {line} is of another study or protocol than the export; export both anew."
            return
        key = (record["participant"], record["trial"], record["observer"])
        if key[:2] not in known:
            yield f"row {line}: the export has no trial {key[1]} of participant {key[0]}; export both anew."
        if key in seen:
            yield f"row {line}: trial {key[1]} of participant {key[0]} was answered by {key[2]} already."
        seen.add(key)


def _missing(records: list[dict[str, Value | None]], export: pd.DataFrame) -> Iterator[str]:
    """Trials without an answer of an observer: a share of some trials is no yardstick for people's share of all."""
    if not records:
        yield "there is no answer after the header; export_observers writes one for each observer and trial."
    asked = export[(export["phase"] == "main") & ~export["catch"]]
    wanted = set(zip(asked["participant"], asked["trial"], strict=True))
    answered: dict[Value | None, set[tuple[Value | None, Value | None]]] = {}
    for record in records:
        answered.setdefault(record["observer"], set()).add((record["participant"], record["trial"]))
    for observer, trials in answered.items():
        missing = sorted(wanted - trials)
        if missing:
            participant, trial = missing[0]
            told = f"{observer} has no answer to {len(missing):,} of {len(wanted):,} main trials of the export"
            yield f"{told}, the first being trial {trial} of participant {participant}; export both anew."


def yardsticks(trials: pd.DataFrame, observers: pd.DataFrame) -> tuple[Yardstick, ...]:
    """Every observer in every condition of the analysed ``trials``, in the order of :data:`OBSERVERS`."""
    both = trials.merge(observers, on=["participant", "trial"], suffixes=("", "_observer"))
    both = both.assign(right=both["choice_observer"] == both["strong_side"])
    return tuple(
        _yardstick(name, str(condition), group)
        for name in OBSERVERS
        for condition, group in both[both["observer"] == name].groupby("condition")
    )


def _yardstick(observer: str, condition: str, group: pd.DataFrame) -> Yardstick:
    right, people = group["right"].to_numpy(dtype=bool), group["correct"].to_numpy(dtype=bool)
    own, theirs = float(right.mean()), float(people.mean())
    expected = own * theirs + (1 - own) * (1 - theirs)
    consistency: float | Absent = Absent("No error consistency: one of the two is always right, or always wrong.")
    if 0 < own < 1 and 0 < theirs < 1:
        consistency = (float((right == people).mean()) - expected) / (1 - expected)
    return Yardstick(observer, condition, len(group), own, theirs, consistency)
