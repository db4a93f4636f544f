"""Who comes: what each source reads from an address, and where it leads afterwards."""

from typing import get_args

import pytest

from stimuli.protocol import RecruitmentTable
from studyapp.models import Ending, Participant, RecruiterIdentity
from studyapp.recruitment.arrival import Arrival, ArrivalError
from studyapp.recruitment.carrying import carried_arrival, signed_arrival
from studyapp.recruitment.links import link_for, link_for_arrival, way_out
from studyapp.recruitment.sources import SOURCES, arrival_from
from tests.studyapp.world import make_study, protocol_text


def test_every_source_of_the_protocol_is_known() -> None:
    assert set(SOURCES) == set(get_args(RecruitmentTable.model_fields["source"].annotation))


def test_an_open_study_knows_nobody() -> None:
    assert arrival_from({"PROLIFIC_PID": "a"}, RecruitmentTable()) is None


@pytest.mark.parametrize(
    ("table", "parameters", "arrival"),
    [
        ({"source": "prolific"}, {"PROLIFIC_PID": "5f3", "STUDY_ID": "s", "SESSION_ID": "x"}, Arrival("5f3", "x")),
        ({"source": "prolific"}, {"PROLIFIC_PID": "5f3"}, Arrival("5f3")),
        ({"source": "sona"}, {"survey_code": "4711"}, Arrival("4711")),
        ({"source": "sona"}, {"id": "4711"}, Arrival("4711")),
        ({"source": "generic", "participant_parameter": "m"}, {"m": "Zoë 7", "s": "x"}, Arrival("Zoë 7")),
        (
            {"source": "generic", "participant_parameter": "m", "session_parameter": "s"},
            {"m": "7", "s": "x"},
            Arrival("7", "x"),
        ),
    ],
)
def test_it_reads_the_ids(table: dict[str, str], parameters: dict[str, str], arrival: Arrival) -> None:
    assert arrival_from(parameters, RecruitmentTable.model_validate(table)) == arrival


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"prolific_pid": "5f3"},
        {"PROLIFIC_PID": ""},
        {"PROLIFIC_PID": "a" * 201},
        {"PROLIFIC_PID": "a\0b"},
        {"PROLIFIC_PID": "{{%PROLIFIC_PID%}}"},
        {"PROLIFIC_PID": "%SURVEY_CODE%"},
    ],
)
def test_without_an_id_the_study_cannot_be_entered(parameters: dict[str, str]) -> None:
    with pytest.raises(ArrivalError):
        arrival_from(parameters, RecruitmentTable(source="prolific"))


@pytest.fixture
def sent(db: None) -> Participant:
    """Somebody whom a panel sent, with every address named."""
    urls = "\n".join(
        f'{name}_url = "https://panel.example/{name}?c={{code}}&p={{participant}}"'
        for name in ("completion", "screen_out", "declined")
    )
    study = make_study(protocol_text(features=2, tables=f'[recruitment]\nsource = "sona"\n{urls}'))
    participant = Participant.objects.create(
        study=study,
        number=1,
        client_id="12345678-1234-5678-1234-567812345678",
        token="t" * 32,
        code="CODE",
        main_trials=2,
        consent_version="1",
        consented_at="2026-01-01T00:00Z",
        last_seen_at="2026-01-01T00:00Z",
        instructions_read_at="2026-01-01T00:00Z",
        completed_at="2026-01-01T00:00Z",
        completion_code="ABCD2345",
    )
    RecruiterIdentity.objects.create(study=study, participant=participant, external_id="a&b={code} é")
    return participant


def test_addresses_are_filled_in_and_encoded(sent: Participant) -> None:
    assert way_out(sent) == "https://panel.example/completion?c=ABCD2345&p=a%26b%3D%7Bcode%7D%20%C3%A9"
    sent.ended_as = Ending.QUIZ_FAILED
    assert way_out(sent) == "https://panel.example/screen_out?c=ABCD2345&p=a%26b%3D%7Bcode%7D%20%C3%A9"
    sent.ended_as = Ending.WITHDRAWN
    assert way_out(sent) is None


def test_an_address_that_is_not_named_or_has_nothing_to_fill_in(sent: Participant) -> None:
    assert link_for(None, sent) is None
    assert link_for("https://panel.example/?cc=C1", sent) == "https://panel.example/?cc=C1"


def test_who_is_not_enrolled_has_no_code(sent: Participant) -> None:
    address = sent.study.plan.recruitment.declined_url
    assert link_for_arrival(address, Arrival("7")) == "https://panel.example/declined?c=&p=7"
    assert link_for_arrival(address, None) == "https://panel.example/declined?c=&p="


def test_a_participant_without_identity_has_links_all_the_same(sent: Participant) -> None:
    sent.identity.delete()
    assert way_out(sent) == "https://panel.example/completion?c=ABCD2345&p="


def test_carried_ids_come_back_and_only_for_their_study(sent: Participant) -> None:
    carried = signed_arrival(sent.study, Arrival("7", "x"))
    assert carried_arrival(sent.study, carried) == Arrival("7", "x")
    twin = make_study(protocol_text(slug="twin", features=2))
    for study, text in ((twin, carried), (sent.study, f"{carried}x"), (sent.study, ""), (sent.study, "a:b:\ud800")):
        with pytest.raises(ArrivalError):
            carried_arrival(study, text)
    assert carried_arrival(twin, "") is None
