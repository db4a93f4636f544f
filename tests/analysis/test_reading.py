"""Reading an export: valid files become typed frames, others are refused with every problem."""

import unicodedata
from datetime import UTC, datetime

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.columns import COLUMNS, LONGEST_MS, NAMES, Column, Kind
from analysis.reading import ExportError, check_groups, parse_export, read_export


def problems_of(text: str) -> tuple[str, ...]:
    with pytest.raises(ExportError) as refused:
        parse_export(text)
    return refused.value.problems


def read_or_problems(text: str) -> pd.DataFrame | tuple[str, ...]:
    try:
        return parse_export(text)
    except ExportError as error:
        return error.problems


def test_it_reads_a_valid_export_into_typed_columns(row, csv_text, tmp_path):
    rows = [row("007", 1, "none", True), row("NA", 2, "accentuation", False, received_at="2026-03-14T17:00:00+02:00")]
    path = tmp_path / "export.csv"
    path.write_text(csv_text(rows), encoding="utf-8")
    export = read_export(path)
    assert tuple(export.columns) == NAMES
    # Codes that look like numbers or missing values are still codes.
    assert export["participant"].tolist() == ["007", "NA"]
    assert export["condition"].tolist() == ["none", "accentuation"]
    assert export["correct"].tolist() == [True, False]
    assert export["correct"].dtype == bool
    assert export["trial"].dtype == "int64"
    assert export["weak_activation"].tolist() == [-0.001, -0.001]
    assert export["received_at"][1] == pd.Timestamp("2026-03-14T15:00:00", tz="UTC")


def test_it_finds_columns_by_name_in_any_order(row, csv_text):
    text = csv_text([row("a", 1, "none", True)], reversed(NAMES))
    assert tuple(parse_export(text).columns) == NAMES


def test_it_reads_a_file_that_a_spreadsheet_saved_with_a_byte_order_mark(row, csv_text, tmp_path):
    path = tmp_path / "export.csv"
    path.write_text(csv_text([row("a", 1, "none", True)]).replace("\n", "\r\n"), encoding="utf-8-sig", newline="")
    assert len(read_export(path)) == 1


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"participant": ""}, "line 2: participant is empty; every row needs a value here."),
        ({"rt_ms": " "}, "line 2: rt_ms is empty; every row needs a value here."),
        ({"confidence": "4"}, "line 2: confidence is 4, which is more than the greatest value, 3."),
        ({"confidence": "2.0"}, "line 2: confidence is '2.0', which is not a whole number."),
        ({"references": "9" * 30}, f"line 2: references is '{'9' * 30}', which is not a whole number."),
        ({"main_trials": "0"}, "line 2: main_trials is 0, which is less than the least value, 1."),
        ({"trial": "0"}, "line 2: trial is 0, which is less than the least value, 1."),
        ({"rt_ms": "-1"}, "line 2: rt_ms is -1, which is less than the least value, 0."),
        ({"rt_ms": "nan"}, "line 2: rt_ms is 'nan', which is not a finite number."),
        ({"rt_ms": "1e999"}, "line 2: rt_ms is '1e999', which is not a finite number."),
        ({"rt_ms": "1,5"}, "line 2: rt_ms is '1,5', which is not a finite number."),
        ({"phase": "test"}, "line 2: phase is 'test', which is not one of practice, main."),
        ({"correct": "True"}, "line 2: correct is 'True', which is neither true nor false."),
        (
            {"received_at": "yesterday"},
            "line 2: received_at is 'yesterday', which is not a time such as 2026-03-14T15:09:26+00:00.",
        ),
        (
            {"received_at": "2026-03-14T15:09:26"},
            "line 2: received_at is '2026-03-14T15:09:26', a time without its offset; "
            "write it as 2026-03-14T15:09:26+00:00.",
        ),
        (
            {"choice": "right"},
            "line 2: correct is true, but the choice was right and strong_side is left, which makes it false.",
        ),
        (
            {"strong_rank": "400"},
            "line 2: strong_rank is 400 and weak_rank 391, but the strong query must stand before the weak one.",
        ),
        (
            {"phase": "practice", "catch": "true"},
            "line 2: catch is true in a practice trial, but catch trials stand among the main trials only.",
        ),
        ({"round": "2", "rounds": "2"}, "line 2: round is 2 in a main trial, where it must be 1."),
        (
            {"phase": "practice", "round": "3", "rounds": "2"},
            "line 2: round is 3, but the participant took 2 by rounds.",
        ),
        ({"flips": "-1"}, "line 2: flips is -1, which is less than the least value, 0."),
        ({"hidden_ms": "2e9"}, "line 2: hidden_ms is 2e9, which is more than the greatest value, 1e+09."),
        ({"instructions_s": "soon"}, "line 2: instructions_s is 'soon', which is not a finite number."),
        ({"condition": "none "}, "line 2: condition is 'none ', with a blank at its beginning or end; remove it."),
        ({"participant": "\ta"}, "line 2: participant is '\\ta', with a blank at its beginning or end; remove it."),
        (
            {"condition": "no\0ne"},
            "line 2: condition is 'no\\x00ne', which holds a character that cannot be seen; remove it.",
        ),
        (
            {"feature": "logit=\u200b1"},
            "line 2: feature is 'logit=\\u200b1', which holds a character that cannot be seen; remove it.",
        ),
        (
            {"weak_image": "zzz"},
            "line 2: weak_image is 'zzz', which is not a SHA-256: 64 digits, 0 to 9 and a to f.",
        ),
        (
            {"weights_sha256": "AB" * 32},
            f"line 2: weights_sha256 is '{'AB' * 32}', which is not a SHA-256: 64 digits, 0 to 9 and a to f.",
        ),
        (
            {"weak_image": "01" * 32},
            "line 2: strong_image and weak_image are the same, but a trial shows two images.",
        ),
        (
            {"received_at": "0001-03-14T15:09:26+00:00"},
            "line 2: received_at is '0001-03-14T15:09:26+00:00', which is not between 1970 and 2200.",
        ),
        ({"strong_activation": "-2"}, "line 2: strong_activation is -2, less than weak_activation, -0.001."),
    ],
)
def test_it_refuses_a_cell_that_does_not_fit_and_says_where(row, csv_text, cells, sentence):
    assert problems_of(csv_text([row("a", 1, "none", True) | cells])) == (sentence,)


