"""Observers stand beside people, on the very same trials, and never among them."""

from pathlib import Path

import pytest

from analysis.__main__ import main
from analysis.absence import Absent
from analysis.observer_columns import OBSERVER_NAMES, OBSERVERS
from analysis.observers import read_observers, yardsticks
from analysis.reading import ExportError, parse_export
from tests.analysis.test_report import Page


def observers_text(rows: list[dict[str, str]]) -> str:
    lines = [",".join(row[name] for name in OBSERVER_NAMES) for row in rows]
    return "\n".join([",".join(OBSERVER_NAMES), *lines]) + "\n"


def observer_row(participant: str, trial: int, observer: str, choice: str) -> dict[str, str]:
    return {
        "study": "demo",
        "protocol_sha256": "ab" * 32,
        "participant": participant,
        "trial": str(trial),
        "observer": observer,
        "choice": choice,
    }


@pytest.fixture
def export_text(row, csv_text) -> str:  # type: ignore[no-untyped-def]
    # The strong side is left in odd trials. People are right in trials 1 and 2, wrong in 3, right in 4.
    right = (True, True, False, True)
    return csv_text([row("p1", trial, "exemplars", right[trial - 1]) for trial in (1, 2, 3, 4)])  # type: ignore[no-any-return]


# Right in trials 1, 2 and 3, wrong in 4.
PIXELS = [
    observer_row("p1", trial, "pixels", side) for trial, side in ((1, "left"), (2, "right"), (3, "left"), (4, "left"))
]


def test_shares_and_error_consistency_are_those_computed_by_hand(export_text: str, tmp_path: Path) -> None:
    path = tmp_path / "observers.csv"
    path.write_text(observers_text(PIXELS))
    trials = parse_export(export_text)
    (one,) = yardsticks(trials, read_observers(path, trials))
    assert (one.observer, one.condition, one.n, one.correct, one.people) == ("pixels", "exemplars", 4, 0.75, 0.75)
    # Both right in 2 of 4, never both wrong: observed agreement 0.5, expected 0.75^2 + 0.25^2 = 0.625.
    assert one.error_consistency == pytest.approx((0.5 - 0.625) / (1 - 0.625))


def test_an_observer_that_is_always_right_has_no_error_consistency(export_text: str, tmp_path: Path) -> None:
    path = tmp_path / "observers.csv"
    rows = [observer_row("p1", trial, "activation", "left" if trial % 2 else "right") for trial in (1, 2, 3, 4)]
    path.write_text(observers_text(rows))
    trials = parse_export(export_text)
    (one,) = yardsticks(trials, read_observers(path, trials))
    assert one.correct == 1.0
    assert isinstance(one.error_consistency, Absent)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"study": "other"}, "another study or protocol"),
        ({"trial": "9"}, "no trial 9 of participant p1"),
        ({"observer": "oracle"}, "not one of activation"),
        ({"choice": "both"}, "not one of left, right"),
        ({"trial": "2"}, "answered by pixels already"),
    ],
)
def test_a_file_that_does_not_fit_the_export_is_refused(
    export_text: str, tmp_path: Path, change: dict[str, str], told: str
) -> None:
    path = tmp_path / "observers.csv"
    path.write_text(observers_text([*PIXELS[:2], PIXELS[2] | change]))
    with pytest.raises(ExportError, match=told):
        read_observers(path, parse_export(export_text))


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([], "there is no answer after the header"),
        (
            PIXELS[:2],
            "pixels has no answer to 2 of 4 main trials of the export, the first being trial 3 of participant",
        ),
    ],
)
def test_a_file_that_is_not_whole_is_refused(
    export_text: str, tmp_path: Path, rows: list[dict[str, str]], told: str
) -> None:
    path = tmp_path / "observers.csv"
    path.write_text(observers_text(rows))
    with pytest.raises(ExportError, match=told):
        read_observers(path, parse_export(export_text))


def test_observers_answer_no_catch_and_no_practice_trials(row, csv_text, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    rows = [row("p1", trial, "exemplars", True, main_trials="6") for trial in (1, 2, 3, 4)]
    rows += [row("p1", 5, "exemplars", True, main_trials="6", catch="true")]
    rows += [row("p1", 6, "exemplars", True, main_trials="6", phase="practice")]
    path = tmp_path / "observers.csv"
    path.write_text(observers_text(PIXELS))
    assert len(read_observers(path, parse_export(csv_text(rows)))) == 4


def test_an_export_given_as_observers_is_refused_with_one_sentence(export_text: str, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(export_text)
    with pytest.raises(ExportError, match="is this the file that export_observers wrote"):
        read_observers(path, parse_export(export_text))


def test_the_report_shows_yardsticks_apart_and_changes_nothing_else(export_text: str, tmp_path: Path) -> None:
    export, observers = tmp_path / "export.csv", tmp_path / "observers.csv"
    export.write_text(export_text)
    observers.write_text(observers_text(PIXELS))
    pages = {}
    for name, more in (("without", []), ("with", ["--observers", str(observers)])):
        out = tmp_path / f"{name}.html"
        assert main([str(export), "--out", str(out), *more]) == 0
        pages[name] = Page(out.read_text())
    assert "yardstick-table" not in pages["without"].tables
    rows = pages["with"].tables.pop("yardstick-table")
    assert rows[1][:5] == ["pixels", "exemplars", "4", "75.0%", "75.0%"]
    assert pages["with"].tables == pages["without"].tables
    told = " ".join(pages["with"].text)
    assert OBSERVERS["pixels"] in told
    assert not any(OBSERVERS[name] in told for name in ("activation", "structure", "lapses"))
    assert set(OBSERVERS) == {"activation", "lapses", "pixels", "structure", "chance"}
