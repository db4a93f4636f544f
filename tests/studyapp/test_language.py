"""The pages of a study speak the language of its protocol; the German catalogue is whole and compiled."""

import ast
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polib
import pytest
from django.test import Client
from django.utils.translation.template import templatize

from studyapp.models import Study
from studyapp.services.enrolment import participant_enrol
from tests.studyapp.visitor import Visitor
from tests.studyapp.whole_session import TABLES, to_practice
from tests.studyapp.world import make_study, protocol_text

APP = Path(__file__).resolve().parents[2] / "studyapp"
CATALOGUE = APP / "locale" / "de" / "LC_MESSAGES" / "django.po"
# In code, and in what Django makes of a template for its own search.
FUNCTIONS = {
    *("_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"),
    *("pgettext", "pgettext_lazy", "npgettext", "npgettext_lazy"),
}
STRING = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
CALL = re.compile(rf"\b(?:n?p?gettext|_)\((?:{STRING}|[\s,]|count)*\)")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|{n}|<[^>]+>")


def german(text: str) -> str:
    return text.replace("seed = 7", 'seed = 7\nlanguage = "de"')


@pytest.fixture
def study_in_german(db: None) -> Study:
    return make_study(german(protocol_text(tables=TABLES)))


Marked = tuple[str | None, str, str | None]  # context, text, plural


def words_of_templates() -> Iterator[Marked]:
    for path in (APP / "templates").rglob("*.html"):
        yield from marked_words(code_alone(templatize(path.read_text(), origin=str(path))))


def words_of_code() -> Iterator[Marked]:
    for path in APP.rglob("*.py"):
        yield from marked_words(path.read_text())


def code_alone(templatized: str) -> str:
    """The calls of a template as Python has them; Django leaves the letters of the page between them, as X."""
    return "\n".join(CALL.findall(templatized))


def marked_words(source: str) -> Iterator[Marked]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
            yield from called_with(node.func.id, [one.value for one in node.args if isinstance(one, ast.Constant)])


def called_with(function: str, words: list[Any]) -> Iterator[Marked]:
    """The message of a call; none where its text is not written there."""
    context = words.pop(0) if "pgettext" in function and words else None
    if words:
        yield context, words[0], words[1] if function.startswith("n") else None


def test_each_way_to_mark_a_text_is_seen() -> None:
    page = """{% load i18n %}{% translate 'It is "one"' context "c" %} words {# a note #} {{ _("In a variable") }}
    {% blocktranslate trimmed with a=b %}Two
    lines of {{ a }}{% endblocktranslate %}
    {% blocktranslate count n=n %}One of it{% plural %}{{ n }} of it{% endblocktranslate %}"""
    code = 'pgettext_lazy("c", "x"); npgettext("c", "one", "more", n); gettext(text); _("y")'
    assert list(marked_words(code_alone(templatize(page)))) == [
        ("c", 'It is "one"', None),
        (None, "In a variable", None),
        (None, "Two lines of %(a)s", None),
        (None, "One of it", "%(n)s of it"),
    ]
    assert sorted(marked_words(code), key=str) == [
        ("c", "one", "more"),
        ("c", "x", None),
        (None, "y", None),
    ]


def test_everything_that_is_marked_is_in_the_catalogue_and_translated() -> None:
    catalogue = polib.pofile(str(CATALOGUE))
    entries = {(entry.msgctxt or None, entry.msgid, entry.msgid_plural or None) for entry in catalogue}
    marked = {*words_of_templates(), *words_of_code()}
    assert len(marked) > 150
    assert sorted(marked - entries, key=str) == []
    assert [entry.msgid for entry in catalogue if not entry.translated() or entry.fuzzy] == []


def test_placeholders_and_tags_are_the_same_in_both_languages() -> None:
    for entry in polib.pofile(str(CATALOGUE)):
        wanted = sorted(PLACEHOLDER.findall(entry.msgid_plural or entry.msgid))
        for translated in list(entry.msgstr_plural.values())[1:] or [entry.msgstr]:
            assert sorted(PLACEHOLDER.findall(translated)) == wanted, entry.msgid


