"""Exports for the tests: made here row by row, independently of the code that is tested."""

import csv
import io
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from analysis.columns import NAMES
from analysis.reading import parse_export
from analysis.results import Results, analyse
from analysis.simulation import Assumptions, synthetic_export
from stimuli.protocol import ProtocolFile, read_protocol
from tests.analysis.published import NATURAL, NONE, SYNTHETIC

Row = dict[str, str]
ACCURACY = {"accentuation": 0.85, "exemplars": 0.65}


def one_row(participant: str, trial: int, condition: str, correct: bool, **cells: str) -> Row:
    """One valid row; the strong side alternates with the trial."""
    strong = "left" if trial % 2 else "right"
    other = "right" if trial % 2 else "left"
    row = {
        "study": "demo",
        "protocol_sha256": "ab" * 32,
        "participant": participant,
        "main_trials": "4",
        "rounds": "1",
        "instructions_s": "60.5",
        "place_lost": "false",
        "trial": str(trial),
        "phase": "main",
        "round": "1",
        "catch": "false",
        "task": "held_out",
        "condition": condition,
        "model": "efficientnet_lite0",
        "weights_sha256": "cd" * 32,
        "feature": f"logit={trial}",
        "references": "9",
        "batch": "1",
        "difficulty": "easy",
        "strong_image": "01" * 32,
        "weak_image": "02" * 32,
        "strong_activation": "7.25",
        "weak_activation": "-1e-3",
        "strong_rank": "10",
        "weak_rank": "391",
        "foil_feature": "",
        "strong_side": strong,
        "choice": strong if correct else other,
        "correct": "true" if correct else "false",
        "confidence": "2",
        "rt_ms": "1500.5",
        "input": "mouse",
        "shown_times": "1",
        "images_ms": "250.25",
        "frame_ms": "16.7",
        "blurs": "0",
        "hidden_ms": "0",
        "resizes": "0",
        "flips": "2",
        "original_ms": "",
        "device_pixel_ratio": "1.5",
        "viewport_width": "1440",
        "viewport_height": "900",
        "task_data": "",
        # Nobody answers in the microsecond of another one.
        "received_at": f"2026-03-14T15:09:26.{zlib.crc32(participant.encode()) % 1_000_000:06}+00:00",
    }
    assert set(row) == set(NAMES), "the rows of the tests must have the columns of an export"
    return row | cells


@pytest.fixture(scope="session")
def row() -> Callable[..., Row]:
    return one_row


@pytest.fixture(scope="session")
def rows_of() -> Callable[..., list[Row]]:
    """Rows from counts: ``{participant: {condition: (correct, answered)}}``.

    Everyone is complete, unless sessions are said to have had ``main_trials``.
    """

    def make(counts: dict[str, dict[str, tuple[int, int]]], main_trials: int | None = None) -> list[Row]:
        rows: list[Row] = []
        for participant, conditions in counts.items():
            trial = 0
            session = str(main_trials or sum(answered for _, answered in conditions.values()))
            for condition, (correct, answered) in conditions.items():
                for place in range(answered):
                    trial += 1
                    rows.append(one_row(participant, trial, condition, place < correct, main_trials=session))
        return rows

    return make


@pytest.fixture(scope="session")
def csv_text() -> Callable[..., str]:
    def write(rows: Iterable[Row], names: Iterable[str] = NAMES) -> str:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, list(names), extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()

    return write


@pytest.fixture(scope="session")
def borowski() -> dict[str, dict[str, tuple[int, int]]]:
    """Experiment I of Borowski et al. (2021): correct answers of 45 for each of 10 participants and 3 conditions."""
    return {
        f"p{number:02}": {"natural": (natural, 45), "synthetic": (synthetic, 45), "none": (none, 45)}
        for number, (natural, synthetic, none) in enumerate(zip(NATURAL, SYNTHETIC, NONE, strict=True), 1)
    }


PROTOCOL = """\
slug = "demo"
title = "Demo"
seed = 7

[stimuli]
model = "efficientnet_lite0"
pool = "small"
features = [{features}]
practice_features = ["logit=900"]
references = 9

[trials]
conditions = ["exemplars", "accentuation"]

[consent]
version = "1"
text = "I agree."

[instructions]
text = "Choose the image."

[completion]
text = "Thank you."

"""


@pytest.fixture
def protocol_file(tmp_path: Path) -> Callable[..., ProtocolFile]:
    """A protocol of so many features with a plan, read from a file."""

    def make(plan: str = "", features: int = 16) -> ProtocolFile:
        names = [f'"blocks.{4 + number % 2}.0:channel={number}"' for number in range(features)]
        path = tmp_path / "protocol.toml"
        path.write_text(PROTOCOL.format(features=", ".join(names)) + plan)
        return read_protocol(path)

    return make


@pytest.fixture
def between_file(protocol_file: Callable[..., ProtocolFile], tmp_path: Path) -> Callable[..., ProtocolFile]:
    """The same protocol with one condition for each participant."""

    def make(plan: str = "") -> ProtocolFile:
        protocol_file(plan)
        path = tmp_path / "protocol.toml"
        path.write_text(path.read_text().replace("[trials]", '[trials]\ndesign = "between"'))
        return read_protocol(path)

    return make


EQUIVALENT = """
[[analysis.hypotheses]]
name = "Alike"
first = "accentuation"
second = "exemplars"
claim = "equivalent"
margin = 0.25
"""
PLAN = """
[[analysis.hypotheses]]
name = "More"
first = "accentuation"
second = "exemplars"

[[analysis.hypotheses]]
name = "Above chance"
first = "exemplars"
second = "chance"
"""


@pytest.fixture(scope="session")
def plan() -> str:
    """Two hypotheses as they stand in a protocol."""
    return PLAN


def answered_by_people(text: str) -> str:
    """A synthetic export under other codes: what is tested with it is what is said of people."""
    return text.replace("synthetic-", "person-")


@pytest.fixture
def study(protocol_file: Callable[..., ProtocolFile], plan: str) -> Callable[..., Results]:
    """A protocol with a plan and the results of an export of it, which ``change`` may change first."""

    def make(text=plan, *, participants=16, change=lambda export: export, file=None, **keys):  # type: ignore[no-untyped-def]
        file = file or protocol_file(text)
        text = synthetic_export(file, Assumptions(ACCURACY), participants=participants, seed=3)
        export = parse_export(answered_by_people(text))
        return analyse(change(export), seed=1, protocol=file, **keys)

    return make
