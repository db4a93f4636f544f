"""An answer and its picture show that they are being pressed, whatever presses, and no longer than that."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from studyapp.models import Response, Study
from tests.studyapp.visitor import READING_MS, Visitor

PRESSED = ".answer[data-pressed]"


@pytest.fixture(params=["no-preference", "reduce"])
def visitor(live_study: Study, visit: Callable[..., Visitor], request: pytest.FixtureRequest) -> Visitor:
    """At the first trial, with either wish about motion."""
    one = visit(reduced_motion=request.param)
    one.come_by_link(live_study)
    assert one.trial
    return one


def picture(page: Page, side: str) -> Locator:
    return page.locator(f'.query[data-side="{side}"] img')


def framed(page: Page) -> dict[str, bool]:
    """Which pictures are being pressed and have a frame around them: a shape, not a colour.

    While a key is held the feedback may come, which frames the picture that is right, pressed or not.
    """
    style = "image => image.closest('.query:has([data-pressed])') && getComputedStyle(image).outlineStyle"
    return {side: picture(page, side).evaluate(style) == "solid" for side in ("left", "right")}


def test_a_mouse_that_is_held_shows_it_and_moves_nothing(visitor: Visitor) -> None:
    page = visitor.page
    boxes = [image.bounding_box() for image in page.locator("img").all()]
    assert framed(page) == {"left": False, "right": False}
    button = page.locator(visitor.button("left", 2))
    button.hover()
    page.mouse.down()
    expect(button).to_have_attribute("data-pressed", "")
    expect(button).to_have_css("background-color", "rgb(17, 17, 17)")
    assert framed(page) == {"left": True, "right": False}
    assert [image.bounding_box() for image in page.locator("img").all()] == boxes
    visitor.assert_accessible()
    page.mouse.move(5, 5)
    page.mouse.up()  # elsewhere: no answer
    expect(page.locator(PRESSED)).to_have_count(0)
    assert framed(page) == {"left": False, "right": False}
    assert not Response.objects.exists()


def test_a_press_on_a_picture_points_to_its_answers_and_answers_nothing(visitor: Visitor) -> None:
    page = visitor.page
    picture(page, "right").click()
    expect(page.locator('.query[data-side="right"]')).to_have_attribute("data-asks", "")
    assert (
        page.locator(".answer").evaluate_all(
            "all => all.map(one => getComputedStyle(one).outlineStyle === 'solid' && one.dataset.side)"
        )
        == [False] * 3 + ["right"] * 3
    )
    expect(page.locator("[data-asks]")).to_have_count(0)
    assert not Response.objects.exists()


def test_single_keys_can_be_switched_off_for_all_trials(live_study: Study, visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    page = visitor.page
    page.goto(f"{visitor.address}/s/{live_study.slug}/")
    page.get_by_role("button", name="I agree and take part").click()
    page.get_by_label("The keys 1 to 6 and F act at once").uncheck()
    visitor.assert_accessible()
    page.reload()
    expect(page.get_by_label("The keys 1 to 6 and F act at once")).not_to_be_checked()
    visitor.to_first_trial(live_study)
    assert visitor.trial
    page.keyboard.press("2")
    page.wait_for_timeout(300)
    assert not Response.objects.exists()
    visitor.press_arrows("left", 1)
    assert visitor.trial.position == 2
    page.reload()
    assert visitor.trial
    page.keyboard.press("2")
    page.wait_for_timeout(300)
    assert Response.objects.count() == 1


def boxes(page: Page) -> list[object]:
    """To the smallest part of a pixel, and how high the page is."""
    return [
        *(image.bounding_box() for image in page.locator("img").all()),
        page.evaluate("document.documentElement.scrollHeight"),
    ]


SWITCH = "Keys 1 to 6 and F"


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1366, 625), (390, 664)])
def test_single_keys_can_be_switched_off_in_any_trial_and_nothing_moves(
    live_study: Study, visit: Callable[..., Visitor], width: int, height: int
) -> None:
    visitor = visit(viewport={"width": width, "height": height})
    page = visitor.page
    visitor.come_by_link(live_study)
    for phase in ("practice", "main"):
        while visitor.trial.phase != phase:
            visitor.click("left", 1)
        answered, before = Response.objects.count(), boxes(page)
        switch = page.get_by_role("button", name=SWITCH)
        expect(switch).to_have_attribute("aria-pressed", "true")
        switch.click()
        expect(switch).to_have_attribute("aria-pressed", "false")
        assert boxes(page) == before
        visitor.assert_accessible()
        page.keyboard.press("2")
        page.wait_for_timeout(300)
        assert Response.objects.count() == answered
        switch.press("Space")
        expect(switch).to_have_attribute("aria-pressed", "true")
        page.locator("main.trial").focus()
        visitor.press_number("left", 2)
        assert Response.objects.count() == answered + 1
    assert visitor.complaints == []


def test_a_new_tab_has_the_choice_and_the_next_person_at_the_device_makes_one_of_their_own(
    live_study: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    visitor.come_by_link(live_study)
    assert visitor.trial
    visitor.page.get_by_role("button", name=SWITCH).click()
    other = visitor.page.context.new_page()
    other.goto(visitor.page.url)
    switch = other.get_by_role("button", name=SWITCH)
    expect(switch).to_have_attribute("aria-pressed", "false")
    expect(other.locator(".answer:enabled")).to_have_count(6)
    other.wait_for_timeout(READING_MS)
    other.keyboard.press("2")
    other.wait_for_timeout(300)
    assert not Response.objects.exists()
    other.goto(f"{visitor.page.url}withdraw/")
    other.get_by_role("button", name="Withdraw").click()
    other.get_by_role("heading", name="You have withdrawn").wait_for()
    other.wait_for_function("() => localStorage.length === 0")


@pytest.mark.parametrize(
    ("key", "code", "shift", "answers"),
    [
        ("&", "Digit1", False, True),  # AZERTY: the digits need Shift
        ("1", "Digit1", True, True),
        ("1", "Numpad1", False, True),
        ("\u0661", "Digit1", False, True),  # Arabic
        ("!", "Digit1", True, False),  # QWERTY
        ("7", "Digit1", False, False),  # another order of the digits
        ("\u00e8", "Digit7", False, False),
    ],
)
def test_the_digits_act_by_their_place_where_the_layout_has_others_there(
    live_study: Study, visit: Callable[..., Visitor], key: str, code: str, shift: bool, answers: bool
) -> None:
    visitor = visit()
    visitor.come_by_link(live_study)
    assert visitor.trial
    press_key(visitor.page, key, code, shift)
    if answers:
        expect(visitor.page.get_by_role("button", name="Continue")).to_be_visible()
        assert (Response.objects.get().choice, Response.objects.get().confidence) == ("left", 3)
    else:
        visitor.page.wait_for_timeout(300)
        assert not Response.objects.exists()


@pytest.mark.parametrize(
    ("key", "code", "flips"), [("\u0430", "KeyF", True), ("u", "KeyF", False), ("F", "KeyY", True)]
)
def test_the_key_f_acts_by_its_place_where_the_layout_has_no_latin_letters(
    live_study: Study, visit: Callable[..., Visitor], key: str, code: str, flips: bool
) -> None:
    visitor = visit()
    visitor.come_by_link(live_study)
    while visitor.trial.condition != "accentuation":
        visitor.click("left", 1)
    press_key(visitor.page, key, code, shift=False)
    expect(visitor.page.locator("#shown")).to_have_text("originals" if flips else "accentuated")


def press_key(page: Page, key: str, code: str, shift: bool) -> None:
    """As a keyboard of another layout does."""
    page.evaluate(
        """([key, code, shiftKey]) => {
          for (const name of ["keydown", "keyup"])
            document.activeElement.dispatchEvent(new KeyboardEvent(name, { key, code, shiftKey, bubbles: true }));
        }""",
        [key, code, shift],
    )


@pytest.mark.parametrize("key", ["5", "Enter", "Space"])
def test_a_key_that_is_held_shows_it_until_it_is_released(visitor: Visitor, key: str) -> None:
    page = visitor.page
    button = page.locator(visitor.button("right", 2))
    if key != "5":
        button.focus()
    page.keyboard.down(key)
    expect(button).to_have_attribute("data-pressed", "")
    assert framed(page) == {"left": False, "right": True}
    page.keyboard.up(key)
    expect(page.locator(PRESSED)).to_have_count(0)
    expect(page.get_by_role("button", name="Continue")).to_be_visible()
    assert Response.objects.get().choice == "right"
    assert visitor.complaints == []


def test_keys_that_answer_nothing_press_nothing(visitor: Visitor) -> None:
    page = visitor.page
    for key in ("7", "f", "ArrowLeft", "Control+1"):
        page.keyboard.down(key) if "+" not in key else page.keyboard.press(key)
        expect(page.locator(PRESSED)).to_have_count(0)
        page.keyboard.up(key.split("+")[-1])
