"""The protocol's questions as forms."""

import re
import uuid
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stimuli.protocol import QuestionnaireTable, QuestionTable, QuizQuestionTable, QuizTable
from studyapp.questions import MAX_LETTERS, questionnaire_answers, questionnaire_form, quiz_choices, quiz_form
from studyapp.services.enrolment import participant_enrol
from tests.studyapp.world import make_study, protocol_text


def table(**question: Any) -> QuestionnaireTable:
    return QuestionnaireTable(title="T", questions=(QuestionTable(name="q", label="L", **question),))


def answered(asked: QuestionnaireTable, value: str | None) -> Any:
    """What is stored for this input, or the error beside the field."""
    form = questionnaire_form(asked, {} if value is None else {"answer-q": value})
    return questionnaire_answers(form)["q"] if form.is_valid() else form.errors["q"]


AGE = table(kind="number", min=18, max=120)


@pytest.mark.parametrize(("typed", "stored"), [("18", 18), (" 120 ", 120), ("30.5", 30.5), ("4e1", 40)])
def test_a_number_within_its_bounds_is_stored_as_a_number(typed: str, stored: float) -> None:
    assert answered(AGE, typed) == stored
    assert type(answered(AGE, typed)) is type(stored)


@pytest.mark.parametrize("typed", ["17.9", "121", "seven", "", None, "nan", "inf", "1e999", "0x20", "--3", "\0"])
def test_any_other_number_gets_one_sentence_that_says_what_is_possible(typed: str | None) -> None:
    assert answered(AGE, typed) == ["Please enter a number from 18 to 120."]


@pytest.mark.parametrize(("typed", "stored"), [("18", 18), ("30.0", 30), ("4e1", 40)])
def test_a_whole_number_is_stored_where_one_is_asked_for(typed: str, stored: int) -> None:
    kept = answered(table(kind="number", integer=True, min=18, max=120), typed)
    assert (kept, type(kept)) == (stored, int)


@pytest.mark.parametrize("typed", ["30.5", "18.000001", "1e999", "nan", "", "seven", "17"])
def test_any_other_number_is_refused_where_a_whole_one_is_asked_for(typed: str) -> None:
    asked = table(kind="number", integer=True, min=18, max=120)
    assert answered(asked, typed) == ["Please enter a whole number from 18 to 120."]


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0, None, ", at least 0."), (None, 150, ", at most 150."), (None, None, ".")],
)
def test_a_whole_number_with_one_bound_or_none_is_asked_for_in_one_sentence(
    low: float | None, high: float | None, said: str
) -> None:
    asked = table(kind="number", integer=True, min=low, max=high)
    assert answered(asked, "1.5") == [f"Please enter a whole number{said}"]


def test_only_a_number_can_be_asked_to_be_whole() -> None:
    with pytest.raises(ValidationError, match="`integer` belongs to the kind `number`"):
        table(kind="scale", integer=True, min=1, max=5)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0, 1e6, "from 0 to 1000000."),
        (0.000001, 1234567.5, "from 0.000001 to 1234567.5."),
        (-1e20, None, ", at least -100000000000000000000."),
        (None, 150, ", at most 150."),
    ],
)
def test_bounds_are_written_in_full(low: float | None, high: float | None, said: str) -> None:
    (told,) = answered(table(kind="number", min=low, max=high), "seven")
    assert told == f"Please enter a number{' ' if said[0] == 'f' else ''}{said}"


@given(st.text())
def test_whatever_is_typed_is_stored_or_stands_there_still(typed: str) -> None:
    for asked in (AGE, table(kind="text"), table(kind="choice", choices=("a", "b")), table(kind="scale", min=1, max=5)):
        form = questionnaire_form(asked, {"answer-q": typed})
        if not form.is_valid():
            assert len(form.errors["q"]) == 1
            assert form["q"].value() == typed


def test_an_answer_that_may_be_left_out_is_stored_as_null() -> None:
    for asked in (
        table(kind="number", required=False),
        table(kind="text", required=False),
        table(kind="choice", choices=("a", "b"), required=False),
        table(kind="scale", min=1, max=5, required=False),
    ):
        assert answered(asked, "") is None
        assert answered(asked, None) is None


def test_a_step_of_a_scale_is_a_whole_number_and_no_other_one() -> None:
    scale = table(kind="scale", min=0, max=4)
    assert answered(scale, "0") == 0
    assert answered(scale, "4") == 4
    assert answered(scale, "5") == ["Please choose an answer."]
    assert answered(scale, "1.5") == ["Please choose an answer."]


def test_a_text_has_its_limit_and_a_line_break_is_one_letter() -> None:
    text = table(kind="text")
    assert answered(text, "a\r\nb") == "a\nb"
    assert len(answered(text, "a\r\n" * (MAX_LETTERS // 2))) == MAX_LETTERS - 1
    assert "at most 2000" in answered(text, "a" * (MAX_LETTERS + 1))[0]


def test_the_quiz_holds_its_choices_and_not_which_of_them_is_right() -> None:
    quiz = QuizTable(questions=(QuizQuestionTable(question="Which?", choices=("a", "b"), answer="b"),))
    other = QuizTable(questions=(QuizQuestionTable(question="Which?", choices=("a", "b"), answer="a"),))
    assert quiz_form(quiz).as_div() == quiz_form(other).as_div()
    form = quiz_form(quiz, {"question_1": "a"})
    assert form.is_valid()
    assert quiz_choices(form) == ["a"]
    assert not quiz_form(quiz, {"question_1": "c"}).is_valid()


@pytest.mark.parametrize("name", ["csrfmiddlewaretoken", "action", "method", "elements", "submit", "dataset", "length"])
def test_a_question_may_have_the_name_of_anything_that_a_form_has(client: Client, db: None, name: str) -> None:
    asked = f'[questionnaire_before]\ntitle = "T"\nquestions = [{{name = "{name}", label = "L", kind = "text"}}]'
    person = participant_enrol(study=make_study(protocol_text(tables=asked)), client_id=uuid.uuid4())
    browser = Client(enforce_csrf_checks=True)
    page = browser.get(f"/p/{person.token}/").content.decode()
    token = re.findall('name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert re.findall('<textarea name="([^"]+)"', page) == [f"answer-{name}"]
    sent = {"csrfmiddlewaretoken": token[0], f"answer-{name}": "here"}
    assert browser.post(f"/p/{person.token}/questions-before/", sent).status_code == 302
    assert person.questionnaires.get().answers == {name: "here"}
