"""``/s/<slug>/`` for people whom a panel sends: who they are is carried to the enrolment, and nobody enters twice."""

import uuid

import pytest
from django.test import Client
from django.utils import timezone

from studyapp.models import Participant, RecruiterIdentity, Study
from tests.studyapp.world import make_study, protocol_text

URL = "/s/birds/"
PANEL = {"PROLIFIC_PID": "5f3a", "STUDY_ID": "st1", "SESSION_ID": "su1"}
BACK = "https://panel.example/?p={participant}"


def study_with(*lines: str) -> Study:
    return make_study(protocol_text(features=2, tables="\n".join(["[recruitment]", *lines])))


@pytest.fixture
def recruiting(db: None) -> Study:
    return study_with('source = "prolific"', f'declined_url = "{BACK}"', f'quota_url = "{BACK}"', "quota = 2")


def form_of(client: Client, parameters: dict[str, str], answer: str = "agree") -> dict[str, str]:
    page = client.get(URL, parameters)
    assert page.status_code == 200
    return {"answer": answer, "client_id": str(page.context["client_id"]), "arrival": page.context["arrival"]}


def enrol(client: Client, **parameters: str) -> str:
    answer = client.post(URL, form_of(client, PANEL | parameters))
    assert answer.status_code == 302
    return str(answer["Location"])


def test_who_comes_from_the_panel_is_enrolled_with_the_ids_apart(client: Client, recruiting: Study) -> None:
    link = enrol(client)
    identity = RecruiterIdentity.objects.get()
    assert link == f"/p/{identity.participant.token}/"
    assert (identity.external_id, identity.session_id) == ("5f3a", "su1")


def test_the_form_does_not_repeat_the_ids_in_its_address(client: Client, recruiting: Study) -> None:
    page = client.get(URL, PANEL).content.decode()
    assert f'action="{URL}"' in page
    assert "5f3a" not in page


@pytest.mark.parametrize("parameters", [{}, {"PROLIFIC_PID": ""}, {"PROLIFIC_PID": "{{%PROLIFIC_PID%}}"}])
def test_without_the_panels_parameter_the_page_says_where_to_begin(
    client: Client, recruiting: Study, parameters: dict[str, str]
) -> None:
    answer = client.get(URL, parameters)
    assert answer.status_code == 403
    assert "come from the panel" in answer.content.decode()


@pytest.mark.parametrize("arrival", ["", "5f3a", "WyI1ZjNhIiwgIiJd:1abcde:forged"])
def test_carried_ids_cannot_be_edited(client: Client, recruiting: Study, arrival: str) -> None:
    form = form_of(client, PANEL) | {"arrival": arrival}
    assert client.post(URL, form).status_code == 403
    assert not Participant.objects.exists()


def test_another_browser_with_the_same_id_goes_on_in_the_same_session(client: Client, recruiting: Study) -> None:
    link = enrol(client)
    assert Client().get(URL, PANEL | {"SESSION_ID": "su2"})["Location"] == link
    assert recruiting.events.filter(name="resumed").count() == 1
    assert Participant.objects.count() == 1


def test_another_person_at_the_same_browser_begins_anew(client: Client, recruiting: Study) -> None:
    first = enrol(client)
    client.get(first)
    assert enrol(client, PROLIFIC_PID="other") != first


def test_two_open_pages_of_one_person_enrol_once(client: Client, recruiting: Study) -> None:
    forms = [form_of(client, PANEL), form_of(Client(), PANEL)]
    assert len({client.post(URL, form)["Location"] for form in forms}) == 1


def test_who_took_part_is_told_so_where_nobody_may_return(client: Client, db: None) -> None:
    study_with('source = "prolific"', 'returning = "refuse"')
    two = [form_of(client, PANEL), form_of(client, PANEL)]
    assert client.post(URL, two[0]).status_code == 302
    for answer in (client.get(URL, PANEL), client.post(URL, two[1])):
        assert "You took part already" in answer.content.decode()
    assert Participant.objects.count() == 1


def test_where_nobody_may_return_a_second_consent_page_of_the_same_browser_leads_on(client: Client, db: None) -> None:
    study_with('source = "prolific"', 'returning = "refuse"')
    one, two = form_of(client, PANEL), form_of(client, PANEL)
    link = client.post(URL, one)["Location"]
    client.get(link)  # the page that remembers whose browser this is
    assert client.post(URL, two)["Location"] == link
    assert "You took part already" in Client().post(URL, two).content.decode()


def test_who_declines_after_agreeing_in_another_window_is_led_to_the_withdrawal(
    client: Client, recruiting: Study
) -> None:
    one, two = form_of(client, PANEL), form_of(client, PANEL, "decline")
    link = client.post(URL, one)["Location"]
    client.get(link)
    assert client.post(URL, two)["Location"] == f"{link}withdraw/"
    assert [event.name for event in recruiting.events.all()] == ["enrolled", "declined"]