def test_it_refuses_missing_extra_and_repeated_columns(row, csv_text):
    names = [name for name in NAMES if name != "rt_ms"]
    text = csv_text([row("a", 1, "none", True, surprise="1")], [*names, "surprise", "trial"])
    assert problems_of(text) == (
        "line 1: the column rt_ms is missing.",
        "line 1: the column trial stands 2 times.",
        "line 1: the column 'surprise' is not one of an export's columns.",
    )


def test_it_refuses_a_trial_that_stands_twice(row, csv_text):
    rows = [row("a", 1, "none", True), row("b", 1, "none", True), row("a", 1, "none", False)]
    told = "line 4: trial 1 of participant a in study demo stands already in line 2; each trial may stand once."
    assert problems_of(csv_text(rows)) == (told,)


def test_it_refuses_one_answer_under_two_numbers(row, csv_text):
    rows = [row("a", 1, "none", True), row("b", 1, "none", True), row("a", 2, "none", True, feature="logit=1")]
    told = "line 4: trial 2 of participant a is the same answer as trial 1 in line 2; each answer may stand once."
    assert problems_of(csv_text(rows)) == (told,)


def test_it_refuses_a_feature_that_a_participant_met_twice(row, csv_text):
    later = "2026-03-14T15:10:00+00:00"
    rows = [row("a", 1, "none", True), row("a", 3, "none", True, feature="logit=1", received_at=later)]
    told = "line 3: trial 3 of participant a asks about logit=1 again, as does trial 1 in line 2; a participant meets "
    assert problems_of(csv_text(rows)) == (f"{told}each feature once.",)


def test_it_refuses_all_answers_of_a_participant_under_another_code(row, csv_text):
    rows = [row("a", trial, "none", True) for trial in (1, 2)]
    copied = [one | {"participant": "b"} for one in rows]
    told = "line 4: participant b has the main answers of participant a (2), at the same times; each answer may stand"
    assert problems_of(csv_text([*rows, *copied])) == (f"{told} once.",)
    copied[1]["rt_ms"] = "1501.0"
    assert isinstance(read_or_problems(csv_text([*rows, *copied])), pd.DataFrame)


@pytest.mark.parametrize(("mark", "told"), [(";", "semicolons"), ("\t", "tabs")])
def test_it_says_in_one_sentence_that_columns_are_not_divided_by_commas(row, csv_text, mark, told):
    text = csv_text([row("a", trial, "none", True, rt_ms="1.5") for trial in (1, 2)])
    (problem,) = problems_of(text.replace(",", mark).replace("1.5", "1,5"))
    assert problem.startswith(f"line 1: the columns are divided by {told}, and those of an export by commas; give")


def test_practice_shows_its_features_again(row, csv_text):
    rows = [
        row("a", trial, "none", True, feature="logit=9", phase="practice", round=str(trial), rounds="2")
        for trial in (1, 2)
    ]
    assert isinstance(read_or_problems(csv_text(rows)), pd.DataFrame)


