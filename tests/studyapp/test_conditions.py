"""All six conditions: what stands in the reference panel of each, what can be flipped, and what the page calls it."""

import io
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from PIL import Image
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from stimuli import files
from stimuli.freezing import FreezeError, freeze
from stimuli.models import Rendition, Stimulus
from stimuli.protocol import read_protocol
from studyapp.addresses import image_address
from studyapp.models import Participant, Reference, Study, Trial
from studyapp.panels import ReferenceSlot
from studyapp.selectors import current_trial, reference_panels, slot_image
from studyapp.services.enrolment import participant_enrol
from studyapp.services.progress import instructions_read
from tests.studyapp.turns import respond
from tests.studyapp.visitor import Visitor
from tests.studyapp.world import make_stimuli, make_study, make_survey, protocol_file, protocol_text

SIX = ("none", "exemplars", "attribution", "visualization", "accentuation", "suppression")
# What a place shows: the image, its explanation, or both, one of which is flipped to the other.
SHOWN = {
    "none": None,
    "exemplars": ("image",),
    "attribution": ("image", "explanation"),
    "visualization": ("explanation",),
    "accentuation": ("image", "explanation"),
    "suppression": ("image", "explanation"),
}
WORD = {"attribution": "coloured", "accentuation": "accentuated", "suppression": "suppressed"}
WEBP = '[stimuli.files]\nformat = "webp"\nwidths = [32]\n'


def six(*, tables: str = "") -> str:
    return protocol_text(features=6, references=2, conditions=SIX, tables=tables)


@pytest.fixture
def enrolled(db: None) -> Participant:
    person = participant_enrol(study=make_study(six()), client_id=uuid.uuid4())
    instructions_read(participant=person)
    person.refresh_from_db()
    return person


def slots_of(trial: Trial) -> list[ReferenceSlot]:
    return [slot for panel in reference_panels(trial) for slot in panel.slots]


def trials(person: Participant) -> Iterator[Trial]:
    """Each trial while it is the current one."""
    while trial := current_trial(person):
        yield trial
        respond(person, trial)


def test_every_condition_shows_its_own_kind_and_nothing_else(enrolled: Participant) -> None:
    met = set()
    for trial in trials(enrolled):
        met.add(trial.condition)
        slots, shown = slots_of(trial), SHOWN[trial.condition]
        assert len(slots) == (2 if shown else 0) == len(trial.reference_order)
        for slot, position in zip(slots, trial.reference_order, strict=True):
            reference = trial.query_pair.study_feature.references.get(position=position)
            assert (slot.image is not None, slot.explanation is not None) == (
                "image" in (shown or ()),
                "explanation" in (shown or ()),
            )
            if slot.image:
                assert slot_image(trial, slot.image) == reference.image
            if slot.explanation:
                stimulus = slot_image(trial, slot.explanation)
                assert isinstance(stimulus, Stimulus)
                assert stimulus.kind == trial.condition
                assert stimulus.feature == trial.query_pair.study_feature.feature
                assert stimulus.image in (reference.image, None)
    assert met == set(SIX)


def test_each_visualization_of_a_feature_is_another_one(enrolled: Participant) -> None:
    for feature in enrolled.study.features.all():
        pictures = [reference.explanations.get(kind="visualization") for reference in feature.references.all()]
        assert len({picture.pk for picture in pictures}) == 2
    assert Reference.objects.filter(explanations__isnull=True).count() == 0


def test_a_place_without_an_image_serves_none(client: Client, enrolled: Participant) -> None:
    for trial in trials(enrolled):
        found = [client.get(image_address(trial, slot, "png")).status_code for slot in ("left", "r1", "r1x")]
        shown = SHOWN[trial.condition] or ()
        assert found == [200, 200 if "image" in shown else 404, 200 if "explanation" in shown else 404]


def test_a_missing_explanation_of_any_kind_is_named(db: None) -> None:
    make_survey(features=6)
    file = protocol_file(six())
    make_stimuli(file.protocol)
    Stimulus.objects.filter(kind="visualization").first().delete()  # type: ignore[union-attr]
    with pytest.raises(FreezeError) as refused:
        freeze(file)
    (problem,) = refused.value.problems
    assert re.fullmatch(r"The visualization of layer1:channel=\d+ has not been made\.", problem)


