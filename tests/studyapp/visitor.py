"""A person at a real browser, and what the browser complained about."""

import uuid
from collections.abc import Callable
from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Request, expect

from stimuli.protocol import QuestionnaireTable
from studyapp.models import Participant, Study, Trial
from studyapp.selectors import current_trial
from studyapp.services.enrolment import participant_enrol
from studyapp.services.progress import instructions_read
from tests.studyapp.turns import answer_practice

Side = Literal["left", "right"]
# From left to right on the screen: the keys 1 to 6.
SCALE: tuple[tuple[Side, int], ...] = (
    ("left", 3),
    ("left", 2),
    ("left", 1),
    ("right", 1),
    ("right", 2),
    ("right", 3),
)
# Answers in the first 150 ms are taken for slips of the page before.
READING_MS = 200


class Visitor:
    """Drives one page as a participant does."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.complaints: list[str] = []
        self.requests: list[Request] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request))

    @property
    def participant(self) -> Participant:
        return Participant.objects.get(token=self.page.url.split("/p/")[1].split("/")[0])

    @property
    def trial(self) -> Trial:
        """The trial that the server waits for, once the browser shows it and takes answers."""
        trial = current_trial(self.participant)
        assert trial is not None
        expect(self.page.locator(f'[data-trial="{trial.public_id}"][data-state="shown"]')).to_be_visible()
        expect(self.page.locator(".answer:enabled")).to_have_count(6)
        expect(self.page.locator("main.trial")).to_be_focused()
        self.page.wait_for_timeout(READING_MS)
        return trial

    def enrol(self, study: Study) -> None:
        """By mouse, to the first trial."""
        self.page.goto(f"{self.address}/s/{study.slug}/")
        self.page.get_by_role("button", name="I agree and take part").click()
        self.to_first_trial(study)

    def come_by_link(self, study: Study, *, practised: bool = False) -> None:
        """To the first trial, or the first main one, by the personal link: what comes before was done elsewhere.

        Of a study without questions before and without a quiz.
        """
        participant = participant_enrol(study=study, client_id=uuid.uuid4())
        instructions_read(participant=participant)
        if practised:
            answer_practice(Participant.objects.get(pk=participant.pk))
        self.page.goto(f"{self.address}/p/{participant.token}/")
        self.page.locator("[data-trial]").wait_for()

    def to_first_trial(self, study: Study) -> None:
        """From the page after the consent, through all that the protocol has before practice."""
        plan = study.plan
        if plan.questionnaire_before:
            self.fill(plan.questionnaire_before)
            self.page.get_by_role("button", name="Send and go on").click()
        self.page.get_by_role("button", name="Go on to the quiz" if plan.quiz else "Start the practice").click()
        if plan.quiz:
            for question in plan.quiz.questions:
                self.page.get_by_role("group", name=question.question).get_by_label(question.answer).check()
            self.page.get_by_role("button", name="Check my answers").click()
        self.page.locator("[data-trial]").wait_for()

    def fill(self, table: QuestionnaireTable) -> None:
        """Answer a page of questions."""
        for question in table.questions:
            if question.kind in ("choice", "scale"):
                self.page.get_by_role("group", name=question.label).get_by_role("radio").first.check()
            else:
                self.page.get_by_label(question.label).fill("30" if question.kind == "number" else "By the texture.")

    def enrol_by_keyboard(self, study: Study) -> None:
        self.page.goto(f"{self.address}/s/{study.slug}/")
        self.tab_to("I agree and take part")
        self.page.keyboard.press("Enter")
        self.tab_to("Start the practice")
        self.page.keyboard.press("Enter")
        self.page.locator("[data-trial]").wait_for()

    def tab_to(self, name: str) -> None:
        """Press Tab until the button with this name has the focus."""
        button = self.page.get_by_role("button", name=name)
        button.wait_for()
        for _ in range(20):
            if button.evaluate("button => button === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {name!r}")

    def button(self, side: Side, confidence: int) -> str:
        return f'.answer[data-side="{side}"][data-confidence="{confidence}"]'

    def send(self, act: Callable[[], None], *, by_keyboard: bool = False) -> None:
        """Answer, and in practice read the feedback and continue; returns when the next page has come."""
        trial = self.trial
        with self.page.expect_response(lambda response: response.url.endswith("/responses/")):
            act()
        if trial.phase == "practice":
            proceed = self.page.get_by_role("button", name="Continue")
            expect(proceed).to_be_focused()
            if by_keyboard:
                self.page.keyboard.press("Enter")
            else:
                proceed.click()
        self.page.locator(f'[data-trial="{trial.public_id}"]').wait_for(state="detached")

    def click(self, side: Side, confidence: int) -> None:
        self.send(lambda: self.page.locator(self.button(side, confidence)).click())

    def tap(self, side: Side, confidence: int) -> None:
        self.send(lambda: self.page.locator(self.button(side, confidence)).tap())

    def press_number(self, side: Side, confidence: int) -> None:
        key = SCALE.index((side, confidence)) + 1
        self.send(lambda: self.page.keyboard.press(str(key)), by_keyboard=True)

    def press_arrows(self, side: Side, confidence: int) -> None:
        """From the middle: one arrow reaches the guess of a side, further ones the surer answers."""

        def act() -> None:
            for _ in range(confidence):
                self.page.keyboard.press("ArrowLeft" if side == "left" else "ArrowRight")
            expect(self.page.locator(self.button(side, confidence))).to_be_focused()
            self.page.keyboard.press("Enter")

        self.send(act, by_keyboard=True)

    def assert_accessible(self) -> None:
        # WCAG 2.2's size of targets is not among what axe asks by itself.
        results = Axe().run(self.page, options={"rules": {"target-size": {"enabled": True}}})
        assert results.violations_count == 0, results.generate_report()
