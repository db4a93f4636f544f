"""Per study: its researchers and superusers see it and its data, other staff do not know that it exists."""

import uuid

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from stimuli.models import SourceImage
from studyapp.models import (
    Event,
    Participant,
    QuestionnaireAnswers,
    QuizAttempt,
    RecruiterIdentity,
    Study,
)
from studyapp.permissions import studies_of
from studyapp.selectors import current_trial
from studyapp.services.enrolment import participant_enrol
from studyapp.services.events import record
from studyapp.services.progress import instructions_read
from tests.studyapp.turns import respond
from tests.studyapp.world import make_study, protocol_text

# Of the tables without a link to a study of its own there are rows of both studies too.
MODELS = (
    "study",
    "studyfeature",
    "reference",
    "querypair",
    "participant",
    "trial",
    "response",
    "recruiteridentity",
    "questionnaireanswers",
    "quizattempt",
    "event",
)


def client_of(login: str, **flags: bool) -> Client:
    client = Client()
    client.force_login(User.objects.create(username=login, **flags))
    return client


@pytest.fixture
def fish(study: Study) -> Study:
    """Another study beside the birds."""
    return make_study(protocol_text(slug="fish", seed=8))


@pytest.fixture
def anna(study: Study, fish: Study) -> Client:
    """Staff, and researcher of the birds only."""
    client = client_of("anna", is_staff=True)
    study.researchers.add(User.objects.get(username="anna"))
    return client


@pytest.fixture
def chief(study: Study) -> Client:
    return client_of("chief", is_staff=True, is_superuser=True)


def with_data(study: Study) -> Participant:
    """Somebody of whom every table has a row."""
    participant = participant_enrol(study=study, client_id=uuid.uuid4())
    instructions_read(participant=participant)
    participant.refresh_from_db()
    trial, now = current_trial(participant), timezone.now()
    assert trial is not None
    respond(participant, trial)
    RecruiterIdentity.objects.create(study=study, participant=participant, external_id=f"person {participant.code}")
    QuestionnaireAnswers.objects.create(participant=participant, place="before", answers={}, received_at=now)
    QuizAttempt.objects.create(participant=participant, number=1, answers=[], passed=True, received_at=now)
    record(study=study, name="enrolled", participant=participant)
    return participant


def test_staff_have_their_studies_superusers_all_and_nobody_else_any(study: Study, fish: Study) -> None:
    anna, chief = User(username="anna", is_staff=True), User(username="chief", is_staff=True, is_superuser=True)
    former, outsider = User(username="former", is_staff=True, is_active=False), User(username="outsider")
    for user in (anna, chief, former, outsider):
        user.save()
        if user is not chief:
            study.researchers.add(user)
    assert list(studies_of(anna)) == [study]
    assert set(studies_of(chief)) == {study, fish}
    assert not studies_of(former).exists()
    assert not studies_of(outsider).exists()


def test_the_list_holds_the_researchers_studies(anna: Client, chief: Client) -> None:
    assert [study.slug for study in anna.get("/researcher/").context["studies"]] == ["birds"]
    assert {study.slug for study in chief.get("/researcher/").context["studies"]} == {"birds", "fish"}


def test_pages_of_another_study_do_not_exist(anna: Client, chief: Client) -> None:
    for page in ("", "participants/", "events/"):
        assert anna.get(f"/researcher/birds/{page}").status_code == 200
        assert anna.get(f"/researcher/fish/{page}").status_code == 404
        assert chief.get(f"/researcher/fish/{page}").status_code == 200


def test_nothing_can_be_done_to_another_study(anna: Client, fish: Study) -> None:
    participant = with_data(fish)
    assert anna.post("/researcher/fish/export/").status_code == 404
    assert anna.post("/researcher/fish/enrolment/", {"enrolment": "close"}).status_code == 404
    for slug in ("fish", "birds"):  # by no way round either
        address = f"/researcher/{slug}/participants/{participant.code}/withdraw/"
        assert anna.get(address).status_code == 404
        assert anna.post(address).status_code == 404
    fish.refresh_from_db()
    participant.refresh_from_db()
    assert (fish.closed_at, participant.ended_as) == (None, "")
    assert not Event.objects.filter(by="anna").exists()