class TestFiles:
    @pytest.fixture
    def person(self, db: None) -> Participant:
        person = participant_enrol(study=make_study(six(tables=WEBP)), client_id=uuid.uuid4())
        instructions_read(participant=person)
        person.refresh_from_db()
        return person

    def test_every_image_comes_in_the_format_and_widths_of_the_protocol(
        self, client: Client, person: Participant
    ) -> None:
        for trial in trials(person):
            slots = [slot for one in slots_of(trial) for slot in (one.image, one.explanation) if slot]
            for slot in ("left", "right", *slots):
                address = image_address(trial, slot, "webp").removesuffix(".webp")
                for query, side in (("", 64), ("?width=64", 64), ("?width=32", 32)):
                    answer = client.get(f"{address}.webp{query}")
                    assert answer.headers["Content-Type"] == "image/webp"
                    with Image.open(io.BytesIO(answer.content)) as picture:
                        assert (picture.format, picture.size) == ("WEBP", (side, side))
                        assert not set(picture.info) & {"exif", "icc_profile", "xmp", "comment"}
                for wrong in (".png", ".webp?width=33", ".webp?width=", ".webp?width=" + "9" * 5000):
                    assert client.get(f"{address}{wrong}").status_code == 404

    def test_the_browser_chooses_the_width(self, client: Client, person: Participant) -> None:
        trial = current_trial(person)
        assert trial is not None
        page = client.get(f"/p/{person.token}/").content.decode()
        left = image_address(trial, "left", "webp")
        assert f'src="{left}" srcset="{left}?width=32 32w, {left}?width=64 64w" sizes=' in page

    def test_a_study_whose_files_for_browsers_are_missing_is_refused(self, person: Participant, tmp_path: Path) -> None:
        path = tmp_path / "six.toml"
        path.write_text(six(tables=WEBP).replace('slug = "birds"', 'slug = "more-birds"'))
        freeze(read_protocol(path))
        with connection.cursor() as cursor:  # as a database without triggers would have let it happen
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE stimuli_rendition DISABLE TRIGGER USER")
            Rendition.objects.filter(width=32).first().delete()  # type: ignore[union-attr]
            cursor.execute("ALTER TABLE stimuli_rendition ENABLE TRIGGER USER")
        with pytest.raises(CommandError, match=r"has not been made in the format and widths of \[stimuli.files\]"):
            call_command("create_study", str(path))


@pytest.fixture
def live(live_server: LiveServer, browser: Browser) -> Study:
    return make_study(six(tables=WEBP))


def test_in_a_browser_only_what_has_two_sides_is_flipped_and_called_by_its_name(
    live: Study, visit: Callable[..., Visitor]
) -> None:
    visitor = visit()
    visitor.enrol(live)
    headings = {}
    for number in range(8):
        condition, page = visitor.trial.condition, visitor.page
        headings[condition] = page.locator(".evidence h2").inner_text()
        expect(page.locator(".stack")).to_have_count(2 if SHOWN[condition] else 0)
        word = WORD.get(condition)
        expect(page.locator("#flip")).to_have_count(1 if word else 0)
        assert (" F changes between" in page.locator(".keys").inner_text()) == bool(word)
        if word:
            expect(page.locator(".caption")).to_have_text([word] * 2)
            page.keyboard.press("f")
            expect(page.locator("#shown")).to_have_text("originals")
            expect(page.locator(".explanation").first).to_be_hidden()
            expect(page.locator("#flip")).to_have_text(f"Show the {word} images")
            page.keyboard.press("f")
            expect(page.locator("#shown")).to_have_text(word)
        visitor.assert_accessible()
        visitor.click("left", 1)
        assert number < 8
    assert set(headings) == set(SIX)
    assert len(set(headings.values())) == 6
    assert visitor.complaints == []
    assert files.is_there(Rendition.objects.all()[0].sha256)
