"""The command that writes the export: the columns of ``analysis.columns``, whole or not at all."""

import csv
import datetime
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import DjangoAssertNumQueries

from analysis.columns import COLUMNS, NAMES, Kind
from analysis.reading import read_export
from studyapp.export import write_export
from studyapp.models import Participant, Response
from studyapp.selectors import current_trial, export_responses
from studyapp.services.enrolment import participant_enrol
from studyapp.services.progress import instructions_read
from studyapp.services.responses import response_record
from tests.studyapp.world import make_study, protocol_text


def answer_all(participant: Participant, most: int = 99) -> None:
    """Answer the trials in order, at ``most`` so many."""
    while (trial := current_trial(participant)) and trial.position <= most:
        response_record(
            participant=participant,
            trial_id=trial.public_id,
            client_id=uuid.uuid4(),
            choice="left",
            confidence=trial.position % 3 + 1,
            rt_ms=1000.0 + trial.position / 3,
        )


def exported(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_it_writes_exactly_the_columns_of_the_list_in_its_order(participant: Participant, tmp_path: Path) -> None:
    answer_all(participant)
    call_command("export_responses", "birds", "--out", str(tmp_path / "out.csv"))
    header = (tmp_path / "out.csv").read_text().splitlines()[0]
    assert header == ",".join(NAMES)


def test_it_writes_what_the_database_holds(participant: Participant, tmp_path: Path) -> None:
    answer_all(participant)
    call_command("export_responses", "birds", "--out", str(tmp_path / "out.csv"))
    rows = exported(tmp_path / "out.csv")
    assert [row["trial"] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    for row, response in zip(rows, Response.objects.order_by("trial__position"), strict=True):
        trial, pair = response.trial, response.trial.query_pair
        assert row == {
            "study": "birds",
            "protocol_sha256": participant.study.protocol_sha256,
            "participant": participant.code,
            "main_trials": "4",
            "trial": str(trial.position),
            "phase": "practice" if trial.position <= 2 else "main",
            "task": "held_out",
            "condition": trial.condition,
            "model": "small_net",
            "weights_sha256": "ab" * 32,
            "feature": pair.study_feature.feature.name,
            "references": "4",
            "batch": "1",
            "difficulty": "easy",
            "strong_image": pair.strong_image.sha256,
            "weak_image": pair.weak_image.sha256,
            "strong_activation": str(pair.strong_activation),
            "weak_activation": str(pair.weak_activation),
            "strong_rank": str(pair.strong_rank),
            "weak_rank": str(pair.weak_rank),
            "strong_side": trial.strong_side,
            "choice": "left",
            "correct": "true" if trial.strong_side == "left" else "false",
            "confidence": str(trial.position % 3 + 1),
            "rt_ms": str(1000.0 + trial.position / 3),
            "received_at": response.received_at.isoformat(),
        }


def test_it_writes_batch_and_difficulty_of_the_trial(db: None, tmp_path: Path) -> None:
    wishes = 'batches = 2\ndifficulties = ["easy", 80]'
    study = make_study(protocol_text(features=2, references=2, conditions=("exemplars",), stimuli=wishes))
    for _ in range(4):
        participant = participant_enrol(study=study, client_id=uuid.uuid4())
        instructions_read(participant=participant)
        participant.refresh_from_db()
        answer_all(participant)
    call_command("export_responses", "birds", "--out", str(tmp_path / "out.csv"))
    rows = [row for row in exported(tmp_path / "out.csv") if row["phase"] == "main"]
    met = {(row["feature"], row["batch"], row["difficulty"]) for row in rows}
    assert len(rows) == len(met) == 8
    assert {one[1:] for one in met} == {("1", "easy"), ("2", "easy"), ("1", "80"), ("2", "80")}
    frame = read_export(tmp_path / "out.csv")
    assert (str(frame["batch"].dtype), str(frame["difficulty"].dtype)) == ("int64", "string")


def test_who_left_early_has_the_main_trials_of_the_whole_session_and_rows_cost_no_queries(
    participant: Participant, tmp_path: Path, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    answer_all(participant)
    early = participant_enrol(study=participant.study, client_id=uuid.uuid4())
    instructions_read(participant=early)
    early.refresh_from_db()
    answer_all(early, most=3)
    with django_assert_num_queries(1):
        write_export(export_responses(participant.study), tmp_path / "out.csv")
    rows = exported(tmp_path / "out.csv")
    assert [row["participant"] for row in rows] == [participant.code] * 6 + [early.code] * 3
    assert {row["main_trials"] for row in rows} == {"4"}


def test_every_cell_is_written_as_its_column_declares(participant: Participant, tmp_path: Path) -> None:
    answer_all(participant)
    call_command("export_responses", "birds", "--out", str(tmp_path / "out.csv"))
    for row in exported(tmp_path / "out.csv"):
        for column in COLUMNS:
            cell = row[column.name]
            match column.kind:
                case Kind.INTEGER | Kind.REAL:
                    number = int(cell) if column.kind is Kind.INTEGER else float(cell)
                    assert column.low is None or number >= column.low
                    assert column.high is None or number <= column.high
                case Kind.CHOICE:
                    assert cell in column.choices
                case Kind.BOOLEAN:
                    assert cell in ("true", "false")
                case Kind.TIME:
                    assert datetime.datetime.fromisoformat(cell).tzinfo is not None
                case Kind.TEXT:
                    assert cell


def test_it_holds_nothing_by_which_the_session_could_be_opened(participant: Participant, tmp_path: Path) -> None:
    answer_all(participant)
    participant.refresh_from_db()
    call_command("export_responses", "birds", "--out", str(tmp_path / "out.csv"))
    text = (tmp_path / "out.csv").read_text()
    assert participant.token not in text
    assert participant.completion_code not in text


def test_a_study_without_responses_gives_a_header_only(
    participant: Participant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("export_responses", "birds", "--out", str(tmp_path / "out.csv"))
    assert (tmp_path / "out.csv").read_text() == ",".join(NAMES) + "\n"
    assert "Wrote 0 responses" in capsys.readouterr().out


def test_without_out_it_writes_a_file_named_after_the_study_here(
    participant: Participant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    call_command("export_responses", "birds")
    assert [path.name for path in tmp_path.iterdir()] == ["birds.csv"]


def test_an_unknown_study_is_answered_with_the_ones_that_exist(participant: Participant) -> None:
    with pytest.raises(CommandError, match=r"no study 'brids'; the studies are: birds\."):
        call_command("export_responses", "brids")


def test_a_missing_folder_is_named_and_how_to_mend_it(participant: Participant, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"No such file or directory; give another file with --out"):
        call_command("export_responses", "birds", "--out", str(tmp_path / "absent" / "out.csv"))


def test_an_export_that_fails_midway_leaves_the_former_file_and_no_other(
    participant: Participant, tmp_path: Path
) -> None:
    answer_all(participant)
    out = tmp_path / "out.csv"
    out.write_text("the former export")

    def interrupted() -> Iterator[Response]:
        yield from export_responses(participant.study)[:3]
        raise OSError("the connection is gone")

    with pytest.raises(OSError, match="gone"):
        write_export(interrupted(), out)
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert out.read_text() == "the former export"
