"""People who are enrolled and through the practice, ready to send the answers of their main trials."""

import random
import uuid

from studyapp.models import Participant, Phase, Study, Trial
from studyapp.selectors import current_trial
from studyapp.services.enrolment import participant_enrol
from studyapp.services.progress import instructions_read
from studyapp.services.responses import response_record
from tests.studyapp.outbox import Answer, Person


def person_at_main_trials(study: Study, seed: int) -> Person:
    """Enrol somebody, pass the practice, and draw an answer to every main trial."""
    participant = participant_enrol(study=study, client_id=uuid.uuid4())
    instructions_read(participant=participant)
    participant.refresh_from_db()
    while (trial := current_trial(participant)) and trial.phase == Phase.PRACTICE:
        _answer_rightly(participant, trial)
    rng = random.Random(seed)
    trials = participant.trials.filter(phase=Phase.MAIN).order_by("position")
    return Person(participant.token, [Answer(str(one.public_id), rng.choice(["left", "right"])) for one in trials])


def _answer_rightly(participant: Participant, trial: Trial) -> None:
    response_record(
        participant=participant,
        trial_id=trial.public_id,
        client_id=uuid.uuid4(),
        choice="left" if trial.strong_side == "left" else "right",
        confidence=3,
        rt_ms=1.0,
    )
