"""``/s/<slug>/``: the public link, consent, and the way back into a session."""

import uuid

import pytest
from django.test import Client

from studyapp.models import Participant, Study
from tests.studyapp.world import make_study, protocol_text

URL = "/s/birds/"


def agree(client: Client) -> Participant:
    response = client.post(URL, {"answer": "agree", "client_id": str(uuid.uuid4())})
    assert response.status_code == 302
    return Participant.objects.get(token=response["Location"].split("/")[2])


def test_it_shows_the_consent_text_in_paragraphs_and_escaped(client: Client, study: Study) -> None:
    page = client.get(URL).content.decode()
    assert "<p>You look at patterns.</p>" in page
    assert "<p>Taking part is voluntary.</p>" in page
    assert "Detectors &amp; &lt;patterns&gt;" in page


def test_looking_at_the_page_stores_nothing(client: Client, study: Study) -> None:
    client.get(URL)
    assert Participant.objects.count() == 0


def test_who_agrees_is_enrolled_and_led_to_the_personal_link(client: Client, study: Study) -> None:
    participant = agree(client)
    assert participant.study == study
    assert client.get(f"/p/{participant.token}/").status_code == 200


def test_who_declines_is_thanked_and_nothing_is_stored(client: Client, study: Study) -> None:
    response = client.post(URL, {"answer": "decline", "client_id": str(uuid.uuid4())}, follow=True)
    assert response.redirect_chain == [("/s/birds/declined/", 302)]
    assert "Nothing about you was stored" in response.content.decode()
    assert Participant.objects.count() == 0
    assert not any(name.startswith("participant") for name in client.cookies)


def test_who_declines_after_agreeing_in_another_window_is_led_to_the_withdrawal(client: Client, study: Study) -> None:
    participant = agree(client)
    client.get(f"/p/{participant.token}/")
    reply = client.post(URL, {"answer": "decline", "client_id": str(uuid.uuid4())})
    assert reply["Location"] == f"/p/{participant.token}/withdraw/"
    assert study.events.filter(name="declined").count() == 1
    assert client.post(reply["Location"], follow=True).status_code == 200
    assert "You have withdrawn" in client.get(f"/p/{participant.token}/").content.decode()


def test_the_cookie_is_signed_and_out_of_reach_of_scripts_and_other_sites(client: Client, study: Study) -> None:
    participant = agree(client)
    client.get(f"/p/{participant.token}/")
    cookie = client.cookies[f"participant_{study.pk}"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == URL
    assert cookie.value.split(":")[0] == participant.token
    assert len(cookie.value.split(":")) == 3


def test_the_same_browser_comes_back_to_its_session(client: Client, study: Study) -> None:
    participant = agree(client)
    client.get(f"/p/{participant.token}/")
    assert client.get(URL)["Location"] == f"/p/{participant.token}/"
    assert agree(client) == participant
    assert Participant.objects.count() == 1


def test_a_forged_cookie_opens_no_session(client: Client, study: Study) -> None:
    participant = agree(client)
    other = Client()
    other.cookies[f"participant_{study.pk}"] = f"{participant.token}:1abcde:forged"
    assert other.get(URL).status_code == 200


def test_a_doubled_click_enrols_once(study: Study) -> None:
    form = {"answer": "agree", "client_id": str(uuid.uuid4())}
    # Two browsers without a cookie: the second request left before the first was answered.
    first, second = Client().post(URL, form), Client().post(URL, form)
    assert first["Location"] == second["Location"]
    assert Participant.objects.count() == 1


@pytest.mark.parametrize(
    "form", [{}, {"answer": "perhaps"}, {"answer": "agree"}, {"answer": "agree", "client_id": "7"}]
)
def test_a_mangled_form_is_refused_and_stores_nothing(client: Client, study: Study, form: dict[str, str]) -> None:
    reply = client.post(URL, form)
    assert reply.status_code == 400
    assert "This request could not be understood" in reply.content.decode()
    assert Participant.objects.count() == 0


def test_a_form_from_another_site_is_refused_kindly(study: Study) -> None:
    response = Client(enforce_csrf_checks=True).post(URL, {"answer": "agree", "client_id": str(uuid.uuid4())})
    assert response.status_code == 403
    assert "allow cookies" in response.content.decode()
    assert Participant.objects.count() == 0


def test_an_unknown_study_gets_a_kind_page(client: Client, db: None) -> None:
    response = client.get("/s/absent/")
    assert response.status_code == 404
    assert "please check that the address is complete" in response.content.decode()


def test_a_mangled_form_is_refused_in_the_language_of_the_study(client: Client, db: None) -> None:
    make_study(protocol_text().replace("seed = 7", 'seed = 7\nlanguage = "de"'))
    reply = client.post(URL, {})
    assert (reply.status_code, reply["Content-Language"]) == (400, "de")
    assert '<html lang="de">' in reply.content.decode()
