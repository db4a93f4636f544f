"""How far a participant is in the session and how long the rest takes: what every page of it says.

The share is that of the planned time, which is the same for everybody and fixed beforehand: it is what the bar shows,
and never goes back. The time that is left is an estimate from the protocol and from the participant's own pace, told no
more exactly than it is known.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy

from studyapp.flow import OVER, Step
from studyapp.models import Participant, Phase

# Seconds, before anything is known of the participant.
TRIAL_S = 12.0
BETWEEN_TRIALS_S = 2.0
QUESTION_S = 10.0
QUIZ_QUESTION_S = 15.0
BREAK_S = 20.0
PLANNED_PACE = TRIAL_S + BETWEEN_TRIALS_S
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
        done: the share of the session's planned time that is over, 0 to 1; never less than on a page before. It stands
            while something is repeated.
        trials_left: how many trials the rest has.
        other_s: how many seconds of the rest are something else than trials.
        pace: the seconds that a trial takes this participant.
    """

    part: int
    parts: int
    title: str
    done: float
    trials_left: int
    other_s: int
    pace: float

    @property
    def minutes_left(self) -> int:
        """About, at the own pace; 0 for less than one. From answer to answer pace.js computes the same."""
        return rounded_minutes(self.other_s + self.trials_left * self.pace)

    @property
    def permille(self) -> int:
        """The share that is over, in whole thousandths: fine enough for a bar to move with every trial."""
        return int(1000 * self.done)

    @property
    def told(self) -> str:
        """The share that is over, in words: what the bar says to those who do not see it."""
        return _("%(percent)d percent of the session") % {"percent": self.permille // 10}

    @property
    def time_left(self) -> str:
        """The time that is left, in words."""
        return _minutes_told(self.minutes_left)


def session_progress(participant: Participant, step: Step) -> SessionProgress | None:
    """How far the participant is who is at this step; None where nothing is left to be done. One query."""
    if step in OVER:
        return None
    return _progress(participant, step, _trials_so_far(participant))


def coming_progress(participant: Participant, trials: int) -> list[SessionProgress]:
    """How far the participant is at so many trials, the current one and those after it. One query for all."""
    known = _trials_so_far(participant)
    return [_progress(participant, Step.TRIAL, known.after(ahead)) for ahead in range(trials)]


def answered_ms(participant: Participant) -> list[float]:
    """How long the participant took for each trial that is answered, in milliseconds."""
    answered = participant.trials.filter(response__isnull=False).order_by("position")
    return list(answered.values_list("response__rt_ms", flat=True))


def _progress(participant: Participant, step: Step, trials: "_Trials") -> SessionProgress:
    at = _part(step, trials)
    planned = _seconds_by_part(participant, PLANNED_PACE)
    left = _left(planned, _reached(at, participant, trials), PLANNED_PACE, participant, trials)
    # What takes no time at a pace of 0 are the trials.
    other, with_trials = (
        _left(_seconds_by_part(participant, pace), at, pace, participant, trials) for pace in (0.0, 1.0)
    )
    return SessionProgress(
        part=list(planned).index(at) + 1,
        parts=len(planned),
        title=_title(at, trials.practice_rounds),
        done=min(max(1 - left / sum(planned.values()), 0.0), 1.0),
        trials_left=round(with_trials - other),
        other_s=round(other),
        pace=trials.pace,
    )


def time_words() -> list[str]:
    """How the time that is left is told by a script: less than a minute, one minute, and more, with ``{n}``."""
    return [_minutes_told(0), _minutes_told(1), _words_of(2).replace("%(minutes)d", "{n}")]


def _minutes_told(minutes: int) -> str:
    return _words_of(minutes) % {"minutes": minutes} if minutes else _("Less than a minute left")


def _words_of(minutes: int) -> str:
    return ngettext("About %(minutes)d minute left", "About %(minutes)d minutes left", minutes)


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

    def after(self, answers: int) -> "_Trials":
        """As they stand after so many more answers, for which nothing new is stored and at the pace known now."""
        if self.has_main:
            return replace(self, answered_main=self.answered_main + answers)
        return replace(self, waiting=self.waiting - answers)


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


def _seconds_by_part(participant: Participant, pace: float) -> dict[str, float]:
    """The parts that the session has, in order, and how long each takes about at so many seconds a trial."""
    plan, main_trials = participant.study.plan, participant.main_trials
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


def _left(parts: dict[str, float], at: str, pace: float, participant: Participant, trials: _Trials) -> float:
    """The seconds from here to the end: those of the part at hand, less what of it is over, and of all after it."""
    left = sum(list(parts.values())[list(parts).index(at) :])
    if at == "practice":
        left -= parts[at] - trials.waiting * pace
    elif at == "main":
        left -= trials.answered_main * pace + participant.breaks_taken * BREAK_S
    return left


def _reached(at: str, participant: Participant, trials: _Trials) -> str:
    """The part that was reached before, where the one at hand is taken once more; else the one at hand."""
    if at == "instructions" and participant.instructions_read_at is not None:
        return "quiz"
    if at == "practice" and trials.practice_rounds > 1:
        return "main"
    return at


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