def test_the_compiled_catalogue_is_that_of_the_text() -> None:
    def messages(entries: "polib.POFile | polib.MOFile") -> set[tuple[str, str, str]]:
        return {(e.msgctxt or "", e.msgid, e.msgstr or str(sorted(e.msgstr_plural.items()))) for e in entries}

    assert messages(polib.mofile(str(CATALOGUE.with_suffix(".mo")))) == messages(polib.pofile(str(CATALOGUE)))


def test_every_page_says_in_which_language_it_is(client: Client, study_in_german: Study) -> None:
    page = client.get(f"/s/{study_in_german.slug}/")
    assert page["Content-Language"] == "de"
    assert '<html lang="de">' in page.content.decode()
    assert "Ich stimme zu und nehme teil" in page.content.decode()
    person = participant_enrol(study=study_in_german, client_id=uuid.uuid4())
    to_practice(person)
    trial = client.get(f"/p/{person.token}/").content.decode()
    assert "Auf welches der beiden Bilder unten würde dieser Detektor stärker ansprechen?" in trial
    assert "Übung 1 von 2" in trial
    assert "Which of the two" not in client.get(f"/p/{person.token}/trials/").content.decode()


def test_no_language_outlives_its_request(client: Client, study_in_german: Study) -> None:
    client.get(f"/s/{study_in_german.slug}/")
    page = client.get("/admin/login/")
    assert page["Content-Language"] == "en"
    assert '<html lang="en' in page.content.decode()


def test_a_session_in_german_is_accessible_and_complains_of_nothing(
    live_server: object, browser: object, visit: Callable[..., Visitor]
) -> None:
    study = make_study(german(protocol_text()))
    visitor = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    visitor.page.goto(f"{visitor.address}/s/{study.slug}/")
    visitor.assert_accessible()
    visitor.page.get_by_role("button", name="Ich stimme zu und nehme teil").click()
    visitor.page.get_by_role("button", name="Die Übung beginnen").click()
    assert visitor.trial.position == 1
    visitor.assert_accessible()
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == 390
    assert visitor.complaints == []


@pytest.mark.parametrize(
    ("prefers", "language", "words"),
    [
        ("de-AT,de;q=0.9,en;q=0.5", "de", "Diese Seite gibt es nicht"),
        ("fr,en;q=0.5", "en", "This page does not exist"),
        ("", "en", "This page does not exist"),
    ],
)
def test_where_no_study_is_known_an_error_speaks_the_language_of_the_browser(
    client: Client, db: None, prefers: str, language: str, words: str
) -> None:
    page = client.get("/s/nothing/", headers={"Accept-Language": prefers})
    assert (page.status_code, page["Content-Language"]) == (404, language)
    assert f'<html lang="{language}">' in page.content.decode()
    assert words in page.content.decode()


def test_a_form_without_its_cookie_is_refused_in_the_language_of_the_browser(study_in_german: Study) -> None:
    person = participant_enrol(study=study_in_german, client_id=uuid.uuid4())
    strict = Client(enforce_csrf_checks=True)
    page = strict.post(f"/p/{person.token}/instructions/", headers={"Accept-Language": "de"})
    assert page.status_code == 403
    assert "Dieses Formular konnte nicht angenommen werden" in page.content.decode()


def test_an_error_of_a_study_speaks_the_language_of_the_study(client: Client, study_in_german: Study) -> None:
    person = participant_enrol(study=study_in_german, client_id=uuid.uuid4())
    page = client.get(f"/p/{person.token}/instructions/r9x.png", headers={"Accept-Language": "en"})
    assert (page.status_code, page["Content-Language"]) == (404, "de")
    assert "Diese Seite gibt es nicht" in page.content.decode()
