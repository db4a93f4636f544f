"""What reaches the browser does not tell which query is the strong one."""

import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.test import Client

from stimuli.models import SourceImage
from studyapp.addresses import image_address
from studyapp.models import Study, Trial
from studyapp.services.enrolment import participant_enrol
from studyapp.services.progress import instructions_read
from tests.studyapp.turns import respond, trials_in_turn
from tests.studyapp.visitor import Visitor
from tests.studyapp.world import make_study, protocol_text

# "Strongly" stands in the sentence above the references of every trial.
TELLING = re.compile(r"strong(?!ly)|weak|correct|rank|activation", re.IGNORECASE)

# In practice the words for all outcomes stand in the page, and the same ones whatever the outcome is.
BOTH_OUTCOMES = re.compile(r' data-(right|wrong)-(left|right)=\\?"[^"]*"')

# Playwright can record a body only until the page is left, which the reply to the last trial brings about at once.
SLOW_REPLIES = """
const quick = window.fetch;
window.fetch = async (...request) => {
  const reply = await quick(...request);
  await reply.clone().text();
  await new Promise((resolve) => setTimeout(resolve, 300));
  return reply;
};
"""


@dataclass(frozen=True)
class Received:
    """One response as the browser got it."""

    url: str
    headers: dict[str, str]
    text: str


@pytest.mark.parametrize("wishes", ["", 'weak_references = 2\nbatches = 2\ndifficulties = ["easy", 80]'])
def test_a_trials_page_is_the_same_to_the_byte_whichever_side_is_strong(client: Client, db: None, wishes: str) -> None:
    study = make_study(protocol_text(features=2, references=2, stimuli=wishes))
    participant = participant_enrol(study=study, client_id=uuid.uuid4())
    instructions_read(participant=participant)
    participant.refresh_from_db()
    for trial in trials_in_turn(participant):
        pages = set()
        for side in ("left", "right"):
            Trial.objects.filter(pk=trial.pk).update(strong_side=side)
            page = client.get(f"/p/{participant.token}/").content.decode()
            coming = client.get(f"/p/{participant.token}/trials/").content.decode()
            pages.add(re.sub(r'data-csrf="\w+"', "", page) + coming)
        assert len(pages) == 1
        assert not TELLING.search(BOTH_OUTCOMES.sub("", pages.pop()))
        respond(participant, trial)


def received(har: Path) -> list[Received]:
    """Everything in the browser's record of its network traffic, in order."""
    return [
        Received(
            url=entry["request"]["url"],
            headers={header["name"].lower(): header["value"] for header in entry["response"]["headers"]},
            text=entry["response"]["content"].get("text", ""),
        )
        for entry in json.loads(har.read_text())["log"]["entries"]
    ]


def test_nothing_a_browser_received_in_main_trials_tells_the_answer(
    live_study: Study, visit: Callable[..., Visitor], tmp_path: Path
) -> None:
    har = tmp_path / "session.har"
    visitor = visit(record_har_path=har, record_har_content="embed")
    visitor.page.add_init_script(SLOW_REPLIES)
    visitor.enrol(live_study)
    for _ in range(6):
        visitor.click("left", 1)
    visitor.page.locator("#completion-code").wait_for()
    visitor.page.context.close()

    everything = received(har)
    answers = [number for number, one in enumerate(everything) if one.url.endswith("/responses/")]
    main = everything[answers[1] + 1 :]
    images = [one for one in main if one.url.endswith(".png")]
    trials = Trial.objects.filter(participant__study=live_study, phase="main")
    addresses = [image_address(trial, side, "png") for trial in trials for side in ("left", "right")]
    queries = [one for one in images if one.url.endswith(tuple(addresses))]
    assert {one.url for one in queries} == {f"{visitor.address}{address}" for address in addresses}
    (listed,) = [one for one in main if one.url.endswith("/trials/")]
    assert listed.text.count("Which of the two images") == 4
    asked = [one.url for one in images]
    # A trial's images are asked for in the order in which they stand on the screen.
    for trial in trials:
        own = [url for url in asked if str(trial.public_id) in url]
        assert own[-2:] == [f"{visitor.address}{image_address(trial, side, 'png')}" for side in ("left", "right")]
    assert [one.text for one in main if one.url.endswith("/responses/")] == [
        '{"status": "stored", "feedback": null, "over": false}'
    ] * 4

    files = [name for image in SourceImage.objects.all() for name in (image.sha256, image.photograph_name)]
    names = [feature.feature.name for feature in live_study.features.all()]
    for one in main:
        if "/static/" in one.url:
            continue
        seen = f"{one.url} {one.headers} {'' if one in images else one.text}"
        assert not TELLING.search(seen)
        assert not any(name in seen for name in (*files, *names))
    # The queries' headers differ in nothing but the length of the picture and the clock.
    for one in queries:
        one.headers.pop("content-length")
        one.headers.pop("date")
    assert all(one.headers == queries[0].headers for one in queries)
