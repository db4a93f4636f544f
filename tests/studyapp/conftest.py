"""What the tests of the study site share: a study that stands, and a participant who has read the instructions."""

import uuid

import pytest

from studyapp.models import Participant, Study
from studyapp.services.participation import instructions_read, participant_enrol
from tests.studyapp.world import make_study, protocol_text


@pytest.fixture
def study(db: None) -> Study:
    return make_study(protocol_text())


@pytest.fixture
def newcomer(study: Study) -> Participant:
    """Enrolled, before the instructions."""
    return participant_enrol(study=study, client_id=uuid.uuid4())


@pytest.fixture
def participant(newcomer: Participant) -> Participant:
    """At the first trial."""
    instructions_read(participant=newcomer)
    newcomer.refresh_from_db()
    return newcomer
