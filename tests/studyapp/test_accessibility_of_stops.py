"""axe finds nothing on the pages at which a session does not begin, ends early, or cannot be shown either."""

import uuid
from collections.abc import Callable, Iterator
from urllib.parse import unquote

import pytest
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Route

from studyapp.models import Ending, Participant, Study
from studyapp.recruitment.arrival import UnavailableError, UnverifiedError
from tests.studyapp.visitor import Visitor
from tests.studyapp.world import make_study, protocol_text

PANEL = {"PROLIFIC_PID": "5f3a"}
TABLES = '[recruitment]\nsource = "prolific"\nreturning = "refuse"\nquota = 1\nquota_url = "https://panel.example/"\n'
TEXT = protocol_text(features=2, tables=TABLES).replace("[consent]\n", '[consent]\non_withdrawal = "keep"\n')

Page = tuple[str, HttpResponse]


def consent_pages(study: Study, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """What the study's public link can say instead of the consent, and to whom it is said."""
    address, client = f"/s/{study.slug}/", Client()
    yield "not from the panel", client.get(address)
    for error in (UnverifiedError, UnavailableError):
        with monkeypatch.context() as patch:

            def fail(*_: object, error: type[Exception] = error) -> None:
                raise error

            patch.setattr("studyapp.views.enrolment.arrival_from", fail)
            yield error.__name__, client.get(address, PANEL)
    form = {"answer": "agree", "client_id": str(uuid.uuid4())}
    client.post(address, form | {"arrival": client.get(address, PANEL).context["arrival"]})
    yield "took part", Client().get(address, PANEL)
    yield "full", Client().get(address, {"PROLIFIC_PID": "late"})
    Study.objects.update(closed_at=timezone.now())
    yield "closed", Client().get(address, {"PROLIFIC_PID": "late"})
    Study.objects.update(closed_at=None)


def last_pages(person: Participant) -> Iterator[Page]:
    """Every way in which a session ends before its code."""
    address, rows, client = f"/p/{person.token}/", Participant.objects.filter(pk=person.pk), Client()
    yield "withdraw", client.get(f"{address}withdraw/")
    for ending in (Ending.QUIZ_FAILED, Ending.PRACTICE_FAILED):
        rows.update(ended_as=ending, ended_at=timezone.now())
        yield ending, client.get(address)
    rows.update(ended_as="", ended_at=None, released_at=timezone.now())
    yield "released", client.get(address)
    rows.update(released_at=None)
    client.post(f"{address}withdraw/")
    yield "withdrawn", client.get(address)


def error_pages() -> Iterator[Page]:
    for name in ("400", "403", "403_csrf", "429", "500", "503"):
        yield name, HttpResponse(render_to_string(f"{name}.html"))


@pytest.fixture
def stops(live_server: object, browser: object, monkeypatch: pytest.MonkeyPatch) -> dict[str, HttpResponse]:
    study = make_study(TEXT)
    pages = dict(consent_pages(study, monkeypatch))
    person = Participant.objects.get()
    return pages | dict(last_pages(person)) | dict(error_pages())


def test_every_page_that_shows_no_step_of_a_session(
    stops: dict[str, HttpResponse], visit: Callable[..., Visitor]
) -> None:
    visitor = visit(viewport={"width": 390, "height": 844})
    page, bodies = visitor.page, {name: reply.content.decode() for name, reply in stops.items()}
    assert len(set(bodies.values())) == len(bodies) == 17

    def fulfill(route: Route) -> None:
        route.fulfill(body=bodies[unquote(route.request.url.split("/")[-1])], content_type="text/html")

    page.route("**/stop/*", fulfill)
    for name in bodies:
        page.goto(f"{visitor.address}/stop/{name}")
        assert page.locator("main h1").count() == 1, name
        visitor.assert_accessible()
        assert page.evaluate("document.documentElement.scrollWidth") == 390, name


def test_the_consent_without_scripts(live_study: Study, visit: Callable[..., Visitor]) -> None:
    visitor = visit(viewport={"width": 390, "height": 844})
    visitor.page.route("**/*.js", lambda route: route.abort())  # axe is a script itself, and gets in by another door
    visitor.page.goto(f"{visitor.address}/s/{live_study.slug}/")
    visitor.assert_accessible()
