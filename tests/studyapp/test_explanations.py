"""The words above the reference panel: other ones for each condition, true of it, and short enough for a phone."""

from typing import get_args

import pytest

from stimuli.protocol import Condition, parse_protocol
from studyapp.explanations import wording
from tests.studyapp.world import protocol_text

METHODS = ("grad_cam", "smooth_grad", "integrated_gradients", "gradient_x_input")


@pytest.mark.parametrize("method", METHODS)
def test_every_condition_has_words_of_its_own_that_take_two_lines_on_a_phone(method: str) -> None:
    protocol = parse_protocol(protocol_text(tables=f'[stimuli.attribution]\nmethod = "{method}"'))
    headings = [wording(condition, protocol).heading for condition in get_args(Condition)]
    assert len(set(headings)) == 6
    assert max(map(len, headings)) <= 78


def test_what_a_map_shows_is_said_in_the_colours_of_its_method() -> None:
    said = {
        method: wording(
            "attribution", parse_protocol(protocol_text(tables=f'[stimuli.attribution]\nmethod = "{method}"'))
        ).heading
        for method in METHODS
    }
    assert ["yellow" in said[method] for method in METHODS] == [True, True, False, False]
    assert ["blue" in said[method] for method in METHODS] == [False, False, True, True]


def test_only_what_has_two_sides_has_a_word_for_one_of_them() -> None:
    protocol = parse_protocol(protocol_text())
    words = {condition: wording(condition, protocol).explained for condition in get_args(Condition)}
    assert {condition for condition, word in words.items() if word} == {"attribution", "accentuation", "suppression"}
