"""Reading an export: every row is checked against the shared columns, and nothing is repaired in silence.

The border of the package. What passes it is trusted by everything behind it.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from analysis.cells import CellError, Value, parse_cell
from analysis.columns import COLUMNS, NAMES, Column, Kind
from analysis.dry_run import PREFIX, is_synthetic

# What must be the same in every row: the report is about one study and one protocol, which names one network.
SINGLE = {"study": "studies", "protocol_sha256": "protocols", "model": "models", "weights_sha256": "weights"}
# What is said of a participant in each of their rows.
OF_THE_SESSION = ("rounds", "instructions_s", "place_lost")
# Two rows that agree in all of these are one answer.
OF_ONE_ANSWER = ("study", "participant", "feature", "strong_image", "weak_image", "received_at")
# Two participants whose answers all agree in these are one, under two codes.
OF_ONE_PARTICIPANT = ("feature", "strong_image", "weak_image", "choice", "confidence", "rt_ms", "received_at")
# What spreadsheets divide columns by where a comma is the sign of decimals.
OTHER_MARKS = {";": "semicolons", "\t": "tabs"}


class ExportError(ValueError):
    """The file cannot be analysed. ``problems`` holds one sentence for each thing to mend, in the file's order."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True)
class Row:
    """One record as it stands in the file; ``line`` is the line on which it begins, 1 for the header."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class Problem:
    """One thing to mend, and where."""

    line: int
    sentence: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.sentence}"


Record = dict[str, Value | None]


def read_export(path: Path) -> pd.DataFrame:
    """Read and check an export file; one row of the result is one answered trial.

    Columns are found by name and returned in the order of :data:`analysis.columns.COLUMNS`: text and choices as
    strings, integers as ``int64``, reals as ``float64``, booleans as ``bool``, times in UTC. Optional columns use
    the nullable type of the same kind.

    Raises:
        ExportError: the file cannot be read, or something in it does not fit; every problem is listed.
    """
    return parse_export(text_of(read_bytes(path), path))


def parse_export(text: str) -> pd.DataFrame:
    """Check the text of an export; as :func:`read_export`.

    Raises:
        ExportError: as for :func:`read_export`.
    """
    rows, broken = _rows(text)
    if not rows:
        raise ExportError(map(str, broken) if broken else ["The file is empty: not even the header is there."])
    header, *body = rows
    _check_divided_by_commas(header.cells)
    wrong_header = list(_header_problems(header.cells))
    if not body and not broken:
        wrong_header.append(Problem(1, "the file has no rows after the header, so there are no answers to analyse."))
    records, wrong_cells = _records(header.cells, body)
    of_sessions = [*_wrong_session_lengths(records), *_wrong_sessions(records)]
    problems = [*wrong_header, *broken, *wrong_cells, *_contradictions(records), *_repetitions(records), *of_sessions]
    problems += [*_mixture(records), *_copies(records)]
    if problems:
        raise ExportError(str(problem) for problem in sorted(problems, key=lambda problem: problem.line))
    return pd.DataFrame({column.name: _series(column, [record for _, record in records]) for column in COLUMNS})


def read_bytes(path: Path) -> bytes:
    """The content of a file that is given.

    Raises:
        ExportError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise ExportError([f"The file {path} cannot be read: {error.strerror}."]) from error


def text_of(content: bytes, path: Path) -> str:
    """The text of such a file; ``path`` for messages.

    Raises:
        ExportError: it is not UTF-8.
    """
    try:
        # A spreadsheet that saved the file may have put a byte order mark before the header; it is not data.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ExportError([f"The file {path} is not UTF-8 text (byte {error.start + 1} does not fit)."]) from error


