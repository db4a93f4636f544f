"""People who are enrolled and through the practice, ready to send the answers of their main trials."""

import random
import uuid

from studyapp.models import Phase, Study
from studyapp.services.enrolment import participant_enrol
from studyapp.services.progress import instructions_read
from tests.studyapp.outbox import Answer, Person
from tests.studyapp.turns import answer_practice


def person_at_main_trials(study: Study, seed: int) -> Person:
    """Enrol somebody, pass the practice, and draw an answer to every main trial."""
    participant = participant_enrol(study=study, client_id=uuid.uuid4())
    instructions_read(participant=participant)
    participant.refresh_from_db()
    answer_practice(participant)
    rng = random.Random(seed)
    trials = participant.trials.filter(phase=Phase.MAIN).order_by("position")
    return Person(participant.token, [Answer(str(one.public_id), rng.choice(["left", "right"])) for one in trials])
