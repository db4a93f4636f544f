"""Where a session is over nothing of it stays on the device, but for answers that can still be sent."""

import uuid
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from studyapp.models import Ending, Participant, Study
from studyapp.selectors import current_trial
from studyapp.services.enrolment import participant_enrol
from studyapp.services.progress import instructions_read
from studyapp.services.withdrawal import participant_withdraw
from tests.studyapp.turns import respond
from tests.studyapp.visitor import Visitor

ANOTHER = "quiddity.answer:/p/another-session/:1:x"


def withdraw(person: Participant) -> None:
    participant_withdraw(participant=person)


def fail_the_practice(person: Participant) -> None:
    person.ended_as, person.ended_at = Ending.PRACTICE_FAILED, timezone.now()
    person.save()


def lose_the_place(person: Participant) -> None:
    person.released_at = timezone.now()
    person.save()


def complete(person: Participant) -> None:
    while trial := current_trial(person):
        respond(person, trial, confidence=2, rt_ms=900.0)


def leave_behind(page: Page, session: str) -> None:
    """An answer to a trial that nobody knows, and the count of how often it was begun, as the pages of trials do."""
    page.evaluate(
        """([session, another]) => {
          const trial = crypto.randomUUID(), client_id = crypto.randomUUID();
          const answer = { trial, client_id, choice: "left", confidence: 3, rt_ms: 900, data: {}, events: [] };
          localStorage.setItem(`quiddity.answer:${session}:1:${client_id}`, JSON.stringify(answer));
          localStorage.setItem(`quiddity.shown:${session}:${trial}`, "1");
          sessionStorage.setItem(`quiddity.draft:${session}`, "x");
          localStorage.setItem(another, JSON.stringify(answer));
        }""",
        [session, ANOTHER],
    )


def ended(study: Study, end: Callable[[Participant], None]) -> Participant:
    """Somebody who has read the instructions and come to this end."""
    person = participant_enrol(study=study, client_id=uuid.uuid4())
    instructions_read(participant=person)
    person.refresh_from_db()
    end(person)
    return person


@pytest.mark.parametrize("end", [withdraw, fail_the_practice, lose_the_place, complete])
def test_the_page_at_the_end_takes_the_session_from_the_device_and_no_other_session(
    live_study: Study, visit: Callable[..., Visitor], end: Callable[[Participant], None]
) -> None:
    visitor, person = visit(), ended(live_study, end)
    visitor.page.goto(f"{visitor.address}/s/{live_study.slug}/")
    leave_behind(visitor.page, f"/p/{person.token}/")
    visitor.page.goto(f"{visitor.address}/p/{person.token}/")
    # In one step: the page is loaded again once an answer was delivered.
    visitor.page.wait_for_function(
        "other => Object.keys(localStorage).join() === other && sessionStorage.length === 0", arg=ANOTHER
    )


@pytest.mark.parametrize("end", [lose_the_place, complete])
def test_what_can_still_be_sent_waits_until_it_is_sent(
    live_study: Study, visit: Callable[..., Visitor], end: Callable[[Participant], None]
) -> None:
    visitor, person = visit(), ended(live_study, end)
    page, session = visitor.page, f"/p/{person.token}/"
    page.goto(f"{visitor.address}/s/{live_study.slug}/")
    leave_behind(page, session)
    page.route("**/responses/", lambda route: route.abort())
    page.goto(f"{visitor.address}{session}")
    page.wait_for_function("() => !Object.keys(localStorage).some((key) => key.startsWith('quiddity.shown:'))")
    assert page.evaluate(
        "session => Object.keys(localStorage).some((key) => key.startsWith(`quiddity.answer:${session}`))", session
    )
