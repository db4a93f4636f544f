"""The study taken in a real browser, from consent to completion code and on to the report."""

import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command
from playwright.sync_api import expect

from studyapp.models import Participant, Response, Study
from tests.studyapp.visitor import READING_MS, Side, Visitor

ROOT = Path(__file__).resolve().parents[2]
# Right, wrong: what the two people in the test of the report answer to their four main trials.
BY_MOUSE = (True, True, False, True)
BY_KEYBOARD = (False, True, True, False)


def take(
    visitor: Visitor, pattern: tuple[bool, ...], answer: list[Callable[[Side, int], None]]
) -> dict[str, list[bool]]:
    """Answer all trials, the main ones right or wrong as the pattern says; give what was right by condition."""
    right: dict[str, list[bool]] = defaultdict(list)
    for number, is_right in enumerate((True, False, *pattern)):
        trial = visitor.trial
        weak_side: Side = "left" if trial.strong_side == "right" else "right"
        strong_side: Side = "left" if trial.strong_side == "left" else "right"
        answer[number % len(answer)](strong_side if is_right else weak_side, number % 3 + 1)
        if trial.phase == "main":
            right[trial.condition].append(is_right)
    return right


def completion_code(visitor: Visitor) -> str:
    code = visitor.page.locator("#completion-code")
    code.wait_for()
    return code.inner_text()


def test_by_mouse_and_by_keyboard_to_the_completion_code_and_the_report_says_what_was_answered(
    live_study: Study, visit: Callable[..., Visitor], tmp_path: Path
) -> None:
    mouse, keyboard = visit(), visit()
    mouse.enrol(live_study)
    counted = [take(mouse, BY_MOUSE, [mouse.click])]
    keyboard.enrol_by_keyboard(live_study)
    counted.append(take(keyboard, BY_KEYBOARD, [keyboard.press_number, keyboard.press_arrows]))
    for visitor in (mouse, keyboard):
        assert completion_code(visitor) == visitor.participant.completion_code
        assert visitor.complaints == []

    assert [response.confidence for response in Response.objects.order_by("trial__participant", "trial__position")] == [
        1, 2, 3, 1, 2, 3,
    ] * 2  # fmt: skip
    export, report = tmp_path / "birds.csv", tmp_path / "report.html"
    call_command("export_responses", live_study.slug, "--out", str(export))
    subprocess.run([sys.executable, "-m", "analysis", str(export), "--out", str(report)], cwd=ROOT, check=True)
    reader = visit()
    reader.page.goto(report.as_uri())
    for condition in ("exemplars", "accentuation"):
        row = reader.page.locator(f'#accuracy-table tr[data-condition="{condition}"]')
        answers = [person[condition] for person in counted]
        mean = sum(100 * sum(one) / len(one) for one in answers) / len(answers)
        assert row.locator(".accuracy").inner_text().replace(" ", "") == f"{mean:.1f}%"
        assert row.locator(".correct").inner_text() == str(sum(map(sum, answers)))
        assert row.locator(".answered").inner_text() == "4"


