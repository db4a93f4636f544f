"""The secret of a study: who has the published protocol cannot draw what participants meet."""

import re
import uuid
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client

from studyapp.assignment import design_of, plan_practice, plan_session
from studyapp.models import Participant, Study
from studyapp.services.enrolment import participant_enrol
from studyapp.services.trials import store_main
from tests.studyapp.turns import respond, trials_in_turn
from tests.studyapp.world import make_study, protocol_text

Drawn = list[tuple[object, ...]]


def enrolled(study: Study, people: int) -> list[Participant]:
    found = [participant_enrol(study=study, client_id=uuid.uuid4()) for _ in range(people)]
    for participant in found:
        store_main(participant)
    return found


def drawn_of(participant: Participant) -> Drawn:
    pairs = "query_pair__study_feature__feature__name"
    return list(participant.trials.values_list("phase", pairs, "condition", "strong_side", "reference_order"))


def drawn_for(study: Study, people: int = 3) -> list[Drawn]:
    return [drawn_of(participant) for participant in enrolled(study, people)]


def drawn_by_the_functions(study: Study, number: int, seed: int | str) -> Drawn:
    """What anybody gets who knows the program, the protocol and ``seed``."""
    plan = study.plan
    shared = {"seed": seed, "number": number, "design": design_of(plan)}
    practice = plan_practice(**shared, features=len(plan.stimuli.practice_features))  # type: ignore[arg-type]
    main = plan_session(**shared, features=len(plan.stimuli.features), catch_features=0)  # type: ignore[arg-type]
    return [
        (phase, names[trial.feature], trial.cell.condition, trial.strong_side, list(trial.reference_order))
        for phase, names, planned in (
            ("practice", plan.stimuli.practice_features, practice),
            ("main", plan.stimuli.features, main),
        )
        for trial in planned
    ]


def take_secret_away(study: Study) -> Study:
    """As a study stands that was made before there were secrets; the database lets nobody do this."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE studyapp_study DISABLE TRIGGER guard_standing_change")
        cursor.execute("UPDATE studyapp_study SET secret = '' WHERE id = %s", [study.pk])
        cursor.execute("ALTER TABLE studyapp_study ENABLE TRIGGER guard_standing_change")
    return Study.objects.get(pk=study.pk)


def test_two_studies_of_the_same_protocol_draw_differently(study: Study) -> None:
    twin = make_study(protocol_text(slug="twin"))
    assert study.seed == twin.seed
    assert study.secret != twin.secret
    assert drawn_for(study) != drawn_for(twin)


def test_the_same_study_draws_the_same_again(study: Study) -> None:
    for number, before in enumerate(drawn_for(study), start=1):
        again = Study.objects.get(pk=study.pk)
        assert before == drawn_by_the_functions(again, number, again.drawn_from)


def test_the_published_seed_draws_something_else(study: Study) -> None:
    published = [drawn_by_the_functions(study, number, study.seed) for number in (1, 2, 3)]
    assert drawn_for(study) != published


def test_a_study_from_before_there_were_secrets_goes_on_drawing_from_its_seed_alone(study: Study) -> None:
    old = take_secret_away(study)
    assert drawn_for(old) == [drawn_by_the_functions(old, number, old.seed) for number in (1, 2, 3)]


def test_secrets_cannot_be_guessed(study: Study) -> None:
    assert re.fullmatch("[0-9a-f]{64}", study.secret)


def test_neither_pages_nor_exports_nor_the_admin_hold_the_secret(
    study: Study, client: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = participants_pages(study, client) + researchers_pages(study)
    names = {"--out": "responses", "--events": "events", "--questionnaires": "questions", "--recruiter-ids": "people"}
    files = [word for option, name in names.items() for word in (option, str(tmp_path / f"{name}.csv"))]
    call_command("export_responses", study.slug, *files)
    call_command("export_observers", study.slug, "--out", str(tmp_path / "observers.csv"))
    said += [path.read_text() for path in tmp_path.iterdir()]
    said += [repr(list(study.events.values()))]
    printed = capsys.readouterr()
    assert len(said) > 15
    assert study.slug in "".join(said)
    assert not any(study.secret in one for one in (*said, printed.out, printed.err))


def participants_pages(study: Study, client: Client) -> list[str]:
    """Everything that a browser gets in a session."""
    said = [client.get(f"/s/{study.slug}/").content.decode()]
    participant = participant_enrol(study=study, client_id=uuid.uuid4())
    home = f"/p/{participant.token}/"
    said.append(client.get(home).content.decode())
    client.post(f"{home}instructions/")
    participant.refresh_from_db()
    for trial in trials_in_turn(participant):
        said += [client.get(address).content.decode() for address in (home, f"{home}trials/")]
        respond(participant, trial, choice=trial.strong_side)
    said.append(client.get(home).content.decode())
    return said


def researchers_pages(study: Study) -> list[str]:
    """Everything that a superuser sees of the study."""
    staff = Client()
    staff.force_login(User.objects.create_superuser("chief"))
    admin = f"/admin/studyapp/study/{study.pk}"
    addresses = [
        *(f"/researcher/{study.slug}/{page}" for page in ("", "participants/", "events/")),
        *("/admin/studyapp/study/", f"{admin}/change/", f"{admin}/history/"),
        *(f"/admin/studyapp/{name}/" for name in ("participant", "trial", "response", "event")),
    ]
    replies = [staff.get(address) for address in addresses]
    assert [reply.status_code for reply in replies] == [200] * len(addresses)
    replies.append(staff.post(f"/researcher/{study.slug}/export/"))
    return [b"".join(reply).decode() for reply in replies]
