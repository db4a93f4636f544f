"""docs/pages.md shows every page that participants can meet."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "studyapp" / "templates"
DOCS = ROOT / "docs"
GUIDE = (DOCS / "pages.md").read_text()
TABLES, NOT_PICTURED = GUIDE.split("## Not pictured")
ROWS = re.findall(r"^\| [^|]+ \| (`[^|]+`) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", TABLES, re.MULTILINE)
RESEARCHERS = ("gallery", "researcher")


def pages() -> set[str]:
    """The templates that are a page or a trial of their own: no other one extends or includes them."""
    files = list(TEMPLATES.rglob("*.html"))
    parts = {name for path in files for name in re.findall(r'{% (?:extends|include) "([^"]+)"', path.read_text())}
    whole = [path for path in files if str(path.relative_to(TEMPLATES)) not in parts]
    # A part that a tag of ours includes is named as one, with an underscore.
    return {path.name for path in whole if path.parent.name not in RESEARCHERS and not path.name.startswith("_")}


def test_every_page_that_participants_can_meet_is_pictured_or_named_as_not_pictured() -> None:
    pictured = {name for row in ROWS for name in re.findall(r"`([^`]+)`", row[0])}
    named = set(re.findall(r"`([\w.]+\.html)`", NOT_PICTURED))
    assert pictured & named == set()
    assert pictured | named == pages()


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_every_page_of_the_guide_has_its_picture_and_no_picture_is_without_a_page(width: int) -> None:
    column = {1440: 1, 1024: 2, 390: 3}[width]
    links = [re.sub(r"\[picture\]\((.+)\)", r"\1", row[column]) for row in ROWS]
    assert all(link.endswith(f"-{width}.jpg") for link in links)
    assert len(links) == len(set(links)) == GUIDE.count(f"-{width}.jpg)")
    assert {f"pages/{path.name}" for path in (DOCS / "pages").glob(f"*-{width}.jpg")} == set(links)


def test_nothing_but_pictures_of_the_guide_lies_beside_them() -> None:
    assert len(list((DOCS / "pages").iterdir())) == 3 * len(ROWS)
