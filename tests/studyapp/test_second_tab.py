"""An open page of trials, while the same person or somebody else comes by the study's link."""

import uuid
from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import expect

from studyapp.models import Participant, Response, Study
from studyapp.services.enrolment import participant_enrol
from tests.studyapp.visitor import Visitor

PANEL = "http://panel.example/"


def test_a_second_tab_opened_by_a_link_of_another_site_does_not_keep_the_first_from_saving(
    live_study: Study, visit: Callable[..., Visitor]
) -> None:
    first = visit()
    first.enrol(live_study)
    first.click("left", 1)
    link = f'<a href="{first.address}/s/{live_study.slug}/">Take part</a>'
    first.page.context.route(PANEL, lambda route: route.fulfill(body=link, content_type="text/html"))
    second = Visitor(first.page.context.new_page(), first.address)
    second.page.goto(PANEL)
    second.page.get_by_role("link", name="Take part").click()
    assert second.trial == first.trial
    first.page.bring_to_front()
    first.click("right", 2)
    assert Response.objects.count() == 2
    assert not [complaint for complaint in first.complaints if "403" in complaint]


def test_who_lost_the_place_reads_so_after_the_next_answer(live_study: Study, visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.enrol(live_study)
    for _ in range(2):
        visitor.click("left", 1)
    trial, person = visitor.trial, visitor.participant
    Participant.objects.filter(pk=person.pk).update(last_seen_at=timezone.now() - timedelta(days=1))
    assert participant_enrol(study=live_study, client_id=uuid.uuid4()).number == person.number
    visitor.page.locator(visitor.button("right", 2)).click()
    expect(visitor.page.get_by_role("heading", name="Your place was given to somebody else")).to_be_visible()
    assert Response.objects.get(trial=trial).choice == "right"
    assert Response.objects.filter(trial__participant=person).count() == 3
