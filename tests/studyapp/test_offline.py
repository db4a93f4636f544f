"""Answers while the connection is bad: every one is stored once, in order, and none is lost."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

import studyapp
from studyapp.models import Participant, Response, Study
from studyapp.selectors import current_trial
from tests.studyapp.lossy_proxy import LossyProxy, beside
from tests.studyapp.visitor import READING_MS, SCALE, Visitor
from tests.studyapp.world import make_study, protocol_text

WAITING = Path(studyapp.__file__).parent / "static/studyapp/waiting.js"
CHOSEN_OR_GONE = """trial => {
    const at = document.querySelector(`[data-trial="${trial}"]`);
    return at === null || at.querySelector(".answer[data-chosen]") !== null;
}"""
MAIN = 6
PRACTICE = 2


@pytest.fixture
def long_study(live_server: LiveServer, browser: Browser) -> Study:
    return make_study(protocol_text(features=MAIN, references=2))


def to_main_trials(visitor: Visitor, study: Study) -> None:
    """To the first main trial with the images of all main trials fetched."""
    visitor.come_by_link(study, practised=True)
    assert visitor.trial.phase == "main"
    fetched_ahead(visitor.page, visitor)


def fetched_ahead(page: Page, visitor: Visitor) -> None:
    ids = {str(trial.public_id) for trial in visitor.participant.trials.filter(phase="main")}
    for _ in range(100):
        done = page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
        if all(sum(one in url for url in done) >= 2 + 2 for one in ids):
            break
        page.wait_for_timeout(100)
    page.wait_for_timeout(300)


def shown(page: Page) -> str:
    """The id of the trial on the page, once it takes answers."""
    expect(page.locator(".answer:enabled")).to_have_count(6)
    page.wait_for_timeout(READING_MS)
    return page.locator("[data-trial]").get_attribute("data-trial") or ""


def answer(page: Page, key: int) -> str:
    """Answer what is shown; gives the trial's id once the answer is marked as chosen, or the trial is gone already."""
    trial = shown(page)
    page.keyboard.press(str(key))
    page.wait_for_function(CHOSEN_OR_GONE, arg=trial)
    return trial


def gone(page: Page, trial: str) -> None:
    page.locator(f'[data-trial="{trial}"]').wait_for(state="detached")


def hasten(page: Page) -> None:
    """Attempts give up, and pauses end, after a second at most, so that a test takes seconds."""

    script = WAITING.read_text()
    for limit in ("LONGEST_MS = 30_000", "ATTEMPT_MS = 20_000"):
        assert limit in script
        script = script.replace(limit, f"{limit.split(' ')[0]} = 1_000")
    page.route("**/waiting*.js", lambda route: route.fulfill(body=script, content_type="text/javascript"))


def waiting(page: Page) -> int:
    return int(page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('quiddity.answer:')).length"))


def stored(study: Study) -> list[tuple[str, int]]:
    """What was chosen in the main trials, in the order of the trials; the order of arrival is the same one."""
    rows = Response.objects.filter(trial__participant__study=study, trial__phase="main").order_by("trial__position")
    assert [one.pk for one in rows] == sorted(one.pk for one in rows)
    return [(one.choice, one.confidence) for one in rows]


