"""How far a participant is in the session and how long the rest takes: what every page of it says.

The time is an estimate from the protocol and from the participant's own pace, told no more exactly than it is known.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy

from stimuli.protocol import Protocol
from studyapp.flow import OVER, Step
from studyapp.models import Participant, Phase

# Seconds, before anything is known of the participant.
TRIAL_S = 12.0
BETWEEN_TRIALS_S = 2.0
QUESTION_S = 10.0
QUIZ_QUESTION_S = 15.0
BREAK_S = 20.0
WORDS_PER_S = 3.5
# From so many answers on the participant's own pace is taken.
OWN_PACE_FROM = 3

TITLES = {
    "questionnaire_before": pgettext_lazy("part of the session", "Questions about you"),
    "instructions": pgettext_lazy("part of the session", "Instructions"),
    "quiz": pgettext_lazy("part of the session", "Short quiz"),
    "practice": pgettext_lazy("part of the session", "Practice"),
    "main": pgettext_lazy("part of the session", "Main part"),
    "questionnaire_after": pgettext_lazy("part of the session", "Last questions"),
    "debriefing": pgettext_lazy("part of the session", "About the study"),
}


@dataclass(frozen=True)
class SessionProgress:
    """Where in the session a page stands.

    Attributes:
        part: the number of the part at hand, from 1.
        parts: how many the session has.
        title: the name of the part, with the number of the round where practice is repeated.
        done: the share of the session's time that is over, 0 to 1.
        minutes_left: about; 0 for less than one.
    """

    part: int
    parts: int
    title: str
    done: float
    minutes_left: int

    @property
    def percent(self) -> int:
        """The share that is over, in whole percent."""
        return int(100 * self.done)

    @property
    def time_left(self) -> str:
        """The time that is left, in words."""
        if self.minutes_left == 0:
            return _("Less than a minute left")
        told = ngettext("About %(minutes)d minute left", "About %(minutes)d minutes left", self.minutes_left)
        return told % {"minutes": self.minutes_left}


def session_progress(participant: Participant, step: Step, *, ahead: int = 0) -> SessionProgress | None:
    """How far the participant is who is at this step; None where nothing is left to be done. One query.

    With ``ahead``, how far after so many more answers.
    """
    if step in OVER:
        return None
    plan = participant.study.plan
    trials = _trials_so_far(participant)
    parts = _seconds_by_part(plan, trials.pace, participant.main_trials)
    at = _part(step, trials)
    number = list(parts).index(at)
    seconds = list(parts.values())
    left = sum(seconds[number:])
    if at == "practice":
        left -= seconds[number] - trials.waiting * trials.pace
    elif at == "main":
        left -= trials.answered_main * trials.pace + participant.breaks_taken * BREAK_S
    left -= ahead * trials.pace
    return SessionProgress(
        part=number + 1,
        parts=len(parts),
        title=_title(at, trials.practice_rounds),
        done=min(max(1 - left / sum(seconds), 0.0), 1.0),
        minutes_left=rounded_minutes(left),
    )


def rounded_minutes(seconds: float) -> int:
    """Whole minutes, rounded up; above ten to five minutes, for nobody knows it better; 0 for less than one."""
    if seconds < 60:
        return 0
    minutes = math.ceil(seconds / 60)
    return minutes if minutes <= 10 else 5 * math.ceil(minutes / 5)


@dataclass(frozen=True)
class _Trials:
    """The trials that are stored so far."""

    practice_rounds: int
    waiting: int
    answered_main: int
    has_main: bool
    pace: float


def _trials_so_far(participant: Participant) -> _Trials:
    rows: Sequence[tuple[str, int, float | None]] = list(
        participant.trials.order_by().values_list("phase", "round", "response__rt_ms")
    )
    times = [rt_ms / 1000 for *ignored, rt_ms in rows if rt_ms is not None]
    return _Trials(
        practice_rounds=max((number for phase, number, _ in rows if phase == Phase.PRACTICE), default=1),
        waiting=len(rows) - len(times),
        answered_main=sum(phase == Phase.MAIN and rt_ms is not None for phase, _, rt_ms in rows),
        has_main=any(phase == Phase.MAIN for phase, _, _ in rows),
        pace=(median(times) if len(times) >= OWN_PACE_FROM else TRIAL_S) + BETWEEN_TRIALS_S,
    )


def _seconds_by_part(plan: Protocol, pace: float, main_trials: int) -> dict[str, float]:
    """The parts that the session has, in order, and how long each takes about."""
    breaks = (main_trials - 1) // plan.trials.block_size if plan.trials.block_size else 0
    before, after = plan.questionnaire_before, plan.questionnaire_after
    seconds: dict[str, float | None] = {
        "questionnaire_before": QUESTION_S * len(before.questions) if before else None,
        "instructions": _reading(plan.instructions.text),
        "quiz": QUIZ_QUESTION_S * len(plan.quiz.questions) if plan.quiz else None,
        "practice": pace * len(plan.stimuli.practice_features),
        "main": pace * main_trials + BREAK_S * breaks,
        "questionnaire_after": QUESTION_S * len(after.questions) if after else None,
        "debriefing": _reading(plan.debriefing.text) if plan.debriefing else None,
    }
    return {name: time for name, time in seconds.items() if time is not None}


def _reading(text: str) -> float:
    return len(text.split()) / WORDS_PER_S


def _part(step: Step, trials: _Trials) -> str:
    name: str = step.value
    if step in (Step.TRIAL, Step.BREAK):
        return "main" if trials.has_main else "practice"
    return name


def _title(part: str, practice_rounds: int) -> str:
    if part == "practice" and practice_rounds > 1:
        return _("Practice, round %(round)d") % {"round": practice_rounds}
    return str(TITLES[part])