def _rows(text: str) -> tuple[list[Row], list[Problem]]:
    """Split the text into records; reading stops where it is no longer CSV, since nothing after that can be told."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    while True:
        line = reader.line_num + 1
        try:
            rows.append(Row(line, next(reader)))
        except StopIteration:
            return rows, []
        except csv.Error as error:
            return rows, [Problem(line, f"this is not CSV from here on ({error}).")]


def _check_divided_by_commas(names: list[str]) -> None:
    """Refuse another dialect at once: of such a file nothing else can be told."""
    for mark, told in OTHER_MARKS.items():
        if len(names) == 1 and names[0].split(mark)[0] in NAMES and mark in names[0]:
            raise ExportError(
                [
                    f"line 1: the columns are divided by {told}, and those of an export by commas; give the file that "
                    "export_responses wrote, or save it with commas."
                ]
            )


def _header_problems(names: list[str]) -> Iterator[Problem]:
    for name in NAMES:
        if name not in names:
            yield Problem(1, f"the column {name} is missing.")
    for name in dict.fromkeys(names):
        if name not in NAMES:
            yield Problem(1, f"the column {name!r} is not one of an export's columns.")
        elif names.count(name) > 1:
            yield Problem(1, f"the column {name} stands {names.count(name)} times.")


def _records(header: list[str], rows: list[Row]) -> tuple[list[tuple[int, Record]], list[Problem]]:
    """Parse every cell under a known column; a cell that does not fit is a problem and missing in its record."""
    # Most cells repeat (codes, hashes, choices): each text is parsed once for each column.
    known = [
        (place, column, dict[str, Value | None]())
        for column in COLUMNS
        for place, name in enumerate(header)
        if name == column.name
    ]
    records: list[tuple[int, Record]] = []
    problems: list[Problem] = []
    for row in rows:
        if len(row.cells) != len(header):
            problems.append(Problem(row.line, _wrong_length(len(row.cells), len(header))))
            continue
        record: Record = {}
        for place, column, seen in known:
            text = row.cells[place]
            if text not in seen:
                try:
                    seen[text] = parse_cell(column, text)
                except CellError as error:
                    problems.append(Problem(row.line, f"{column.name} {error}."))
                    continue
            record[column.name] = seen[text]
        records.append((row.line, record))
    return records, problems


def _wrong_length(found: int, expected: int) -> str:
    if not found:
        return "the line is empty; remove it."
    return f"the row has {found} cells and the header {expected}."


def _contradictions(records: list[tuple[int, Record]]) -> Iterator[Problem]:
    """Cells that fit their columns and cannot be true together."""
    first_line: dict[tuple[Value | None, ...], int] = {}
    first_value: dict[str, Value | None] = {}
    for line, record in records:
        key = tuple(record.get(name) for name in ("study", "participant", "trial"))
        if None not in key:
            first = first_line.setdefault(key, line)
            if first != line:
                told = f"trial {key[2]} of participant {key[1]} in study {key[0]}"
                yield Problem(line, f"{told} stands already in line {first}; each trial may stand once.")
        for name, plural in SINGLE.items():
            value = record.get(name)
            first_value[name] = first_value.get(name) or value
            if value not in (None, first_value[name]):
                told = f"{name} is {value!r}, but {first_value[name]!r} in the rows above"
                yield Problem(line, f"{told}; a file with several {plural} cannot be analysed as one.")
        for sentence in _row_contradictions(record):
            yield Problem(line, sentence)


def _repetitions(records: list[tuple[int, Record]]) -> Iterator[Problem]:
    """Answers that stand twice under two numbers, and features that a participant met twice among the main trials."""
    first_line: dict[tuple[Value | None, ...], int] = {}
    trial_of: dict[tuple[Value | None, ...], Value | None] = {}
    for line, record in records:
        trial, who = record.get("trial"), record.get("participant")
        answer = tuple(record.get(name) for name in OF_ONE_ANSWER)
        met = (record.get("study"), who, record.get("feature"))
        seen = answer if answer in trial_of else met
        if record.get("phase") != "main" or None in met:
            continue
        if trial_of.get(seen, trial) != trial:
            told = f"trial {trial} of participant {who}"
            what = "is the same answer as" if seen == answer else f"asks about {met[2]} again, as does"
            why = "each answer may stand once" if seen == answer else "a participant meets each feature once"
            yield Problem(line, f"{told} {what} trial {trial_of[seen]} in line {first_line[seen]}; {why}.")
        for key in (answer, met):
            trial_of.setdefault(key, trial)
            first_line.setdefault(key, line)


def _mixture(records: list[tuple[int, Record]]) -> Iterator[Problem]:
    """The first participant who is simulated where the rows above are of people, or the other way round."""
    first: tuple[int, str] | None = None
    for line, record in records:
        match record:
            case {"participant": str(participant)}:
                first = first or (line, participant)
                if is_synthetic(participant) != is_synthetic(first[1]):
                    told = f"participant {participant} and participant {first[1]} in line {first[0]}"
                    why = f"one is a simulated participant ({PREFIX}...) and one is not"
                    yield Problem(line, f"{told} cannot be analysed as one study: {why}.")
                    return


def _copies(records: list[tuple[int, Record]]) -> Iterator[Problem]:
    """Participants who gave all answers of another one, at the very same times."""
    first_line: dict[str, int] = {}
    answers: dict[str, set[tuple[Value | None, ...]]] = {}
    for line, record in records:
        match record:
            case {"participant": str(participant), "phase": "main"}:
                first_line.setdefault(participant, line)
                answers.setdefault(participant, set()).add(tuple(record.get(name) for name in OF_ONE_PARTICIPANT))
    whose: dict[frozenset[tuple[Value | None, ...]], str] = {}
    for participant, given in answers.items():
        other = whose.setdefault(frozenset(given), participant)
        if other != participant:
            told = f"participant {participant} has the main answers of participant {other} ({len(given)}), at the same"
            yield Problem(first_line[participant], f"{told} times; each answer may stand once.")


def check_groups(export: pd.DataFrame) -> None:
    """Refuse an export of a study between participants in which one met two conditions.

    Raises:
        ExportError: naming the first such participant.
    """
    asked = export[(export["phase"] == "main") & ~export["catch"]]
    met = asked.groupby("participant")["condition"].unique()
    both = met[met.map(len) > 1]
    if len(both):
        named = " and ".join(sorted(both.iloc[0]))
        others = f", as {len(both) - 1} more have several" if len(both) > 1 else ""
        told = f"The protocol's design is between participants, but participant {both.index[0]} has answers with"
        raise ExportError([f"{told} {named}{others}; whom they belong to cannot be told."])


def _wrong_session_lengths(records: list[tuple[int, Record]]) -> Iterator[Problem]:
    """Rows whose ``main_trials`` cannot be the number of main trials that their participant was to answer."""
    first_row: dict[str, tuple[int, int]] = {}
    answered: Counter[str] = Counter()
    for line, record in records:
        match record:
            case {"participant": str(participant), "main_trials": int(trials), "phase": str(phase)}:
                first_line, first = first_row.setdefault(participant, (line, trials))
                if trials != first:
                    told = f"main_trials is {trials}, but {first} for the same participant in line {first_line}"
                    yield Problem(line, f"{told}; a session has one length.")
                answered[participant] += phase == "main"
                # Only the first row too many: those after it say nothing new.
                if phase == "main" and answered[participant] == first + 1:
                    told = f"this is main answer {first + 1} of participant {participant}"
                    yield Problem(line, f"{told}, whose session has {first} by main_trials.")


def _wrong_sessions(records: list[tuple[int, Record]]) -> Iterator[Problem]:
    """Rows that say of their participant's session what another row of it does not say."""
    first_row: dict[tuple[str, str], tuple[int, Value | None]] = {}
    for line, record in records:
        match record:
            case {"participant": str(participant)}:
                for name in OF_THE_SESSION:
                    if name not in record:
                        continue
                    value = record[name]
                    first_line, first = first_row.setdefault((participant, name), (line, value))
                    if value != first:
                        told = f"{name} is {_or_empty(value)}, but {_or_empty(first)} for the same participant"
                        yield Problem(line, f"{told} in line {first_line}.")


