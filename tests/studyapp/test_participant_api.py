"""Whatever is sent in whatever order: no crash, no answer key, nobody else's data, never a second response.

A state machine sends what participants send, and what they should not. A further step of the session is one more rule:
send with :meth:`ParticipantApi.send`, which looks through every reply.
"""

import json
import re
import uuid
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from stimuli.models import SourceImage, Stimulus
from studyapp.addresses import image_address
from studyapp.models import Participant, Response, Study, Trial
from studyapp.selectors import current_trial
from tests.studyapp.whole_session import BEFORE, RIGHT, whole_study
from tests.studyapp.world import make_study, protocol_text

SIDES = st.sampled_from(["left", "right"])
SLOTS = st.sampled_from(["left", "right", "r1", "r4", "r9", "r1x", "w1", "strong", "x" * 16])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
HASH = re.compile("[0-9a-f]{64}")
ENDS = (
    *("", "responses/", "instructions/", "trials/", "quiz/", "break/", "debriefing/", "questions-before/"),
    *("questions-after/", "responses", "../", "%00/", "coming/", "withdraw", "instructions/r1.png"),
)
# Of a browser that has been here before.
CSRF = "a" * 32
DOORS = st.sampled_from(["questions-before", "questions-after", "quiz", "break", "debriefing", "instructions"])
NAMES = st.sampled_from(
    [
        *("answer-age", "answer-sight", "answer-strategy", "answer-clarity"),
        *("question_1", "question_2", "attempt", "break", "number", "x"),
    ]
)
WORDS = st.sampled_from(["30", "Yes", "Blue", "Two", "1", "2", "5", "Red", "-1", "1e400", "\x00", ""]) | st.text(
    max_size=8
)
FIELDS = st.sampled_from(["trial", "client_id", "choice", "confidence", "rt_ms", "data", "events", "correct"])

# Just inside and outside what each field may hold, and what the database cannot.
BORDERS: dict[str, tuple[Any, ...]] = {
    "trial": ("", None, "\x00", "0" * 32),
    "client_id": ("", None, 7, "\ud800", "0" * 32, "{" + "0" * 32 + "}"),
    "choice": ("left", "right", "middle", "LEFT", "", None, "\x00"),
    "confidence": (1, 3, 0, 4, -1, 10**9, 2.0, True, "2", None),
    "rt_ms": (0, -0.0, 5e-324, 1e9, 1e9 + 1, -1, 1e400, float("nan"), True, "5", None),
    "data": ({"input": "\x00", "frames": 1e400}, {"input": "\ud800"}, {"shown_times": 10**40}, [], "\x00", None),
    "events": ([[1.5, "blur", "x"]], [[1, "flip", "\x00"]], [[-1, "blur", ""], 3], [[1e400, "blur", ""]], {}, None),
    "correct": (True, None),
}
MANGLED = st.sampled_from(sorted(BORDERS)).flatmap(
    lambda field: st.tuples(st.just(field), st.sampled_from(BORDERS[field]) | JSON)
)

IN_ORDER = (
    ("questions-before", {f"answer-{name}": value for name, value in BEFORE.items()}),
    ("instructions", {}),
    ("quiz", {"attempt": "1"} | {f"question_{number}": choice for number, choice in enumerate(RIGHT, start=1)}),
    ("break", {"break": "1"}),
    ("questions-after", {"answer-strategy": "", "answer-clarity": "5"}),
    ("debriefing", {}),
)


def new_browser() -> Client:
    """One that has the cookie without which nothing is taken: the check reads forms before the views do."""
    browser = Client(raise_request_exception=False, enforce_csrf_checks=True)
    browser.cookies["csrftoken"] = CSRF
    return browser


def told_but_the_place(reply: HttpResponseBase) -> dict[str, Any]:
    """What an acknowledgement says of the answer itself, which never changes."""
    said: dict[str, Any] = json.loads(reply.content)  # type: ignore[attr-defined]
    return {name: value for name, value in said.items() if name != "over"}


class Body:
    """An answer that was sent, and what came back."""

    def __init__(self, person: Participant, content: dict[str, Any], reply: HttpResponseBase) -> None:
        self.person, self.content, self.reply = person, content, reply


