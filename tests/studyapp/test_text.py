"""How texts of the protocol come to the pages."""

import pytest

from studyapp.text import paragraphs


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        (" \n\n ", []),
        ("One line\nthat was wrapped.", ["One line that was wrapped."]),
        ("\nOne.\n \n\nTwo.\n", ["One.", "Two."]),
    ],
)
def test_blank_lines_separate_paragraphs_and_no_text_has_none(text: str, parts: list[str]) -> None:
    assert paragraphs(text) == parts
