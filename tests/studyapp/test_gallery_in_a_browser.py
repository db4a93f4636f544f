"""The gallery in a real browser: the divider, the keys, what is loaded, and what axe and the policy say."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from stimuli.models import Rejection, Stimulus
from tests.studyapp.gallery_world import make_gallery
from tests.studyapp.visitor import Visitor

DESKTOP: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SCREENS = pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])


@pytest.fixture
def stimuli(live_server: LiveServer) -> list[Stimulus]:
    User.objects.create_superuser("researcher")
    return make_gallery()


@pytest.fixture
def look(visit: Callable[..., Visitor], stimuli: list[Stimulus]) -> Callable[..., Visitor]:
    """Open a page of the gallery as a researcher who is logged in; returns when its scripts have run."""
    client = Client()
    client.force_login(User.objects.get())
    session = client.cookies["sessionid"].value

    def open_page(path: str, **options: Any) -> Visitor:
        visitor = visit(**options)
        visitor.page.context.add_cookies([{"name": "sessionid", "value": session, "url": visitor.address}])
        visitor.page.goto(f"{visitor.address}{path}")
        if options.get("java_script_enabled", True):
            visitor.page.wait_for_function("!document.querySelector('.shortcuts label').hidden")
        return visitor

    return open_page


@pytest.fixture
def first(stimuli: list[Stimulus]) -> str:
    """The page of the first feature."""
    return f"/gallery/{stimuli[0].feature_id}/patterns/"


def shown(page: Page) -> int:
    """The number of the stimulus that is shown in full and that the list marks."""
    number = int(page.locator("#stimulus").get_attribute("data-stimulus") or 0)
    expect(page.locator(f'a.tile[data-stimulus="{number}"]')).to_have_attribute("aria-current", "true")
    expect(page.locator("a.tile[aria-current]")).to_have_count(1)
    return number


def expect_shown(page: Page, stimulus: Stimulus) -> None:
    expect(page.locator("#stimulus")).to_have_attribute("data-stimulus", str(stimulus.pk))
    assert shown(page) == stimulus.pk


def cut(page: Page) -> str:
    """Where the stimulus begins over its seed, as the browser clips it."""
    return str(page.locator(".compare .made").evaluate("image => getComputedStyle(image).clipPath"))


@SCREENS
def test_axe_and_the_policy_find_nothing_and_nothing_is_wider_than_the_screen(
    look: Callable[..., Visitor], stimuli: list[Stimulus], first: str, screen: dict[str, Any]
) -> None:
    Stimulus.objects.filter(pk=stimuli[0].pk).update(saturation=math.nan)
    for stimulus in stimuli[2:4]:
        Rejection.objects.create(stimulus=stimulus, reason="too dark", by="researcher")
    visitor = look("/gallery/", **screen)
    page = visitor.page
    width = screen["viewport"]["width"]
    for path, heading in (
        ("/gallery/", "Gallery of stimuli"),
        (first, "layer1:channel=0"),
        (f"{first}?stimulus={stimuli[2].pk}", "layer1:channel=0"),
        (f"{first}?state=flagged&kind=poster", "layer1:channel=0"),
        ("/gallery/rejections/", "Rejections"),
    ):
        page.goto(f"{visitor.address}{path}")
        expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
        for closed in page.locator("details").all():
            closed.evaluate("details => { details.open = true; }")
        visitor.assert_accessible()
        assert page.evaluate("document.documentElement.scrollWidth") == width
    assert visitor.complaints == []


def test_the_divider_is_moved_by_keyboard_and_mouse_and_keeps_its_place(
    look: Callable[..., Visitor], stimuli: list[Stimulus], first: str
) -> None:
    page = look(f"{first}?stimulus={stimuli[2].pk}").page
    divider = page.get_by_role("slider")
    assert cut(page) == "inset(0px 0px 0px 50%)"
    divider.focus()
    page.keyboard.press("ArrowRight")
    assert cut(page) == "inset(0px 0px 0px 51%)"
    assert divider.get_attribute("aria-valuetext") == "51 % seed, 49 % accentuation"
    assert shown(page) == stimuli[2].pk  # the arrow is the divider's alone
    page.keyboard.press("End")
    assert cut(page) == "inset(0px 0px 0px 100%)"
    box = page.locator(".compare").bounding_box()
    assert box is not None
    for share in (0.25, 0.75):
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 50)
        page.mouse.down()
        page.mouse.move(box["x"] + share * box["width"], box["y"] + 50, steps=4)
        page.mouse.up()
        line = page.locator(".divider").bounding_box()
        assert line is not None
        assert line["x"] + line["width"] / 2 == pytest.approx(box["x"] + share * box["width"], abs=4)
    page.keyboard.press("j")
    expect_shown(page, stimuli[3])
    assert cut(page) == "inset(0px 0px 0px 75%)"


def test_the_divider_is_moved_by_touch(look: Callable[..., Visitor], stimuli: list[Stimulus], first: str) -> None:
    page = look(f"{first}?stimulus={stimuli[2].pk}", **PHONE).page
    divider = page.get_by_role("slider")
    divider.scroll_into_view_if_needed()
    box = page.locator(".compare").bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + 0.2 * box["width"], box["y"] + 0.3 * box["height"])
    assert int(divider.input_value()) == pytest.approx(20, abs=2)


def test_moving_the_divider_loads_and_hides_nothing(
    look: Callable[..., Visitor], stimuli: list[Stimulus], first: str
) -> None:
    visitor = look(f"{first}?stimulus={stimuli[2].pk}")
    page = visitor.page
    page.wait_for_load_state("networkidle")
    visitor.requests.clear()
    page.get_by_role("button", name="Flip").click()
    assert cut(page) == "inset(0px 0px 0px 100%)"
    page.keyboard.press("f")
    assert cut(page) == "inset(0px 0px 0px 0%)"
    page.keyboard.press("m")
    mask = page.locator(".mask-image")
    expect(mask).to_be_visible()
    expect(page.get_by_role("button", name="Mask")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Mask").click()
    expect(mask).to_be_hidden()
    asked = {request.url for request in visitor.requests}
    for image in page.locator(".compare img").all():
        assert image.evaluate("image => image.complete && image.naturalWidth > 0")
        assert image.evaluate("image => image.src") not in asked


def test_the_keys_move_between_stimuli(look: Callable[..., Visitor], stimuli: list[Stimulus], first: str) -> None:
    visitor = look(first)
    page = visitor.page
    expect_shown(page, stimuli[0])
    # On the page visualizations come last: the second tile is the third of these stimuli.
    for key, stimulus in (("j", stimuli[2]), ("ArrowRight", stimuli[3]), ("k", stimuli[2]), ("ArrowLeft", stimuli[0])):
        page.keyboard.press(key)
        expect_shown(page, stimulus)
        expect(page.locator(f'a.tile[data-stimulus="{stimulus.pk}"]')).to_be_focused()
    page.keyboard.press("k")
    expect_shown(page, stimuli[0])
    page.keyboard.press("ArrowDown")
    below = page.locator("a.tile").nth(4)
    expect(page.locator("#stimulus")).to_have_attribute("data-stimulus", below.get_attribute("data-stimulus") or "")
    expect(below).to_be_focused()
    page.reload()
    expect(below).to_have_attribute("aria-current", "true")
    assert visitor.complaints == []


def test_stepping_on_quickly_ends_where_the_last_key_led(
    look: Callable[..., Visitor], stimuli: list[Stimulus], first: str
) -> None:
    page = look(first).page
    for _ in range(4):
        page.keyboard.press("j")
    expected = page.locator("a.tile").nth(4).get_attribute("data-stimulus")
    expect(page.locator("#stimulus")).to_have_attribute("data-stimulus", expected or "")
    page.wait_for_load_state("networkidle")
    assert str(shown(page)) == expected


def test_r_opens_the_form_and_the_slash_leads_to_the_filter(
    look: Callable[..., Visitor], stimuli: list[Stimulus], first: str
) -> None:
    page = look(first).page
    page.keyboard.press("/")
    expect(page.get_by_label("Kind")).to_be_focused()
    page.get_by_role("slider").focus()
    page.keyboard.press("r")
    reason = page.get_by_label("Why shall this image not be shown?")
    expect(reason).to_be_focused()
    page.keyboard.type("jumbled, r j k /")  # keys of the page are letters here
    assert reason.input_value() == "jumbled, r j k /"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("The image is rejected.").wait_for()
    rejection = Rejection.objects.get()
    assert (rejection.stimulus_id, rejection.reason, rejection.by) == (stimuli[0].pk, "jumbled, r j k /", "researcher")
    expect_shown(page, stimuli[0])
    page.get_by_role("button", name="Take the rejection back").click()
    page.get_by_text("The rejection is taken back").wait_for()
    assert not Rejection.objects.exists()


def test_the_keys_can_be_switched_off_and_stay_off(
    look: Callable[..., Visitor], stimuli: list[Stimulus], first: str
) -> None:
    page = look(first).page
    page.get_by_label("Single keys on").uncheck()
    page.reload()
    expect(page.get_by_label("Single keys on")).not_to_be_checked()
    page.locator("h1").click()
    for key in ("j", "r", "/"):
        page.keyboard.press(key)
    page.wait_for_load_state("networkidle")
    assert shown(page) == stimuli[0].pk
    assert page.locator("details.reject[open]").count() == 0


def test_all_is_reached_without_the_keys(look: Callable[..., Visitor], stimuli: list[Stimulus], first: str) -> None:
    page = look(first).page
    page.get_by_role("link", name="Next", exact=True).click()
    expect_shown(page, stimuli[2])
    expect(page.get_by_role("link", name="Next", exact=True)).to_be_focused()
    tile = page.locator("a.tile").nth(3)
    tile.click()
    expect(tile).to_have_attribute("aria-current", "true")
    # The tile is marked at once; the stimulus comes when its images are decoded.
    expect(page.locator("#stimulus")).to_have_attribute("data-stimulus", tile.get_attribute("data-stimulus") or "")
    page.get_by_text("Reject …").click()
    expect(page.get_by_label("Why shall this image not be shown?")).to_be_visible()


def test_without_scripts_a_tile_leads_to_its_stimulus(
    look: Callable[..., Visitor], stimuli: list[Stimulus], first: str
) -> None:
    page = look(first, java_script_enabled=False).page
    page.locator("a.tile").nth(1).click()
    assert page.locator("#stimulus").get_attribute("data-stimulus") == str(stimuli[2].pk)


def test_the_keys_move_between_the_cards_of_the_overview(look: Callable[..., Visitor], stimuli: list[Stimulus]) -> None:
    page = look("/gallery/").page
    cards = page.locator(".card .name")
    for key, place in (("j", 0), ("j", 1), ("ArrowRight", 2), ("k", 1)):
        page.keyboard.press(key)
        expect(cards.nth(place)).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_label("Layer or name")).to_be_focused()
    page.keyboard.type("channel=2")
    page.keyboard.press("Enter")
    expect(page.locator(".card")).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="layer1:channel=2", level=1)).to_be_visible()


def test_images_below_the_screen_are_loaded_when_they_are_reached_and_move_nothing(
    look: Callable[..., Visitor], stimuli: list[Stimulus], first: str
) -> None:
    small: dict[str, Any] = {"viewport": {"width": 390, "height": 300}}
    visitor = look(first, **small)
    page = visitor.page
    page.wait_for_load_state("networkidle")
    last = page.locator("a.tile img").last
    assert last.evaluate("image => image.loading") == "lazy"
    heights = page.evaluate("document.documentElement.scrollHeight")
    asked = {request.url for request in visitor.requests if request.resource_type == "image"}
    everything = {image.evaluate("image => image.src") for image in page.locator("main img").all()}
    assert len(asked & everything) < len(everything)
    for image in page.locator("main img:visible").all():
        image.scroll_into_view_if_needed()
    page.wait_for_load_state("networkidle")
    assert last.evaluate("image => image.complete && image.naturalWidth > 0")
    assert page.evaluate("document.documentElement.scrollHeight") == heights
