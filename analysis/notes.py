"""The notes under each table: which interval and which test every row has, or why it has none."""

from collections.abc import Iterable, Iterator

from analysis.absence import Absent
from analysis.accuracy import ConditionAccuracy
from analysis.intervals import Interval
from analysis.participant_tests import ParticipantTest
from analysis.significance import ChanceTest, Comparison
from analysis.wording import p_value

Note = tuple[str, str]  # the row that a sentence is about, and the sentence


def accuracy_notes(accuracies: Iterable[ConditionAccuracy]) -> list[str]:
    """Notes for a table of accuracies."""
    return _grouped((row.condition, _interval_note(row.interval)) for row in accuracies)


def chance_notes(tests: Iterable[ChanceTest]) -> list[str]:
    """Notes for a table of conditions against chance."""
    return _grouped((row.condition, sentence) for row in tests for sentence in _test_notes(row.test))


def comparison_notes(comparisons: Iterable[Comparison]) -> list[str]:
    """Notes for a table of paired comparisons."""
    return _grouped(
        (f"{row.first} minus {row.second}", sentence)
        for row in comparisons
        for sentence in (_interval_note(row.interval), *_test_notes(row.test))
    )


def _interval_note(interval: Interval | Absent) -> str:
    return interval.why if isinstance(interval, Absent) else f"Interval: {interval.method}."


def _test_notes(test: ParticipantTest | Absent) -> Iterator[str]:
    if isinstance(test, Absent):
        yield test.why
        return
    yield f"Test: {test.method}, n = {test.n}."
    yield f"Null hypothesis: {test.null_hypothesis}."
    if test.smallest_p > 0.05:
        least = p_value(test.smallest_p)
        yield f"With {test.n} participants p cannot fall below {least}, whatever they had answered."


def _grouped(notes: Iterable[Note]) -> list[str]:
    """Each sentence once, with the rows that it is about unless it is about all of them."""
    rows_of: dict[str, dict[str, None]] = {}
    rows: set[str] = set()
    for row, sentence in notes:
        rows_of.setdefault(sentence, {})[row] = None
        rows.add(row)
    return [
        sentence if len(about) == len(rows) else f"{', '.join(about)}: {sentence}"
        for sentence, about in rows_of.items()
    ]