def test_who_declines_is_led_back_with_the_id_and_can_still_change_the_mind(client: Client, recruiting: Study) -> None:
    answer = client.post(URL, form_of(client, PANEL, "decline"), follow=True)
    page = answer.content.decode()
    assert 'href="https://panel.example/?p=5f3a"' in page
    assert recruiting.events.get().name == "declined"
    assert "5f3a" not in repr(recruiting.events.values())
    back = client.get(answer.context["back"])
    assert back.context["arrival"]
    assert Participant.objects.count() == 0


@pytest.mark.parametrize("answer", ["agree", "decline"])
def test_an_address_with_ids_that_somebody_finds_leads_into_nobodys_session_by_a_press_either(
    client: Client, recruiting: Study, answer: str
) -> None:
    back = client.post(URL, form_of(client, PANEL, "decline"), follow=True).context["back"]
    again = client.get(back)
    form = {"client_id": str(again.context["client_id"]), "arrival": again.context["arrival"]}
    session = client.post(URL, form | {"answer": "agree"})["Location"]
    client.get(session)
    finder = Client()
    found = finder.get(back)
    sent = finder.post(
        URL, {"answer": answer, "client_id": str(found.context["client_id"]), "arrival": found.context["arrival"]}
    )
    assert session not in sent.headers.get("Location", "")
    assert Participant.objects.count() == 1
    if answer == "agree":
        assert sent.status_code == 403
        assert "panel" in sent.content.decode()
    # The person's own browser, and the panel's own address, still lead to the session.
    assert client.get(back)["Location"] == session
    assert Client().get(URL, PANEL)["Location"] == session


def test_a_full_study_is_said_before_anybody_reads_the_consent(client: Client, recruiting: Study) -> None:
    late = form_of(client, PANEL | {"PROLIFIC_PID": "late"})
    for person in ("a", "b"):
        enrol(Client(), PROLIFIC_PID=person)
    for answer in (client.get(URL, PANEL | {"PROLIFIC_PID": "late"}), client.post(URL, late)):
        page = answer.content.decode()
        assert "All places are taken" in page
        assert 'href="https://panel.example/?p=late"' in page
    assert recruiting.events.filter(name="quota_full").count() == 1
    assert Client().get(URL, PANEL | {"PROLIFIC_PID": "a"}).status_code == 302


def test_a_closed_study_says_so(client: Client, recruiting: Study) -> None:
    Study.objects.update(closed_at=timezone.now())
    page = client.get(URL, PANEL).content.decode()
    assert "takes no new participants now" in page
    assert "All places are taken" not in page


def test_an_unreadable_carried_value_on_the_declined_page_does_no_harm(client: Client, recruiting: Study) -> None:
    answer = client.get(f"{URL}declined/", {"arrival": "nonsense"})
    assert answer.status_code == 200
    assert 'href="https://panel.example/?p="' in answer.content.decode()


def test_a_panels_own_parameter_named_arrival_is_read(client: Client, db: None) -> None:
    study_with('source = "generic"', 'participant_parameter = "arrival"')
    form = form_of(client, {"arrival": "m7"})
    client.post(URL, form)
    assert RecruiterIdentity.objects.get().external_id == "m7"


def test_no_page_before_the_personal_link_stores_a_cookie_that_names_the_person(
    client: Client, recruiting: Study
) -> None:
    client.get(URL, PANEL)
    assert "5f3a" not in str(client.cookies)
    assert uuid.UUID(str(client.get(URL, PANEL).context["client_id"]))


def test_where_nobody_may_return_the_browser_of_a_session_that_is_not_over_goes_on(client: Client, db: None) -> None:
    study_with('source = "prolific"', 'returning = "refuse"')
    link = enrol(client)
    client.get(link)  # the page that remembers whose browser this is
    assert client.get(URL, PANEL)["Location"] == link
    assert "You took part already" in Client().get(URL, PANEL).content.decode()
    now = timezone.now()
    Participant.objects.update(instructions_read_at=now, completed_at=now, completion_code="ABCDEFGH")
    assert "You took part already" in client.get(URL, PANEL).content.decode()


def test_who_withdraws_is_led_back_without_id_and_code(client: Client, db: None) -> None:
    study_with('source = "prolific"', 'withdrawn_url = "https://panel.example/?gone={participant}{code}"')
    link = enrol(client)
    page = client.post(f"{link}withdraw/", follow=True).content.decode()
    assert "You have withdrawn" in page
    assert 'href="https://panel.example/?gone="' in page
