"""The command that writes the export: the columns of ``analysis.columns``, whole or not at all."""

import csv
import datetime
import json
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from analysis.columns import (
    BROWSER_FIELDS,
    COLUMNS,
    EVENT_COLUMNS,
    NAMES,
    QUESTIONNAIRE_COLUMNS,
    RECRUITER_COLUMNS,
    Kind,
)
from analysis.reading import read_export
from studyapp.export import write_export
from studyapp.models import Participant, Place, Response, Study
from studyapp.selectors import current_trial, export_responses
from studyapp.services import progress
from studyapp.services.enrolment import participant_enrol
from studyapp.services.progress import instructions_read
from tests.studyapp.turns import respond
from tests.studyapp.whole_session import AFTER, BEFORE, fresh
from tests.studyapp.world import make_study, protocol_text


def answer_all(participant: Participant, most: int = 99) -> None:
    """Answer the trials in order, at ``most`` so many."""
    while (trial := current_trial(participant)) and trial.position <= most:
        respond(participant, trial, confidence=trial.position % 3 + 1, rt_ms=1000.0 + trial.position / 3)


def export_text(study: Study) -> str:
    """What the command writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "out.csv"
        write_export(export_responses(study).iterator(chunk_size=100), path)
        return path.read_text()


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
            "rounds": "1",
            "instructions_s": "",
            "place_lost": "false",
            "trial": str(trial.position),
            "phase": "practice" if trial.position <= 2 else "main",
            "round": "1",
            "catch": "false",
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
            "foil_feature": "",
            "strong_side": trial.strong_side,
            "choice": "left",
            "correct": "true" if trial.strong_side == "left" else "false",
            "confidence": str(trial.position % 3 + 1),
            "rt_ms": str(1000.0 + trial.position / 3),
            **{field.name: "" for field in BROWSER_FIELDS},
            "task_data": "",
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
            if column.optional and not cell:
                continue
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


def test_it_writes_what_the_browser_told_and_what_the_session_was(newcomer: Participant, tmp_path: Path) -> None:
    Participant.objects.update(instructions_shown_at=timezone.now() - datetime.timedelta(seconds=20.5))
    instructions_read(participant=newcomer)
    newcomer.refresh_from_db()
    answer_all(newcomer)
    of_kind: dict[Kind, object] = {Kind.INTEGER: 3, Kind.REAL: 2.5, Kind.CHOICE: "touch"}
    told = {field.name: of_kind[field.kind] for field in BROWSER_FIELDS}
    Response.objects.filter(trial__position=3).update(data=told | {"zoom": 2, "mood": "gut, ä"})
    newcomer.trials.filter(position=2).update(round=2)
    row, other = (one for one in exported_now(tmp_path) if one["trial"] in ("3", "4"))
    assert {name: row[name] for name in told} == {name: str(value) for name, value in told.items()}
    assert json.loads(row["task_data"]) == {"zoom": 2, "mood": "gut, ä"}
    assert (other["flips"], other["task_data"]) == ("", "")
    assert (row["rounds"], row["round"]) == ("2", "1")
    assert 20.5 <= float(row["instructions_s"]) < 30
    frame = read_export(tmp_path / "out.csv")
    assert (frame["flips"].dtype, frame["hidden_ms"].dtype) == ("Int64", "float64")


def test_a_round_that_was_only_stored_was_not_taken(participant: Participant, tmp_path: Path) -> None:
    answer_all(participant, most=1)
    participant.trials.filter(position=2).update(round=2)
    assert [row["rounds"] for row in exported_now(tmp_path)] == ["1"]


def test_who_withdrew_and_lets_the_answers_stay_is_in_it(participant: Participant, tmp_path: Path) -> None:
    answer_all(participant)
    Participant.objects.update(ended_as="withdrawn", ended_at=timezone.now())
    assert len(exported_now(tmp_path)) == 6


def exported_now(folder: Path, *options: str) -> list[dict[str, str]]:
    call_command("export_responses", "birds", "--out", str(folder / "out.csv"), *options)
    return exported(folder / "out.csv")


def test_catch_trials_cost_no_query_a_row_either(db: None, tmp_path: Path, django_assert_max_num_queries) -> None:
    study = make_study(protocol_text(references=2, conditions=("visualization",), catch=True))
    for _ in range(3):
        participant = participant_enrol(study=study, client_id=uuid.uuid4())
        instructions_read(participant=participant)
        participant.refresh_from_db()
        answer_all(participant)
    with django_assert_max_num_queries(9):
        assert len(export_text(study).splitlines()) == 1 + 3 * 8


class TestFilesBesideIt:
    def test_events_have_a_row_each(self, participant: Participant, tmp_path: Path) -> None:
        answer_all(participant)
        happened = [[-12.5, "blur", None], [800, "flip", "original"], [900.25, "resize", {"height": 700, "width": 900}]]
        Response.objects.filter(trial__position=2).update(events=happened)
        exported_now(tmp_path, "--events", str(tmp_path / "events.csv"))
        rows = exported(tmp_path / "events.csv")
        assert list(rows[0]) == [column.name for column in EVENT_COLUMNS]
        assert [(row["participant"], row["trial"]) for row in rows] == [(participant.code, "2")] * 3
        assert [(row["ms"], row["name"], row["detail"]) for row in rows] == [
            ("-12.5", "blur", ""),
            ("800", "flip", "original"),
            ("900.25", "resize", '{"height": 700, "width": 900}'),
        ]

    @pytest.mark.parametrize("text", ["=1+1", "+49 30", "-none-", "@me", "\tx", "\rx"])
    def test_a_text_that_a_spreadsheet_would_compute_has_an_apostrophe_before_it(
        self, participant: Participant, tmp_path: Path, text: str
    ) -> None:
        answers = {"why": text, "how": "a=b", "much": -3, "more": -2.5, "left_out": None}
        participant.questionnaires.create(place="before", answers=answers, received_at=timezone.now())
        exported_now(tmp_path, "--questionnaires", str(tmp_path / "asked.csv"))
        with (tmp_path / "asked.csv").open(newline="") as file:
            values = {row["name"]: row["value"] for row in csv.DictReader(file)}
        assert values == {"why": f"'{text}", "how": "a=b", "much": "-3", "more": "-2.5", "left_out": ""}

    def test_questionnaires_have_a_row_for_each_question(self, participant: Participant, tmp_path: Path) -> None:
        for place, answers in (("after", {"hard": 3}), ("before", {"age": 30, "job": None, "remark": "none,\nthanks"})):
            participant.questionnaires.create(place=place, answers=answers, received_at=timezone.now())
        exported_now(tmp_path, "--questionnaires", str(tmp_path / "asked.csv"))
        rows = exported(tmp_path / "asked.csv")
        assert (tmp_path / "asked.csv").stat().st_mode & 0o077 == 0
        assert list(rows[0]) == [column.name for column in QUESTIONNAIRE_COLUMNS]
        assert [(row["place"], row["name"], row["value"]) for row in rows] == [
            ("before", "age", "30"),
            ("before", "job", ""),
            ("before", "remark", "none,\nthanks"),
            ("after", "hard", "3"),
        ]

    def test_questions_stand_in_the_order_in_which_they_are_asked(self, person: Participant, tmp_path: Path) -> None:
        progress.questionnaire_answer(participant=fresh(person), place=Place.BEFORE, answers=BEFORE)
        person.questionnaires.create(place="after", answers=AFTER, received_at=timezone.now())
        exported_now(tmp_path, "--questionnaires", str(tmp_path / "asked.csv"))
        names = [row["name"] for row in exported(tmp_path / "asked.csv")]
        assert names == ["age", "sight", "strategy", "clarity"]  # the database would give "clarity" first

    def test_recruiter_ids_stand_in_no_file_but_their_own_which_is_told_about(
        self, participant: Participant, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        answer_all(participant)
        secret = "5f3a-recruiter-id"
        participant.study.identities.create(participant=participant, external_id=secret, session_id="s-1")
        Response.objects.filter(trial__position=2).update(events=[[1, "blur", None]])
        participant.questionnaires.create(place="before", answers={"age": 30}, received_at=timezone.now())
        ids = tmp_path / "ids.csv"
        others = ("--events", str(tmp_path / "events.csv"), "--questionnaires", str(tmp_path / "asked.csv"))
        exported_now(tmp_path, *others)
        assert "recruiter ids" not in "".join(capsys.readouterr())
        exported_now(tmp_path, *others, "--recruiter-ids", str(ids))
        assert exported(ids) == [{"participant": participant.code, "external_id": secret}]
        assert list(exported(ids)[0]) == [column.name for column in RECRUITER_COLUMNS]
        assert [path.name for path in tmp_path.iterdir() if secret in path.read_text()] == ["ids.csv"]
        assert ids.stat().st_mode & 0o077 == 0
        assert "says who the participants are: keep it apart from the answers" in capsys.readouterr().err

    @pytest.mark.parametrize("option", ["--events", "--questionnaires", "--recruiter-ids"])
    def test_a_missing_folder_is_named_with_its_option(
        self, participant: Participant, tmp_path: Path, option: str
    ) -> None:
        with pytest.raises(CommandError, match=f"give another file with {option}"):
            exported_now(tmp_path, option, str(tmp_path / "absent" / "more.csv"))


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