def test_a_reload_in_mid_session_resumes_the_same_trial(live_study: Study, visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.enrol(live_study)
    for _ in range(3):
        visitor.click("left", 1)
    before = visitor.trial
    images = visitor.page.locator("img").evaluate_all("images => images.map(image => image.src)")
    visitor.page.reload()
    assert visitor.trial == before
    assert visitor.page.locator("img").evaluate_all("images => images.map(image => image.src)") == images
    # The public link leads this browser back, too.
    visitor.page.goto(f"{visitor.address}/s/{live_study.slug}/")
    assert visitor.trial == before
    assert Participant.objects.count() == 1


def test_the_personal_link_resumes_on_another_device(live_study: Study, visit: Callable[..., Visitor]) -> None:
    first, second = visit(), visit()
    first.enrol(live_study)
    first.click("left", 1)
    second.page.goto(first.page.url)
    assert second.trial == first.trial
    # From now on the study's public link leads this device back, too, instead of enrolling the person again.
    second.page.goto(f"{second.address}/s/{live_study.slug}/")
    assert second.trial == first.trial
    assert Participant.objects.count() == 1


def test_a_double_click_gives_one_response(live_study: Study, visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.enrol(live_study)
    visitor.click("left", 1)
    visitor.click("left", 1)
    visitor.send(lambda: visitor.page.locator(visitor.button("right", 2)).dblclick())
    visitor.page.wait_for_timeout(500)
    assert Response.objects.count() == 3
    assert visitor.trial.position == 4


def test_a_key_held_down_answers_one_trial_only(live_study: Study, visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.enrol(live_study)
    visitor.click("left", 1)
    visitor.click("left", 1)

    def hold() -> None:
        for _ in range(20):
            visitor.page.keyboard.down("4")
            visitor.page.wait_for_timeout(30)

    visitor.send(hold)
    for _ in range(20):
        visitor.page.keyboard.down("4")
        visitor.page.wait_for_timeout(30)
    visitor.page.keyboard.up("4")
    assert Response.objects.count() == 3


def test_number_keys_do_nothing_while_the_focus_is_elsewhere(live_study: Study, visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.enrol(live_study)
    assert visitor.trial.position == 1
    visitor.page.evaluate("document.activeElement.blur()")
    visitor.page.keyboard.press("1")
    visitor.page.wait_for_timeout(300)
    assert Response.objects.count() == 0


def test_an_answer_given_offline_is_shown_as_waiting_and_stored_once_the_network_is_back(
    live_study: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    visitor.enrol(live_study)
    trial = visitor.trial
    visitor.page.context.set_offline(True)
    visitor.page.locator(visitor.button("right", 3)).click()
    expect(visitor.page.locator(".state")).to_contain_text("Offline")
    expect(visitor.page.locator(".answer:enabled")).to_have_count(0)
    assert Response.objects.count() == 0
    visitor.page.context.set_offline(False)
    expect(visitor.page.get_by_role("button", name="Continue")).to_be_visible()
    assert Response.objects.get().trial == trial


def test_an_answer_that_was_never_sent_is_sent_after_a_reload(live_study: Study, visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.enrol(live_study)
    trial = visitor.trial
    visitor.page.route("**/responses/", lambda route: route.abort())
    visitor.page.locator(visitor.button("right", 3)).click()
    expect(visitor.page.locator(".state")).to_contain_text("Offline")
    visitor.page.unroute("**/responses/")
    visitor.page.reload()
    expect(visitor.page.get_by_role("button", name="Continue")).to_be_visible()
    response = Response.objects.get()
    assert (response.trial, response.choice, response.confidence) == (trial, "right", 3)


def test_an_answer_whose_acknowledgement_was_lost_is_stored_once(
    live_study: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    visitor.enrol(live_study)
    visitor.click("left", 1)
    visitor.click("left", 1)
    assert visitor.trial.position == 3

    def lose_the_acknowledgement(route) -> None:  # type: ignore[no-untyped-def]
        route.fetch()
        route.abort()

    visitor.page.route("**/responses/", lose_the_acknowledgement)
    visitor.page.locator(visitor.button("right", 3)).click()
    expect(visitor.page.locator(".state")).to_contain_text("Offline")
    visitor.page.unroute("**/responses/")
    visitor.page.reload()
    assert visitor.trial.position == 4
    assert Response.objects.count() == 3
    # Nothing waits; only the trial that is on the page is counted.
    kept = visitor.page.evaluate("Object.keys(localStorage)")
    assert [key.rsplit(":", 1)[1] for key in kept] == [str(visitor.trial.public_id)]
    visitor.click("left", 1)
    assert Response.objects.count() == 4


def test_without_crypto_random_uuid_answers_still_carry_a_uuid(
    live_study: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    visitor.page.add_init_script("delete Crypto.prototype.randomUUID")
    visitor.enrol(live_study)
    visitor.click("left", 1)
    assert visitor.page.evaluate("typeof crypto.randomUUID") == "undefined"
    assert Response.objects.get().client_id.version == 4


def test_the_reaction_time_is_that_from_the_image_to_the_click(
    live_study: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    visitor.enrol(live_study)
    assert visitor.trial.position == 1
    visitor.page.wait_for_timeout(600)
    # Enabled right after the clock has started, clicked at a known time on the same clock.
    elapsed_before = visitor.page.evaluate("performance.now()")
    visitor.page.locator(visitor.button("left", 1)).click()
    expect(visitor.page.get_by_role("button", name="Continue")).to_be_visible()
    rt_ms = Response.objects.get().rt_ms
    assert 600 + READING_MS <= rt_ms <= elapsed_before + 2000


def test_flipping_shows_the_original_in_place_and_asks_the_network_for_nothing(
    live_study: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    visitor.enrol(live_study)
    if visitor.trial.condition != "accentuation":
        visitor.click("left", 1)
    assert visitor.trial.condition == "accentuation"
    page, asked = visitor.page, len(visitor.requests)
    explanations, captions = page.locator(".explanation"), page.locator(".caption")
    expect(captions).to_have_text(["accentuated"] * 4)
    page.get_by_role("button", name="Show the original images").click()
    expect(captions).to_have_text(["original"] * 4)
    for number in range(4):
        expect(explanations.nth(number)).to_be_hidden()
        expect(page.get_by_alt_text(f"Reference image {number + 1}")).to_be_visible()
    page.locator("button.reference").nth(2).click()
    expect(captions).to_have_text(["original", "original", "accentuated", "original"])
    expect(page.locator("#shown")).to_have_text("both kinds")
    assert len(visitor.requests) == asked


@pytest.mark.parametrize("touch", ["button", "reference image", "background", "F"])
def test_the_keys_still_answer_after_a_flip_or_a_click_anywhere(
    live_study: Study, visit: Callable[..., Visitor], touch: str
) -> None:
    visitor = visit()
    visitor.enrol(live_study)
    if visitor.trial.condition != "accentuation":
        visitor.click("left", 1)
    trial, page = visitor.trial, visitor.page
    assert trial.condition == "accentuation"
    if touch == "button":
        page.locator("#flip").click()
    elif touch == "reference image":
        page.locator("button.reference").first.click()
    elif touch == "background":
        page.mouse.click(5, 895)
    else:
        page.keyboard.press("f")
        expect(page.locator("#shown")).to_have_text("originals")
    with page.expect_response(lambda response: response.url.endswith("/responses/")):
        page.keyboard.press("2")
    response = Response.objects.get(trial=trial)
    assert (response.choice, response.confidence) == ("left", 2)


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1366, 625), (1024, 768), (390, 844), (390, 664)])
def test_a_whole_trial_with_four_references_fits_the_screen_at_equal_sizes_in_all_conditions(
    live_study: Study, visit: Callable[..., Visitor], width: int, height: int
) -> None:
    visitor = visit(viewport={"width": width, "height": height}, has_touch=width < 400, is_mobile=width < 400)
    visitor.enrol(live_study)
    layouts = {}
    for _ in range(2):
        condition = visitor.trial.condition
        page = visitor.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        assert page == [width, height]
        layouts[condition] = [box.bounding_box() for box in visitor.page.locator(".stack, .query img").all()]
        sizes = {(box["width"], box["height"]) for box in layouts[condition][-2:]}
        assert len(sizes) == 1
        for target in visitor.page.locator(".stage button:visible").all():  # those of the bar are smaller
            box = target.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 44
        visitor.click("left", 1)
    assert layouts["exemplars"] == layouts["accentuation"]
