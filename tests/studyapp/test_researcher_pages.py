"""``/researcher/`` and the admin: for staff only."""

import uuid

import pytest
from django.contrib.auth.models import User
from django.test import Client

from stimuli.freezing import freeze
from stimuli.models import Stimulus
from studyapp.models import ContinuationPair, Participant, QueryPair, Reference, Study
from studyapp.selectors import current_trial
from studyapp.services.enrolment import participant_enrol
from studyapp.services.study import study_create
from tests.stimuli.written_anew import write_anew
from tests.studyapp.turns import respond
from tests.studyapp.world import make_stimuli, make_study, make_survey, protocol_file, protocol_text

MODELS = ("study", "studyfeature", "reference", "querypair", "participant", "trial", "response")


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create(username="researcher", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def image_address(study: Study) -> str:
    return f"/researcher/images/{QueryPair.objects.first().strong_image.sha256}.png"  # type: ignore[union-attr]


@pytest.mark.parametrize("address", ["/researcher/", "/researcher/birds/"])
def test_others_are_led_to_the_login(client: Client, study: Study, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/")
    client.force_login(User.objects.create_user("somebody"))
    assert client.get(address).status_code == 302


def test_images_are_shown_to_staff_only(client: Client, staff: Client, image_address: str) -> None:
    assert client.get(image_address).status_code == 302
    assert staff.get(image_address)["Content-Type"] == "image/png"
    assert staff.get(f"/researcher/images/{'0' * 64}.png").status_code == 404


def test_it_lists_the_studies_with_their_counts(staff: Client, study: Study) -> None:
    participant_enrol(study=study, client_id=uuid.uuid4())
    page = staff.get("/researcher/").content.decode()
    assert 'href="/researcher/birds/"' in page
    assert '<td class="number">1</td>' in page


def test_without_a_study_it_says_how_to_make_one(staff: Client) -> None:
    assert "create_study" in staff.get("/researcher/").content.decode()


def test_it_shows_link_protocol_and_every_image_with_rank_and_activation(staff: Client, study: Study) -> None:
    page = staff.get("/researcher/birds/").content.decode()
    assert "http://testserver/s/birds/" in page
    assert study.protocol_sha256 in page
    assert "export_responses birds --out birds.csv" in page
    assert "python -m analysis birds.csv --protocol PROTOCOL.toml --out report.html" in page
    assert "do not raise the activation" not in page
    assert page.count("<img") == 6 * (4 + 4 + 2)
    assert page.count("4.500 → 9.250") == 6 * 4
    pair = study.features.get(feature__name="layer1:channel=0").query_pairs.get()
    assert f"Strong query: rank {pair.strong_rank}, activation {pair.strong_activation:.3f}" in page


def test_it_says_how_many_accentuations_do_not_raise_the_activation(staff: Client, db: None) -> None:
    file = protocol_file(protocol_text())
    make_survey()
    make_stimuli(file.protocol)
    lowered = Stimulus.objects.order_by("pk").values_list("pk", flat=True)[:7]
    write_anew(Stimulus.objects.filter(pk__in=list(lowered)), activation_after=4.25)
    freeze(file)
    study_create(file=file)
    assert "7 of 24 accentuations do not raise the activation." in staff.get("/researcher/birds/").content.decode()


def test_of_a_continuation_it_shows_seed_weak_strong_and_foil(staff: Client) -> None:
    study = make_study(protocol_text(task="continuation", conditions=("none", "accentuation"), references=2))
    page = staff.get("/researcher/birds/").content.decode()
    pairs = list(ContinuationPair.objects.filter(study_feature__study=study))
    assert pairs
    for pair in pairs:
        assert f"Strong {pair.number}: activation {pair.strong.activation_after:.3f}" in page
        assert f"Foil {pair.number}: accentuates {pair.foil.feature.name}" in page
        for image in (pair.seed_image, pair.weak, pair.strong, pair.foil):
            assert f"/researcher/images/{image.sha256}.png" in page
    assert page.count("<img") == 4 * len(pairs)  # neither references nor queries, which this task does not show


def test_of_a_transfer_it_shows_references_and_continuations_but_no_queries(staff: Client) -> None:
    study = make_study(protocol_text(task="transfer", references=2))
    page = staff.get("/researcher/birds/").content.decode()
    pairs = ContinuationPair.objects.filter(study_feature__study=study).count()
    references = Reference.objects.filter(study_feature__study=study)
    explanations = sum(reference.explanations.count() for reference in references)
    assert page.count("<img") == 4 * pairs + references.count() + explanations
    assert "query" not in page


def test_the_bare_address_leads_to_the_studies(staff: Client, study: Study) -> None:
    response = staff.get("/", follow=True)
    assert response.redirect_chain == [("/researcher/", 302)]


def test_an_unknown_study_is_not_found(staff: Client) -> None:
    assert staff.get("/researcher/absent/").status_code == 404


@pytest.mark.parametrize("model", MODELS)
def test_the_admin_lists_and_shows_but_changes_nothing(staff: Client, participant: Participant, model: str) -> None:
    trial = current_trial(participant)
    assert trial is not None
    respond(participant, trial)
    listing = staff.get(f"/admin/studyapp/{model}/")
    assert listing.status_code == 200
    row = listing.context["cl"].result_list[0]
    assert staff.get(f"/admin/studyapp/{model}/{row.pk}/change/").status_code == 200
    if model != "study":  # of which superusers change the researchers
        assert staff.post(f"/admin/studyapp/{model}/{row.pk}/change/", {}).status_code == 403
    assert staff.post(f"/admin/studyapp/{model}/{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert staff.get(f"/admin/studyapp/{model}/add/").status_code == 403


def test_the_admin_does_not_show_the_secret_of_the_personal_link(staff: Client, participant: Participant) -> None:
    page = staff.get(f"/admin/studyapp/participant/{participant.pk}/change/").content.decode()
    assert participant.code in page
    assert participant.token not in page
