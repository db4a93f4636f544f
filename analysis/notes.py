"""The notes under each table: which interval and which test every row has, or why it has none."""

from collections.abc import Iterable, Iterator

from analysis.absence import Absent
from analysis.accuracy import ConditionAccuracy
from analysis.breakdown import FeatureAccuracy, LevelAccuracy
from analysis.confidence import LEVELS, Calibration, Discrimination
from analysis.detection import Detection
from analysis.equivalence import EquivalenceTest
from analysis.hypotheses import Effect, HypothesisResult
from analysis.intervals import Interval
from analysis.learning import Learning
from analysis.observers import Yardstick
from analysis.participant_tests import ParticipantTest
from analysis.response_times import ResponseTimes
from analysis.results import PairEffects, Results, Robustness
from analysis.significance import ChanceTest, Comparison
from analysis.verdicts import caveats, other_way
from analysis.wording import equivalence_level, p_value, points

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


def hypothesis_notes(rows: Iterable[HypothesisResult], results: Results) -> list[str]:
    """Notes for the table of hypotheses: why one was not tested, what each interval is, what must be known beside."""
    return _grouped(
        (row.hypothesis.name, sentence)
        for row in rows
        for sentence in (
            *((row.test.why,) if isinstance(row.test, Absent) else ()),
            *((f"Points: {_interval_note(row.effect.interval)}",) if isinstance(row.effect, Effect) else ()),
            *(_equivalence_notes(row.test, results) if isinstance(row.test, EquivalenceTest) else ()),
            *((_other_way(results),) if other_way(row, results) else ()),
            *caveats(row, results),
        )
    )


def _equivalence_notes(test: EquivalenceTest, results: Results) -> Iterator[str]:
    level, ends = equivalence_level(results.plan.alpha), f"{points(test.low)} to {points(test.high)}"
    yield f"Equivalence: {test.method}. Their {level} interval, not corrected, is {ends} points."


def _other_way(results: Results) -> str:
    return f"The two-sided test finds an effect at {results.plan.alpha:g}, but opposite to what is claimed."


def effect_notes(rows: Iterable[PairEffects]) -> list[str]:
    """Notes for the table of effect sizes."""
    return _grouped(
        (f"{row.first} minus {row.second}", sentence)
        for row in rows
        for sentence in (
            *(
                f"{name}: {effect.why}" if isinstance(effect, Absent) else f"{name}: {_interval_note(effect.interval)}"
                for name, effect in (("h", row.h), ("dz", row.dz) if row.design == "within" else ("d", row.d))
            ),
            row.bayes.why if isinstance(row.bayes, Absent) else f"BF10: {row.bayes.method}, n = {row.bayes.n}.",
            *_unit_notes(row),
        )
    )


def _unit_notes(row: PairEffects) -> Iterator[str]:
    for name, test in (("participants", row.units.participants), ("features", row.units.features)):
        if isinstance(test, Absent):
            yield f"Over {name} with answers in both conditions: {test.why}"
        else:
            yield f"Over {name}: {test.method}, n = {test.n}."


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


def time_notes(rows: Iterable[ResponseTimes], missing: Iterable[Absent]) -> list[str]:
    """Notes for the table of response times, and why a condition is not in it."""
    return [
        *_grouped((row.condition, _interval_note(row.interval)) for row in rows),
        *(absent.why for absent in missing),
    ]


def calibration_notes(rows: Iterable[Calibration]) -> list[str]:
    """Notes for the table of accuracies by confidence."""
    return _grouped(
        (f"{row.condition}, {row.confidence} {LEVELS[row.confidence]}", _interval_note(row.interval)) for row in rows
    )


def session_notes(found: Learning) -> list[str]:
    """Notes for the table of the session and the change under it."""
    parts = _grouped((part.name, _interval_note(part.interval)) for part in found.parts)
    told = (f"Change: {sentence}" for sentence in (_interval_note(found.interval), *_test_notes(found.test)))
    return [*parts, *told]


def feature_notes(rows: Iterable[FeatureAccuracy]) -> list[str]:
    """Notes for the table of features."""
    return _grouped((f"{row.feature}, {row.condition}", _interval_note(row.interval)) for row in rows)


def yardstick_notes(rows: Iterable[Yardstick]) -> list[str]:
    """Notes for the table of yardsticks: why an error consistency is missing."""
    return _grouped(
        (
            f"{row.observer}, {row.condition}",
            row.error_consistency.why if isinstance(row.error_consistency, Absent) else "",
        )
        for row in rows
    )


def robustness_notes(rows: Iterable[Robustness]) -> list[str]:
    """Notes for the robustness table: its tests stand in its rows."""
    told = {row.substitute: None for row in rows if row.substitute}
    return [*told, *_grouped(note for row in rows for note in (*_repeated_notes(row), *_effect_notes(row)))]


def _repeated_notes(row: Robustness) -> Iterator[Note]:
    for result in row.hypotheses:
        name = f"{result.hypothesis.name} (without: {row.sentence})"
        if isinstance(result.effect, Effect):
            yield name, f"Points: {_interval_note(result.effect.interval)}"
        if isinstance(result.test, Absent):
            yield name, result.test.why


def _effect_notes(row: Robustness) -> Iterator[Note]:
    for effect in () if row.hypotheses else row.effects:
        name = f"{effect.first} minus {effect.second} (without: {row.sentence})"
        yield name, f"Points: {_interval_note(effect.interval)}"
        if isinstance(effect.test, Absent):
            yield name, effect.test.why


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
        of = f"{test.n} participants" if test.looked_at == test.n else f"the {test.looked_at} values that are not 0"
        yield f"With {of} p cannot fall below {least}, whatever they had answered."


def _grouped(notes: Iterable[Note]) -> list[str]:
    """Each sentence once, with the rows that it is about, or that it is not about if these are fewer; "" is none."""
    rows_of: dict[str, dict[str, None]] = {}
    rows: dict[str, None] = {}
    for row, sentence in notes:
        rows_of.setdefault(sentence, {})[row] = None
        rows[row] = None
    return [f"{_about(about, rows)}{sentence}" for sentence, about in rows_of.items() if sentence]


def _about(about: dict[str, None], rows: dict[str, None]) -> str:
    others = [row for row in rows if row not in about]
    if not others:
        return ""
    if len(others) < len(about):
        return f"All but {', '.join(others)}: "
    return f"{', '.join(about)}: "
