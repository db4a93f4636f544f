"""What the tests of the study site share: a study that stands, a participant at the first trial, a browser."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright
from pytest_django.live_server_helper import LiveServer

from studyapp.models import Participant, Study
from studyapp.services.enrolment import participant_enrol
from studyapp.services.progress import instructions_read
from tests import chromium
from tests.studyapp.visitor import Visitor
from tests.studyapp.whole_session import whole_study
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


@pytest.fixture
def whole(db: None) -> Study:
    """A study with every step that a session can have."""
    return whole_study()


@pytest.fixture
def person(whole: Study) -> Participant:
    """Enrolled in it, before its first step."""
    return participant_enrol(study=whole, client_id=uuid.uuid4())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable = chromium.find()
    if executable is None:
        pytest.fail(chromium.ADVICE)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's synchronous interface runs an event loop in this thread, which Django would take for a mistake.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        running = playwright.chromium.launch(executable_path=executable, args=chromium.arguments())
        yield running
        running.close()


@pytest.fixture
def visit(browser: Browser, live_server: LiveServer) -> Iterator[Callable[..., Visitor]]:
    """Open a browser of one's own, with the given options of a Playwright context."""
    contexts = []

    def open_browser(**options: Any) -> Visitor:
        context = browser.new_context(**({"viewport": {"width": 1440, "height": 900}} | options))
        contexts.append(context)
        return Visitor(context.new_page(), live_server.url)

    yield open_browser
    for context in contexts:
        context.close()


@pytest.fixture
def live_study(live_server: LiveServer, browser: Browser) -> Study:
    """A study that the served site sees."""
    return make_study(protocol_text())
