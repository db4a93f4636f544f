"""A study that has every step of a session, and what takes a participant through it without a browser."""

from studyapp.models import Participant, Place, Study, Trial
from studyapp.selectors import current_trial
from studyapp.services import progress
from tests.studyapp.turns import respond
from tests.studyapp.world import make_study, protocol_text

RIGHT = ("Blue", "Two")
WRONG = ("Red", "Two")
BEFORE = {"age": 30, "sight": "Yes"}
AFTER = {"strategy": None, "clarity": 5}
TABLES = """
[questionnaire_before]
title = "About you"
text = "Two questions."
questions = [
    {name = "age", label = "How old are you?", kind = "number", min = 18, max = 120},
    {name = "sight", label = "Do you see well?", kind = "choice", choices = ["Yes", "No"], required = false},
]

[quiz]
max_attempts = 2
questions = [
    {question = "Which colour?", choices = ["Red", "Blue"], answer = "Blue"},
    {question = "How many?", choices = ["One", "Two"], answer = "Two"},
]

[practice]
min_correct = 2
max_rounds = 2
on_failure = "screen_out"

[questionnaire_after]
title = "Looking back"
questions = [
    {name = "strategy", label = "How did you decide?", kind = "text", required = false},
    {name = "clarity", label = "How clear was it?", kind = "scale", min = 1, max = 7, low_label = "not at all", high_label = "perfectly"},
]

[debriefing]
text = "It was about detectors."

[recruitment]
completion_url = "https://recruiter.example/done?cc={code}&who={participant}"
screen_out_url = "https://recruiter.example/out?who={participant}"
"""  # noqa: E501


def whole_study(*, on_failure: str = "screen_out", block_size: int = 2) -> Study:
    """Two practice trials and four main ones, with a break in the middle."""
    text = protocol_text(tables=TABLES.replace('"screen_out"', f'"{on_failure}"'))
    return make_study(text.replace("[trials]\n", f"[trials]\nblock_size = {block_size}\n"))


def fresh(participant: Participant) -> Participant:
    """The participant as another request would read it."""
    return Participant.objects.select_related("study").get(pk=participant.pk)


def answer(participant: Participant, *, right: bool = True, rt_ms: float = 6000.0) -> Trial:
    """Answer the trial at hand."""
    trial = current_trial(fresh(participant))
    assert trial is not None
    wrong_side = "left" if trial.strong_side == "right" else "right"
    respond(fresh(participant), trial, choice=trial.strong_side if right else wrong_side, confidence=2, rt_ms=rt_ms)
    return trial


def to_practice(participant: Participant) -> None:
    """To the first practice trial."""
    progress.questionnaire_answer(participant=fresh(participant), place=Place.BEFORE, answers=BEFORE)
    progress.instructions_read(participant=fresh(participant))
    progress.quiz_attempt(participant=fresh(participant), number=1, choices=RIGHT)


def to_last_questions(participant: Participant) -> None:
    """To the questionnaire after the trials."""
    to_practice(participant)
    for _ in range(4):
        answer(participant)
    progress.break_take(participant=fresh(participant), number=1)
    for _ in range(2):
        answer(participant)


def to_the_end(participant: Participant) -> None:
    """To the completion code."""
    to_last_questions(participant)
    progress.questionnaire_answer(participant=fresh(participant), place=Place.AFTER, answers=AFTER)
    progress.debriefing_read(participant=fresh(participant))