def test_a_participant_with_two_conditions_in_a_study_between_is_refused_in_one_sentence(row, csv_text):
    rows = [row("a", 1, "x", True), row("a", 2, "x", True), row("b", 1, "y", True)]
    check_groups(parse_export(csv_text([*rows, row("b", 2, "x", True, catch="true")])))
    with pytest.raises(ExportError) as refused:
        check_groups(parse_export(csv_text([*rows, row("b", 2, "x", True)])))
    told = "The protocol's design is between participants, but participant b has answers with x and y; whom they belong"
    assert refused.value.problems == (f"{told} to cannot be told.",)


def test_it_refuses_two_lengths_of_one_session(row, csv_text):
    rows = [row("a", 1, "none", True), row("b", 1, "none", True, main_trials="5"), row("a", 2, "none", True)]
    rows[2]["main_trials"] = "5"
    told = "line 4: main_trials is 5, but 4 for the same participant in line 2; a session has one length."
    assert problems_of(csv_text(rows)) == (told,)


@pytest.mark.parametrize(
    ("name", "other", "told"), [("rounds", "2", "2, but 1"), ("instructions_s", "", "empty, but 60.5")]
)
def test_it_refuses_two_stories_of_one_session(row, csv_text, name, other, told):
    rows = [row("a", 1, "none", True), row("b", 1, "none", True, **{name: other}), row("a", 2, "none", True)]
    rows[2][name] = other
    assert problems_of(csv_text(rows)) == (f"line 4: {name} is {told} for the same participant in line 2.",)


def test_a_catch_trial_may_show_whatever_figures_its_copy_has(row, csv_text):
    cells = {"catch": "true", "strong_rank": "400", "strong_activation": "-2"}
    assert isinstance(read_or_problems(csv_text([row("a", 1, "none", True, **cells)])), pd.DataFrame)


def test_tasks_without_queries_leave_their_figures_empty(row, csv_text):
    unknown = dict.fromkeys(("difficulty", "weak_activation", "weak_rank", "strong_rank"), "")
    cells = {"task": "transfer", "foil_feature": "logit=3", **unknown}
    export = parse_export(csv_text([row("a", 1, "none", True, **cells)]))
    assert export["weak_rank"].isna().all()
    assert export["foil_feature"].tolist() == ["logit=3"]


def test_it_refuses_more_main_answers_than_the_session_has_trials_and_says_so_once(row, csv_text):
    rows = [row("a", 1, "none", True, phase="practice", main_trials="2")]
    rows += [row("a", trial, "none", True, main_trials="2") for trial in range(2, 4)]
    assert isinstance(read_or_problems(csv_text(rows)), pd.DataFrame)
    rows += [row("a", trial, "none", True, main_trials="2") for trial in range(4, 6)]
    told = "line 5: this is main answer 3 of participant a, whose session has 2 by main_trials."
    assert problems_of(csv_text(rows)) == (told,)


@pytest.mark.parametrize(
    ("name", "plural", "other"),
    [
        ("study", "studies", "other"),
        ("protocol_sha256", "protocols", "0" * 64),
        ("model", "models", "other"),
        ("weights_sha256", "weights", "0" * 64),
    ],
)
def test_it_refuses_a_file_that_mixes_what_cannot_be_analysed_as_one(row, csv_text, name, plural, other):
    text = csv_text([row("a", 1, "none", True), row("a", 2, "none", True, **{name: other})])
    (problem,) = problems_of(text)
    assert problem.startswith(f"line 3: {name} is '{other}', but ")
    assert problem.endswith(f"a file with several {plural} cannot be analysed as one.")


def test_it_lists_every_problem_in_the_order_of_the_file(row, csv_text):
    rows = [
        row("a", 1, "none", True, confidence="0", phase="break"),
        row("a", 2, "none", True),
        row("", 3, "none", True, choice="right", strong_side="left"),
    ]
    found = problems_of(csv_text(rows))
    assert [problem.split(" is ")[0] for problem in found] == [
        "line 2: phase",
        "line 2: confidence",
        "line 4: participant",
        "line 4: correct",
    ]


def test_it_tells_the_line_on_which_a_row_begins_when_a_cell_holds_line_breaks(row, csv_text):
    rows = [row("a", 1, "none", True, task_data='{"said":\n"two lines"}'), row("a", 2, "none", True, confidence="9")]
    (problem,) = problems_of(csv_text(rows))
    assert problem.startswith("line 4: confidence is 9")


def test_it_refuses_rows_that_are_too_short_or_empty(row, csv_text):
    text = csv_text([row("a", 1, "none", True)]) + "a,b\n\n"
    assert problems_of(text) == (
        "line 3: the row has 2 cells and the header 45.",
        "line 4: the line is empty; remove it.",
    )


