"""The notes under each table: which interval and which test every row has, or why it has none."""

from collections.abc import Iterable, Iterator

from analysis.absence import Absent
from analysis.accuracy import ConditionAccuracy
from analysis.breakdown import LevelAccuracy
from analysis.confidence import Discrimination
from analysis.detection import Detection
from analysis.equivalence import EquivalenceTest
from analysis.hypotheses import Effect, HypothesisResult
from analysis.intervals import Interval
from analysis.participant_tests import ParticipantTest
from analysis.response_times import ResponseTimes
from analysis.results import PairEffects, Robustness
from analysis.significance import ChanceTest, Comparison
from analysis.wording import p_value

Note = tuple[str, str]  # the row that a sentence is about, and the sentence


def accuracy_notes(accuracies: Iterable[ConditionAccuracy]) -> list[str]:
    """Notes for a table of accuracies."""
    return _grouped(
        (row.condition, _interval_note(interval)) for row in accuracies for interval in (row.interval, row.bootstrap)
    )


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


def hypothesis_notes(rows: Iterable[HypothesisResult]) -> list[str]:
    """Notes for the table of hypotheses: why one was not tested, and what each interval is."""
    return _grouped(
        (row.hypothesis.name, sentence)
        for row in rows
        for sentence in (
            *((row.test.why,) if isinstance(row.test, Absent) else ()),
            *((_interval_note(row.effect.interval),) if isinstance(row.effect, Effect) else ()),
            *((f"Equivalence: {row.test.method}.",) if isinstance(row.test, EquivalenceTest) else ()),
        )
    )


def effect_notes(rows: Iterable[PairEffects]) -> list[str]:
    """Notes for the table of effect sizes."""
    return _grouped(
        (f"{row.first} minus {row.second}", sentence)
        for row in rows
        for sentence in (
            *(
                f"{name}: {effect.why}" if isinstance(effect, Absent) else f"{name}: {_interval_note(effect.interval)}"
                for name, effect in (("h", row.h), ("dz", row.dz))
            ),
            row.bayes.why if isinstance(row.bayes, Absent) else f"BF10: {row.bayes.method}, n = {row.bayes.n}.",
            *_unit_notes(row),
        )
    )


def _unit_notes(row: PairEffects) -> Iterator[str]:
    for name, test in (("participants", row.units.participants), ("features", row.units.features)):
        yield test.why if isinstance(test, Absent) else f"Over {name}: {test.method}, n = {test.n}."


def level_notes(rows: Iterable[LevelAccuracy]) -> list[str]:
    """Notes for a table of accuracies by kind of trial."""
    return _grouped(
        (f"{row.level}, {row.condition}", _interval_note(interval))
        for row in rows
        for interval in (row.interval, row.bootstrap)
    )


def detection_notes(rows: Iterable[Detection]) -> list[str]:
    """Notes for the table of sensitivities."""
    return _grouped(
        (row.condition, row.d_prime.why if isinstance(row.d_prime, Absent) else _interval_note(row.d_prime.interval))
        for row in rows
    )


def discrimination_notes(rows: Iterable[Discrimination]) -> list[str]:
    """Notes for the table of AUROCs."""
    return _grouped((row.condition, _interval_note(row.interval)) for row in rows)


def time_notes(rows: Iterable[ResponseTimes]) -> list[str]:
    """Notes for the table of response times."""
    return _grouped((row.condition, _interval_note(row.interval)) for row in rows)


def robustness_notes(rows: Iterable[Robustness]) -> list[str]:
    """Notes for the robustness table."""
    return _grouped(
        (f"{row.sentence}, {effect.first} minus {effect.second}", sentence)
        for row in rows
        for effect in row.effects
        for sentence in (_interval_note(effect.interval), *_test_notes(effect.test))
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