def test_the_whole_main_block_is_answered_without_a_connection_and_stored_when_it_is_back(
    long_study: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    page = visitor.page
    to_main_trials(visitor, long_study)
    page.context.set_offline(True)
    for number in range(MAIN):
        trial = answer(page, number + 1)
        if number < MAIN - 1:
            gone(page, trial)
            expect(page.locator(".state")).to_have_text(f"Offline. Kept on this device: {number + 1}")
            assert page.title() == f"Trial {number + 2} of {MAIN} - {long_study.title}"
    expect(page.locator(".loading")).to_be_visible()
    assert stored(long_study) == []
    assert waiting(page) == MAIN
    page.context.set_offline(False)
    page.locator("#completion-code").wait_for()
    assert stored(long_study) == list(SCALE)
    assert waiting(page) == 0


def test_where_the_next_images_are_not_there_a_calm_word_says_so_and_the_study_goes_on_by_itself(
    long_study: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    page = visitor.page
    visitor.enrol(long_study)
    visitor.click("left", 1)
    page.route("**/*.png", lambda route: route.abort())
    trial = visitor.trial
    page.locator(visitor.button("left", 1)).click()
    page.get_by_role("button", name="Continue").click()  # the practice ends; the page of the main trials comes
    expect(page.locator(".loading")).to_contain_text("The study goes on by itself")
    assert current_trial(visitor.participant) != trial
    page.unroute("**/*.png")
    shown(page)
    expect(page.locator(".loading")).to_be_hidden()


def test_an_image_that_the_server_does_not_have_is_not_called_a_lost_connection(
    long_study: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    page = visitor.page
    page.route("**/*.png*", lambda route: route.fulfill(status=404, body="no"))
    visitor.page.goto(f"{visitor.address}/s/{long_study.slug}/")
    page.get_by_role("button", name="I agree and take part").click()
    page.get_by_role("button", name="Start the practice").click()
    expect(page.locator(".loading")).to_contain_text("The study goes on by itself")
    expect(page.locator(".loading")).to_contain_text(visitor.participant.code, timeout=15_000)
    Participant.objects.filter(pk=visitor.participant.pk).update(ended_as="practice_failed", ended_at=timezone.now())
    page.locator("[data-step]").wait_for()


def test_answers_that_wait_survive_closing_the_browser(long_study: Study, visit: Callable[..., Visitor]) -> None:
    first = visit()
    to_main_trials(first, long_study)
    page, address = first.page, first.page.url
    page.context.set_offline(True)
    for number in range(3):
        gone(page, answer(page, number + 1))
    state = page.context.storage_state()
    page.context.close()
    assert stored(long_study) == []

    second = visit(storage_state=state)
    second.page.goto(address)
    second.page.get_by_text(f"Trial 4 of {MAIN}").wait_for()
    assert second.trial.position == PRACTICE + 4
    assert stored(long_study) == list(SCALE[:3])
    assert waiting(second.page) == 0


def test_a_reload_while_answers_wait_delivers_them_first(long_study: Study, visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    page = visitor.page
    to_main_trials(visitor, long_study)
    page.route("**/responses/", lambda route: route.abort())
    gone(page, answer(page, 1))
    gone(page, answer(page, 2))
    page.reload()
    expect(page.locator(".state")).to_have_text("Offline. Kept on this device: 2")
    expect(page.locator(".stage")).to_be_hidden()  # what the server thinks of as current is answered
    page.unroute("**/responses/")
    for number in range(2, MAIN):
        assert shown(page)
        gone(page, answer(page, number + 1))
    page.locator("#completion-code").wait_for()
    assert stored(long_study) == list(SCALE)


@pytest.mark.parametrize(
    "trouble",
    ["500", "403", "404", "410", "400", "409", "portal", "someone else's JSON", "lost acknowledgement", "slow"],
)
def test_whatever_goes_wrong_on_the_way_each_answer_is_stored_once(
    long_study: Study, visit: Callable[..., Visitor], trouble: str
) -> None:
    visitor = visit()
    page = visitor.page
    to_main_trials(visitor, long_study)
    sent: list[str] = []

    def disturb(route: Route) -> None:
        sent.append(json.loads(route.request.post_data or "")["client_id"])
        if len(sent) > 2:
            route.continue_()
        elif trouble.isdecimal():
            route.fulfill(status=int(trouble), body="no")
        elif trouble == "portal":
            route.fulfill(status=200, content_type="text/html", body="<h1>Log in to the network</h1>")
        elif trouble == "someone else's JSON":
            route.fulfill(status=(200, 404)[len(sent) - 1], json={"status": "ok", "code": "not_found"})
        elif trouble == "lost acknowledgement":
            route.fetch()
            route.abort()
        else:
            reply = route.fetch()
            page.wait_for_timeout(700)
            route.fulfill(response=reply)

    page.route("**/responses/", disturb)
    for number in range(MAIN):
        trial = answer(page, number + 1)
    gone(page, trial)
    page.locator("#completion-code").wait_for()
    assert stored(long_study) == list(SCALE)
    assert len(set(sent)) == MAIN
    if trouble != "slow":
        assert sent[0] == sent[1] == sent[2]  # one at a time: nothing overtakes an answer that waits


@pytest.mark.parametrize(("status", "damage"), [(400, False), (411, False), (400, True)])
def test_an_answer_that_was_damaged_on_the_way_is_sent_again(
    long_study: Study, visit: Callable[..., Visitor], status: int, damage: bool
) -> None:
    visitor = visit()
    page = visitor.page
    to_main_trials(visitor, long_study)
    sent: list[str] = []

    def disturb(route: Route) -> None:
        sent.append(route.request.post_data or "")
        if len(sent) > 2:
            route.continue_()
        elif damage:
            route.continue_(post_data=sent[-1][: 50 * (len(sent) - 1)])  # nothing at all, and then a part
        else:
            route.fulfill(status=status, json={"code": "unreadable", "error": "This is not JSON."})

    page.route("**/responses/", disturb)
    gone(page, answer(page, 1))
    expect(page.locator(".state")).to_have_text("Saved", timeout=20_000)
    assert sent[0] == sent[1] == sent[2]
    assert stored(long_study) == [SCALE[0]]


def test_the_list_of_trials_is_asked_for_again_where_a_stranger_answers(
    long_study: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    page = visitor.page
    foreign = iter([404, 410, 403])

    def disturb(route: Route) -> None:
        status = next(foreign, None)
        route.fulfill(status=status, body="no") if status else route.continue_()

    page.route("**/trials/", disturb)
    visitor.enrol(long_study)
    loads: list[object] = []
    page.on("framenavigated", lambda frame: loads.append(frame))
    visitor.click("left", 1)
    assert visitor.trial.position == 2
    assert loads == []


def test_the_list_of_trials_is_asked_for_again_where_the_connection_hangs(
    long_study: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    page = visitor.page
    hasten(page)
    hanging: list[Route] = []

    def disturb(route: Route) -> None:
        if hanging:
            route.continue_()
        else:
            hanging.append(route)  # neither a reply nor a failure, ever

    page.route("**/trials/", disturb)
    visitor.enrol(long_study)
    visitor.click("left", 1)
    assert visitor.trial.position == 2
    assert hanging


def test_a_browser_without_a_time_limit_of_its_own_gives_up_in_time_too(
    long_study: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    page = visitor.page
    page.add_init_script("delete AbortSignal.timeout")
    hasten(page)
    to_main_trials(visitor, long_study)
    hanging: list[Route] = []
    page.route("**/responses/", lambda route: route.continue_() if hanging else hanging.append(route))
    gone(page, answer(page, 1))
    expect(page.locator(".state")).to_have_text("Saved", timeout=20_000)
    assert hanging
    assert stored(long_study) == [SCALE[0]]


def test_a_real_browser_loses_and_doubles_nothing_on_a_network_that_does_everything_wrong(
    long_study: Study, visit: Callable[..., Visitor], live_server: LiveServer
) -> None:
    visitor = visit()
    page = visitor.page
    hasten(page)
    page.set_default_timeout(120_000)  # the worst of this network's runs of failures, many times over
    proxy = LossyProxy(port=live_server.thread.port, seed=3, strangers=40)
    with beside(proxy) as port:
        visitor.address = f"http://localhost:{port}"
        visitor.enrol(long_study)
        for _ in range(PRACTICE):
            trial = answer(page, 1)
            page.get_by_role("button", name="Continue").click()
            gone(page, trial)
        for number in range(MAIN):
            trial = answer(page, number + 1)
            gone(page, trial)
        page.locator("#completion-code").wait_for()
        assert waiting(page) == 0
        page.context.close()
    assert stored(long_study) == list(SCALE)
    assert Response.objects.count() == PRACTICE + MAIN
    assert proxy.faults > 5
    assert proxy.did["answered by a stranger"] > 1


def test_what_our_server_does_not_take_is_not_called_saved(long_study: Study, visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    page = visitor.page
    to_main_trials(visitor, long_study)
    said: list[str] = []
    page.expose_function("hear", lambda text: said.append(text))
    page.evaluate("""new MutationObserver(() => hear(document.querySelector(".state").textContent))
        .observe(document.querySelector(".state"), { childList: true })""")
    page.route("**/responses/", lambda route: route.fulfill(status=409, json={"code": "not_taken", "error": "no"}))
    with page.expect_navigation():
        trial = answer(page, 1)
        expect(page.locator(".loading")).to_contain_text("could not be taken")
    page.unroute("**/responses/")
    assert shown(page) == trial
    assert "Saved" not in said
    assert said[-1] == "An answer could not be taken."


def test_two_tabs_of_a_session_double_and_lose_nothing(long_study: Study, visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    to_main_trials(visitor, long_study)
    one, other = visitor.page, visitor.page.context.new_page()
    other.goto(one.url)
    fetched_ahead(other, visitor)
    one.context.set_offline(True)
    for page, keys in ((one, (1, 2)), (other, (6, 5, 4))):
        for key in keys:
            gone(page, answer(page, key))
    assert waiting(one) == 5
    with other.expect_navigation():  # the tab that is behind shows where the session stands now
        one.context.set_offline(False)
        for page in (one, other):
            page.evaluate("dispatchEvent(new Event('online'))")
    # The first answer to a trial stands; the third trial was answered in the other tab only.
    assert stored(long_study) == [("left", 3), ("left", 2), ("right", 1)]
    for _ in range(3):
        gone(other, answer(other, 3))
    other.locator("#completion-code").wait_for()
    assert len(stored(long_study)) == MAIN
    answer(one, 1)
    one.locator("#completion-code").wait_for()
    assert Response.objects.count() == PRACTICE + MAIN
    assert waiting(one) == 0


def test_a_tab_whose_answer_does_not_count_says_so_and_goes_on_where_the_session_is(
    long_study: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    to_main_trials(visitor, long_study)
    one, other = visitor.page, visitor.page.context.new_page()
    other.goto(one.url)
    fetched_ahead(other, visitor)
    gone(one, answer(one, 1))
    expect(one.locator(".state")).to_have_text("Saved")
    with other.expect_navigation():
        answer(other, 6)
        expect(other.locator(".loading")).to_contain_text("answered in another window, and that answer counts")
        expect(other.locator(".loading")).to_be_visible()
    assert shown(other) == shown(one)
    expect(one.locator(".loading")).to_be_hidden()
    assert stored(long_study) == [SCALE[0]]


def test_a_tab_is_told_that_its_answer_does_not_count_also_when_another_tab_has_sent_it(
    long_study: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    to_main_trials(visitor, long_study)
    sender, loser = visitor.page, visitor.page.context.new_page()
    loser.goto(sender.url)
    fetched_ahead(loser, visitor)
    loser.route("**/responses/", lambda route: route.abort())  # whatever it gives, another tab must send
    first = answer(loser, 6)
    gone(loser, first)
    # The other tab answers the same trial. Its answer waits before the loser's, as if it were given first.
    sender.evaluate(
        """trial => {
          const key = Object.keys(localStorage).find(key => key.startsWith("quiddity.answer:"));
          const answer = JSON.parse(localStorage.getItem(key));
          const client_id = crypto.randomUUID();
          const first = { ...answer, client_id, choice: "left", confidence: 3 };
          localStorage.setItem(key.replace(/:1:[^:]*$/, `:0:${client_id}`), JSON.stringify(first));
        }""",
        first,
    )
    with loser.expect_navigation():
        assert answer(sender, 1) == first  # so that its outbox runs, and sends all that waits
        expect(loser.locator(".loading")).to_contain_text("answered in another window, and that answer counts")
        expect(loser.locator(".loading")).to_be_visible()
    assert stored(long_study)[0] == ("left", 3)
    assert shown(loser)


def test_at_a_stop_the_page_waits_for_the_next_one_and_goes_on_by_itself(
    long_study: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    page = visitor.page
    hasten(page)
    visitor.enrol(long_study)
    for _ in range(PRACTICE - 1):
        visitor.click("left", 1)
    session, asked = page.url, []

    def fail(route: Route) -> None:
        """Our own server without its database, and then a proxy that finds no server."""
        asked.append(route.request.url)
        page = '<main class="sheet"></main>' if len(asked) == 1 else "<h1>Down</h1>"
        route.fulfill(status=(404, 503)[len(asked) % 2], content_type="text/html", body=page)

    page.route(session, fail)
    answer(page, 1)
    page.get_by_role("button", name="Continue").click()  # the practice ends, and the page of the main trials is due
    expect(page.locator(".loading")).to_contain_text("It goes on by itself when it can; all your answers are stored.")
    expect(page.locator(".loading")).to_be_visible()
    while len(asked) < 3:
        page.wait_for_timeout(100)
    expect(page.locator(".loading")).to_be_visible()
    page.unroute(session)
    expect(page.locator(".bar label")).to_have_text(f"Trial 1 of {MAIN}")


def test_a_page_that_delivered_an_answer_waits_for_the_next_one_too(
    long_study: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    page = visitor.page
    hasten(page)
    page.goto(f"{visitor.address}/s/{long_study.slug}/")
    page.get_by_role("button", name="I agree and take part").click()
    page.get_by_role("heading", name="Instructions").wait_for()
    session, asked = page.url, []

    def fail(route: Route) -> None:
        asked.append(route.request.url)
        route.continue_() if len(asked) == 1 else route.fulfill(status=502, body="no")

    page.route(session, fail)
    given_elsewhere(page, str(visitor.participant.trials.get(position=1).public_id))
    page.reload()
    expect(page.locator(".state")).to_contain_text("It goes on by itself when it can")
    expect(page.get_by_role("heading", name="Instructions")).to_be_visible()
    page.unroute(session)
    expect(page.locator(".state")).to_be_empty()
    page.wait_for_load_state("networkidle")
    assert waiting(page) == 0


def given_elsewhere(page: Page, trial: str) -> None:
    """Keep an answer to this trial as a tab does that is closed by now: another than the one that is stored."""
    page.wait_for_load_state()  # or this page's own scripts, which look once, would find it
    page.evaluate(
        """([session, trial]) => {
          const client_id = "5b1d3f4e-0f9b-4f5e-8a64-8d6a3f2c1b0a";
          const answer = { trial, client_id, choice: "right", confidence: 3, rt_ms: 700 };
          localStorage.setItem(`quiddity.answer:${session}:1:${client_id}`, JSON.stringify(answer));
        }""",
        [re.sub(r"^https?://[^/]+", "", page.url), trial],
    )


@pytest.mark.parametrize("step", ["trial", "end"])
def test_an_answer_that_does_not_count_is_told_by_whichever_page_delivers_it(
    long_study: Study, visit: Callable[..., Visitor], step: str
) -> None:
    visitor = visit()
    page = visitor.page
    to_main_trials(visitor, long_study)
    first = ""
    for number in range(1 if step == "trial" else MAIN):
        trial = answer(page, number + 1)
        gone(page, trial)
        first = first or trial
    if step == "end":
        page.locator("#completion-code").wait_for()
    else:
        expect(page.locator(".state")).to_have_text("Saved")
    given_elsewhere(page, first)
    page.reload()
    told = page.locator(".loading" if step == "trial" else ".state")
    with page.expect_navigation():
        expect(told).to_contain_text("answered in another window, and that answer counts")
    expect(page.locator(".state")).to_be_empty()
    assert waiting(page) == 0
    assert stored(long_study)[0] == SCALE[0]


def test_an_answer_left_behind_is_delivered_by_a_page_without_a_trial(
    long_study: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    page = visitor.page
    to_main_trials(visitor, long_study)
    for number in range(MAIN):
        trial = answer(page, number + 1)
        gone(page, trial)
    page.locator("#completion-code").wait_for()
    last = Response.objects.order_by("pk").last()
    assert last is not None
    left_behind = {
        "trial": str(last.trial.public_id), "client_id": str(last.client_id), "choice": last.choice,
        "confidence": last.confidence, "rt_ms": last.rt_ms,
    }  # fmt: skip
    session = re.sub(r"^https?://[^/]+", "", page.url)
    page.evaluate("([key, text]) => localStorage.setItem(key, text)", [
        f"quiddity.answer:{session}:1:{last.client_id}", json.dumps(left_behind),
    ])  # fmt: skip
    page.reload()
    page.wait_for_function("() => localStorage.length === 0")
    assert Response.objects.count() == PRACTICE + MAIN


@pytest.mark.parametrize("width", [1440, 390])
def test_where_storage_is_blocked_the_page_says_that_it_must_stay_open_and_moves_no_image(
    long_study: Study, visit: Callable[..., Visitor], width: int
) -> None:
    visitor = visit(viewport={"width": width, "height": 844})
    page = visitor.page
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } })"
    )
    to_main_trials(visitor, long_study)
    before = [box.bounding_box() for box in page.locator(".query img").all()]
    page.context.set_offline(True)
    gone(page, answer(page, 1))
    expect(page.locator(".state")).to_have_text("Offline. Keep page open: 1 unsaved")
    gone(page, answer(page, 2))
    expect(page.locator(".state")).to_have_text("Offline. Keep page open: 2 unsaved")
    assert [box.bounding_box() for box in page.locator(".query img").all()] == before
    bar, state = page.locator(".bar").bounding_box(), page.locator(".state").bounding_box()
    assert bar
    assert state
    assert state["y"] + state["height"] <= bar["y"] + bar["height"]
    page.context.set_offline(False)
    expect(page.locator(".state")).to_have_text("Saved", timeout=20_000)
    assert stored(long_study) == list(SCALE[:2])


def test_where_cookies_and_storage_are_blocked_the_page_asks_for_no_reload_and_saves_when_cookies_are_allowed(
    long_study: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    page = visitor.page
    page.add_init_script("Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }")
    to_main_trials(visitor, long_study)
    page.context.clear_cookies()
    page.route("**/p/*/", lambda route: route.abort())  # no new cookie yet
    gone(page, answer(page, 1))
    expect(page.locator(".state")).to_have_text("Not saved: allow cookies. Keep page open: 1 unsaved")
    page.unroute("**/p/*/")
    expect(page.locator(".state")).to_have_text("Saved", timeout=20_000)
    assert stored(long_study) == [SCALE[0]]


def test_where_storage_is_full_the_word_about_missing_images_says_so_too(
    long_study: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    page = visitor.page
    page.add_init_script("Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }")
    visitor.enrol(long_study)
    visitor.click("left", 1)
    page.route("**/trials/", lambda route: route.abort())  # the main trials after the first one stay unknown
    visitor.click("left", 1)
    assert visitor.trial.phase == "main"
    page.context.set_offline(True)
    answer(page, 1)
    expect(page.locator(".loading")).to_contain_text("please keep this page open")
    expect(page.locator(".state")).to_have_text("Offline. Keep page open: 1 unsaved")
    page.unroute("**/trials/")
    page.context.set_offline(False)
    expect(page.locator(".state")).to_have_text("Saved", timeout=20_000)
    assert visitor.trial.position == PRACTICE + 2