def test_who_is_not_of_the_staff_is_led_to_the_login(study: Study) -> None:
    somebody = client_of("somebody")
    study.researchers.add(User.objects.get(username="somebody"))
    pages = ("participants/", "events/", "participants/ABCDEFGH/withdraw/")
    actions = ("export/", "enrolment/", "participants/ABCDEFGH/withdraw/")
    for client in (Client(), somebody):
        answers = [client.get(f"/researcher/birds/{page}") for page in pages]
        answers += [client.post(f"/researcher/birds/{action}") for action in actions]
        for answer in answers:
            assert answer.status_code == 302
            assert answer["Location"].startswith("/admin/login/")


def test_the_admin_lists_and_shows_the_rows_of_ones_studies_only(
    anna: Client, chief: Client, study: Study, fish: Study
) -> None:
    with_data(study)
    with_data(fish)
    for model in MODELS:
        listing = anna.get(f"/admin/studyapp/{model}/")
        assert "fish" not in listing.content.decode(), model  # in no row, and in no filter
        mine = {row.pk for row in listing.context["cl"].queryset}
        all_rows = {row.pk for row in chief.get(f"/admin/studyapp/{model}/").context["cl"].queryset}
        assert mine, model
        assert mine < all_rows, model
        other = max(all_rows - mine)
        for page in ("change", "history"):
            assert anna.get(f"/admin/studyapp/{model}/{min(mine)}/{page}/").status_code == 200, model
            assert anna.get(f"/admin/studyapp/{model}/{other}/{page}/").status_code == 302, model


def test_a_code_is_found_by_the_recruiters_id(anna: Client, study: Study) -> None:
    participant = with_data(study)
    page = anna.get("/admin/studyapp/recruiteridentity/", {"q": f"person {participant.code}"}).content.decode()
    assert f"birds {participant.code}" in page


def test_the_images_are_open_to_all_staff(anna: Client) -> None:
    image = SourceImage.objects.first()
    assert image is not None
    assert anna.get("/gallery/").status_code == 200
    assert anna.get(f"/researcher/images/{image.sha256}.png").status_code == 200


def test_superusers_say_who_sees_a_study_and_nothing_else_of_it_changes(chief: Client, study: Study) -> None:
    anna = User.objects.create(username="anna", is_staff=True)
    address = f"/admin/studyapp/study/{study.pk}/change/"
    assert chief.post(address, {"researchers": [anna.pk], "title": "Another", "seed": "1"}).status_code == 302
    changed = Study.objects.get(pk=study.pk)
    assert list(changed.researchers.all()) == [anna]
    assert (changed.title, changed.seed, changed.closed_at) == (study.title, study.seed, None)
    event = Event.objects.get(study=study)
    assert (event.name, event.by, event.data) == ("researchers_changed", "chief", {"researchers": ["anna"]})


def test_a_researcher_gives_nobody_permission(anna: Client, study: Study) -> None:
    assert anna.post(f"/admin/studyapp/study/{study.pk}/change/", {"researchers": []}).status_code == 403
    assert study.researchers.count() == 1


# create_study --researcher


@pytest.fixture
def protocol_path(study: Study, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("protocol") / "birds.toml"
    path.write_text(study.protocol)
    return str(path)


def test_the_command_names_researchers_also_of_a_study_that_stands(study: Study, protocol_path: str) -> None:
    for login in ("anna", "bert"):
        User.objects.create(username=login, is_staff=True)
    call_command("create_study", protocol_path, "--researcher", "anna", "--researcher", "bert")
    call_command("create_study", protocol_path, "--researcher", "anna")
    assert {user.username for user in study.researchers.all()} == {"anna", "bert"}
    assert Event.objects.get().data == {"researchers": ["anna", "bert"]}


def test_the_command_refuses_who_is_not_of_the_staff(study: Study, protocol_path: str) -> None:
    User.objects.create(username="somebody")
    for login in ("somebody", "nobody"):
        with pytest.raises(CommandError, match=f"no staff account '{login}'"):
            call_command("create_study", protocol_path, "--researcher", login)
    assert not study.researchers.exists()