class ParticipantApi(RuleBasedStateMachine):
    """Several people at one study, some of whom play by no rules."""

    people = Bundle("people")
    bodies = Bundle("bodies")

    def __init__(self, study: Study) -> None:
        super().__init__()
        self.study = study
        # The browser of each participant, by key; of nobody, a new one.
        self.browsers: dict[int, Client] = {}
        # What nobody else may read, by participant.
        self.private: dict[int, list[str]] = {}
        # What must be stored, by trial: as the first reply that said "stored" had it.
        self.stored: dict[str, tuple[str, str]] = {}
        # Who withdrew.
        self.gone: set[int] = set()
        self.secrets = {
            str(one) for model in (SourceImage, Stimulus) for one in model.objects.values_list("sha256", flat=True)
        }
        # Each sequence starts from the study as it was made: with the participant's number its trials would be others,
        # and the same sequence would not pass the practice that it passed before.
        self.beginning = transaction.savepoint()

    def teardown(self) -> None:
        transaction.savepoint_rollback(self.beginning)

    @rule(target=people)
    def enrol(self) -> Any:
        """A new browser agrees."""
        if len(self.private) > 3:
            return multiple()
        form = {"answer": "agree", "client_id": str(uuid.uuid4())}
        reply = self.send(None, "POST", f"/s/{self.study.slug}/", form)
        assert reply.status_code == 302
        person = Participant.objects.get(token=reply["Location"].split("/")[2])
        self.browsers[person.pk] = new_browser()
        self.private[person.pk] = [person.token, person.code]
        return person

    @rule(person=people)
    def look(self, person: Participant) -> None:
        self.send(person, "GET", f"/p/{person.token}/")

    @rule(person=people)
    def leave_the_instructions(self, person: Participant) -> None:
        self.send(person, "POST", f"/p/{person.token}/instructions/", {})

    @rule(person=people)
    def fetch_the_coming_trials(self, person: Participant) -> None:
        reply = self.send(person, "GET", f"/p/{person.token}/trials/")
        own = {str(one) for one in person.trials.values_list("public_id", flat=True)}
        assert {one["trial"] for one in json.loads(reply.content)["trials"]} <= own  # type: ignore[attr-defined]

    @rule(target=bodies, person=people, choice=SIDES)
    def answer_the_current_trial(self, person: Participant, choice: str) -> Any:
        person.refresh_from_db()
        trial = current_trial(person)
        if trial is None:
            return multiple()
        body = self.answer(person, trial, choice)
        assert body.reply.status_code == 200
        assert json.loads(body.reply.content)["status"] == "stored"  # type: ignore[attr-defined]
        return body

    @rule(target=bodies, person=people, owner=people, choice=SIDES, place=st.integers(0, 5))
    def answer_any_trial_of_anyone(self, person: Participant, owner: Participant, choice: str, place: int) -> Body:
        trial = list(owner.trials.order_by("position"))[place % owner.trials.count()]
        body = self.answer(person, trial, choice)
        if person != owner:
            assert body.reply.status_code == 409
        return body

    @rule(body=bodies)
    def send_it_again(self, body: Body) -> None:
        reply = self.post(body.person, body.content)
        if body.person.pk in self.gone:
            assert reply.status_code == 409
        elif body.reply.status_code == 200:
            assert told_but_the_place(reply) == told_but_the_place(body.reply)

    @rule(body=bodies, choice=SIDES, fresh=st.booleans())
    def think_better_of_it(self, body: Body, choice: str, fresh: bool) -> None:
        change = {"choice": choice} | ({"client_id": str(uuid.uuid4())} if fresh else {})
        self.post(body.person, body.content | change)

    @rule(person=people, body=bodies)
    def send_what_another_one_sent(self, person: Participant, body: Body) -> None:
        reply = self.post(person, body.content)
        if not person.trials.filter(public_id=body.content["trial"]).exists():
            assert reply.status_code == 409

    @rule(body=consumes(bodies), field=FIELDS, value=JSON)
    def send_it_mangled(self, body: Body, field: str, value: Any) -> None:
        self.post(body.person, body.content | {field: value})

    @rule(person=people, choice=SIDES, mangled=st.lists(MANGLED, min_size=4, max_size=8))
    def send_mangled_answers_to_the_current_trial(
        self, person: Participant, choice: str, mangled: list[tuple[str, Any]]
    ) -> None:
        """Nothing is stored for this trial yet: what is taken is inserted, as it was sent or left out."""
        self.do_what_the_page_asks(person)
        for field, value in mangled:
            person.refresh_from_db()
            if trial := current_trial(person):
                self.send_mangled(person, trial, self.content(trial, choice) | {field: value})

    @rule(person=people, content=st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()))
    def send_anything(self, person: Participant, content: bytes) -> None:
        address = f"/p/{person.token}/responses/"
        assert self.send(person, "POST", address, content).status_code == 400

    @rule(person=people, owner=people, place=st.integers(0, 5), slot=SLOTS, width=st.none() | st.text(max_size=5))
    def ask_for_an_image(
        self, person: Participant, owner: Participant, place: int, slot: str, width: str | None
    ) -> None:
        trial = list(owner.trials.order_by("position"))[place % owner.trials.count()]
        address = image_address(trial, slot, "png").replace(owner.token, person.token)
        reply = self.send(person, "GET", address, {} if width is None else {"width": width})
        assert reply.status_code in (200, 404)
        if person != owner:
            assert reply.status_code == 404

    @rule(person=people, slot=SLOTS)
    def ask_for_an_image_of_the_instructions(self, person: Participant, slot: str) -> None:
        reply = self.send(person, "GET", f"/p/{person.token}/instructions/{slot}.png")
        assert reply.status_code in (200, 404)

    @rule(person=people, kind=st.sampled_from(["multipart/form-data; boundary=x", "text/plain", ""]))
    def send_an_answer_as_something_else(self, person: Participant, kind: str) -> None:
        address = f"/p/{person.token}/responses/"
        reply = self.send(person, "POST", address, b"--x--\r\n", content_type=kind)
        assert json.loads(reply.content)["code"] == "unreadable"  # type: ignore[attr-defined]

    @rule(
        person=people,
        method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
        end=st.sampled_from(ENDS),
    )
    def knock_at_every_door(self, person: Participant, method: str, end: str) -> None:
        self.send(person, method, f"/p/{person.token}/{end}")

    @rule(person=people, door=DOORS, form=st.dictionaries(NAMES, WORDS, max_size=4))
    def fill_in_a_form(self, person: Participant, door: str, form: dict[str, str]) -> None:
        self.send(person, "POST", f"/p/{person.token}/{door}/", form)

    @rule(person=people)
    def do_what_the_page_asks(self, person: Participant) -> None:
        """Whichever of these is not the step at hand does nothing."""
        for door, form in IN_ORDER:
            self.send(person, "POST", f"/p/{person.token}/{door}/", form)

    @rule(person=people)
    def think_of_withdrawing(self, person: Participant) -> None:
        self.send(person, "GET", f"/p/{person.token}/withdraw/")

    @rule(person=consumes(people))
    def withdraw(self, person: Participant) -> None:
        """The consent says that answers go; nothing is taken of this person from then on."""
        for trial in person.trials.values_list("public_id", flat=True):
            self.stored.pop(str(trial), None)
        self.send(person, "POST", f"/p/{person.token}/withdraw/")
        self.gone.add(person.pk)
        self.do_what_the_page_asks(person)
        assert current_trial(Participant.objects.get(pk=person.pk)) is None
        assert self.send(person, "GET", f"/p/{person.token}/instructions/r1.png").status_code == 404

    @rule(
        token=st.text("abcAZ09_-", min_size=18, max_size=66), end=st.sampled_from(["", "responses/", "instructions/"])
    )
    def guess_a_personal_link(self, token: str, end: str) -> None:
        assert self.send(None, "POST" if end else "GET", f"/p/{token}/{end}").status_code == 404

    @invariant()
    def what_was_acknowledged_is_stored_and_nothing_else(self) -> None:
        rows = Response.objects.values_list("trial__public_id", "client_id", "choice")
        assert sorted((str(trial), str(client_id), choice) for trial, client_id, choice in rows) == sorted(
            (trial, *answer) for trial, answer in self.stored.items()
        )

    def answer(self, person: Participant, trial: Trial, choice: str) -> Body:
        content = self.content(trial, choice)
        return Body(person, content, self.post(person, content))

    def send_mangled(self, person: Participant, trial: Trial, content: dict[str, Any]) -> None:
        reply = self.post(person, content)
        row = Response.objects.filter(trial=trial).first()
        assert (row is not None) is (reply.status_code == 200)
        if row:
            kept = (row.choice, row.confidence, row.rt_ms)
            assert kept == (content["choice"], content["confidence"], content["rt_ms"])
            assert type(content["confidence"]) is int
            assert isinstance(row.data, dict)
            assert all(event in content["events"] for event in row.events)

    def content(self, trial: Trial, choice: str) -> dict[str, Any]:
        """What a browser sends, but for the measures."""
        answer = {"trial": str(trial.public_id), "client_id": str(uuid.uuid4()), "choice": choice}
        return answer | {"confidence": 2, "rt_ms": 500.5}

    def post(self, person: Participant, content: dict[str, Any]) -> HttpResponseBase:
        """Send an answer, and take down what the reply promises."""
        reply = self.send(person, "POST", f"/p/{person.token}/responses/", json.dumps(content).encode())
        assert reply.status_code in (200, 400, 409)
        if reply.status_code == 200:
            said = json.loads(reply.content)  # type: ignore[attr-defined]
            trial = Trial.objects.get(participant=person, public_id=content["trial"])
            assert set(said) == {"status", "feedback", "over"}
            assert said["feedback"] is None or trial.phase == "practice"
            # Who failed practice keeps the place until somebody comes to take it.
            assert said["over"] is Participant.objects.filter(pk=person.pk, released_at__isnull=False).exists()
            if said["status"] == "stored":
                answer = (str(uuid.UUID(content["client_id"])), content["choice"])
                kept = self.stored.setdefault(str(trial.public_id), answer)
                assert kept[0] == answer[0]
        return reply

    def send(
        self,
        person: Participant | None,
        method: str,
        address: str,
        data: Any = None,
        content_type: str = "application/json",
    ) -> HttpResponseBase:
        """Send something as this person, and look through all that comes back; ``content_type`` is that of bytes."""
        kind: dict[str, Any] = {"content_type": content_type} if isinstance(data, bytes) else {}
        key = person.pk if person else 0
        browser = self.browsers.get(key) or new_browser()
        if method == "GET":
            reply = browser.get(address, data)
        else:
            kind["headers"] = {"X-CSRFToken": CSRF}
            reply = getattr(browser, method.lower())(address, data if data is not None else {}, **kind)
        assert reply.status_code < 500
        told = str(reply.headers)
        if not reply.get("Content-Type", "").startswith("image/"):
            told += b"".join(reply).decode()
        for other, private in self.private.items():
            trials = map(str, Trial.objects.filter(participant=other).values_list("public_id", flat=True))
            assert other == key or not any(word in told for word in (*private, *trials))
        assert not set(HASH.findall(told)) & self.secrets
        for key in ("is_catch", "query_pair", "strong_image", "copied_reference"):
            assert key not in told
        return reply


@pytest.fixture(params=["short", "with every step"])
def asked(request: pytest.FixtureRequest, db: None) -> Study:
    return make_study(protocol_text()) if request.param == "short" else whole_study()


def test_no_sequence_of_calls_crashes_the_site_or_tells_or_stores_what_it_must_not(asked: Study) -> None:
    run_state_machine_as_test(
        lambda: ParticipantApi(asked),
        settings=settings(
            max_examples=10, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.parametrize("field", BORDERS)
def test_an_answer_at_or_over_the_border_of_a_field_is_refused_or_stored_as_it_was_sent(
    study: Study, field: str
) -> None:
    """Each at a trial that has no answer yet, which the sequences above meet by chance only."""
    api = ParticipantApi(study)
    for value in BORDERS[field]:
        person = api.enrol()
        api.leave_the_instructions(person)
        person.refresh_from_db()
        trial = current_trial(person)
        assert trial is not None
        api.send_mangled(person, trial, api.content(trial, "left") | {field: value})
        # Whatever was refused, the trial can still be answered.
        if not Response.objects.filter(trial=trial).exists():
            assert api.answer(person, trial, "left").reply.status_code == 200
        api.what_was_acknowledged_is_stored_and_nothing_else()
        api.private.clear()