def test_it_refuses_a_file_with_only_a_header(csv_text):
    told = "line 1: the file has no rows after the header, so there are no answers to analyse."
    assert problems_of(csv_text([])) == (told,)


def test_it_refuses_an_empty_file():
    assert problems_of("") == ("The file is empty: not even the header is there.",)


def test_it_refuses_what_stops_being_csv_and_keeps_the_problems_before(row, csv_text):
    text = csv_text([row("a", 1, "none", True, confidence="7")]) + '"never closed'
    first, second = problems_of(text)
    assert first.startswith("line 2: confidence is 7")
    assert second.startswith("line 3: this is not CSV from here on (")


def test_it_refuses_bytes_that_are_not_utf8(tmp_path):
    path = tmp_path / "latin.csv"
    path.write_bytes("café".encode("latin-1"))
    with pytest.raises(ExportError, match=r"is not UTF-8 text \(byte 4 does not fit\)"):
        read_export(path)


@pytest.mark.parametrize("place", ["nowhere.csv", "."])
def test_it_says_so_when_the_file_cannot_be_read(tmp_path, place):
    with pytest.raises(ExportError, match="cannot be read: "):
        read_export(tmp_path / place)


def test_an_optional_column_may_hold_empty_cells(row, csv_text, monkeypatch):
    kinds = (Kind.TEXT, Kind.INTEGER, Kind.REAL, Kind.BOOLEAN, Kind.TIME)
    optional = [
        Column(name, kind, "", optional=True)
        for name, kind in zip(("text", "whole", "real", "yes", "when"), kinds, strict=True)
    ]
    columns = (*COLUMNS, *optional)
    monkeypatch.setattr("analysis.reading.COLUMNS", columns)
    monkeypatch.setattr("analysis.reading.NAMES", tuple(column.name for column in columns))
    when = "2026-03-14T15:09:26+00:00"
    filled = row("a", 1, "none", True, text="x", whole="3", real="1.5", yes="true", when=when)
    empty = row("a", 2, "none", True, text="", whole="", real="", yes="", when="")
    export = parse_export(csv_text([filled, empty], [column.name for column in columns]))
    added = export[[column.name for column in optional]]
    assert added.iloc[1].isna().all()
    assert added.iloc[0].tolist() == ["x", 3, 1.5, True, pd.Timestamp(when)]


CELLS = {
    Kind.TEXT: st.text(min_size=1).filter(
        lambda text: text == text.strip() and text.isprintable() and unicodedata.is_normalized("NFC", text)
    ),
    Kind.REAL: st.floats(min_value=0, max_value=LONGEST_MS),
    Kind.TIME: st.datetimes(
        min_value=datetime(1970, 1, 2),  # noqa: DTZ001
        max_value=datetime(2200, 1, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    ),
}


@settings(deadline=None, max_examples=50)
@given(participant=CELLS[Kind.TEXT], rt=CELLS[Kind.REAL], time=CELLS[Kind.TIME])
def test_what_csv_can_write_comes_back_unchanged(row, csv_text, participant, rt, time):
    written = row("a", 1, "none", True, rt_ms=repr(rt), received_at=time.isoformat()) | {"participant": participant}
    export = parse_export(csv_text([written]))
    assert export["participant"][0] == participant
    assert export["rt_ms"][0] == rt
    assert export["received_at"][0] == time


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"rt_ms": "1e12"}, "rt_ms is 1e12, which is more than"),
        ({"instructions_s": "1e308"}, "instructions_s is 1e308, which is more than"),
        ({"references": "999999"}, "references is 999999, which is more than"),
        ({"condition": "exempla\u0301rs"}, "with an accent written as a character of its own"),
    ],
)
def test_what_cannot_be_is_refused(row, csv_text, changes, told):
    (problem,) = problems_of(csv_text([row("a", 1, "none", True) | changes]))
    assert told in problem


@settings(deadline=None, max_examples=50)
@given(text=st.text())
def test_any_text_at_all_is_refused_with_problems_and_nothing_worse(text):
    assert problems_of(text)


@settings(deadline=None, max_examples=50)
@given(cell=st.text(), name=st.sampled_from(NAMES))
def test_any_cell_at_all_is_read_or_refused_and_nothing_worse(row, csv_text, cell, name):
    found = read_or_problems(csv_text([row("a", 1, "none", True) | {name: cell}]))
    if isinstance(found, tuple):
        assert all(problem.startswith("line ") for problem in found)
    else:
        assert name not in ("participant", "condition", "feature") or found[name][0] == cell