def _or_empty(value: Value | None) -> str:
    return "empty" if value is None else f"{value}"


def _row_contradictions(record: Record) -> Iterator[str]:
    match record:
        case {"strong_image": str(right), "weak_image": str(wrong)} if right == wrong:
            yield "strong_image and weak_image are the same, but a trial shows two images."
    match record:
        case {"choice": str(choice), "strong_side": str(side), "correct": bool(correct)} if correct != (choice == side):
            told = f"correct is {str(correct).lower()}, but the choice was {choice} and strong_side is {side}"
            yield f"{told}, which makes it {str(not correct).lower()}."
    yield from _phase_contradictions(record)
    # Of a catch trial the right choice is a copy of the evidence, whatever its figures.
    if record.get("catch"):
        return
    match record:
        case {"strong_rank": int(strong), "weak_rank": int(weak)} if strong >= weak:
            yield f"strong_rank is {strong} and weak_rank {weak}, but the strong query must stand before the weak one."
    match record:
        case {"strong_activation": float(high), "weak_activation": float(low)} if high < low:
            yield f"strong_activation is {high:g}, less than weak_activation, {low:g}."


def _phase_contradictions(record: Record) -> Iterator[str]:
    match record:
        case {"phase": "practice", "catch": True}:
            yield "catch is true in a practice trial, but catch trials stand among the main trials only."
    match record:
        case {"phase": "main", "round": int(number)} if number != 1:
            yield f"round is {number} in a main trial, where it must be 1."
    match record:
        case {"round": int(number), "rounds": int(taken)} if number > taken:
            yield f"round is {number}, but the participant took {taken} by rounds."


def _series(column: Column, records: list[Record]) -> "pd.Series":
    values = [record[column.name] for record in records]
    match column.kind:
        case Kind.TIME:
            # Offsets may differ between rows (summer time); UTC puts them on one scale.
            return pd.to_datetime(pd.Series(values, dtype="object"), utc=True)
        case Kind.INTEGER:
            return pd.Series(values, dtype="Int64" if column.optional else "int64")
        case Kind.BOOLEAN:
            return pd.Series(values, dtype="boolean" if column.optional else "bool")
        case Kind.REAL:
            return pd.Series(values, dtype="float64")
        case Kind.TEXT | Kind.CHOICE | Kind.SHA256:
            return pd.Series(values, dtype="string")
