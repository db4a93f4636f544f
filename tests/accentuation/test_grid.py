"""Pictures in rows and columns."""

import numpy as np
import pytest
from PIL import Image, ImageFont

from accentuation.errors import AccentuationError
from accentuation.grid import FONT_SIZE, GAP, LINE_HEIGHT, Cell, _wrapped, grid


def plain(color, size=(50, 50)):
    return Image.new("RGB", size, color)


def test_a_grid_has_room_for_its_cells_and_their_captions():
    sheet = grid([[Cell(plain("red"), "a"), Cell(plain("blue"))], [Cell(plain("lime"))]], side=60)
    assert sheet.size == (GAP + 2 * (60 + GAP), GAP + (60 + LINE_HEIGHT + GAP) + (60 + GAP))
    assert sheet.getpixel((GAP + 30, GAP + 30)) == (255, 0, 0)
    assert sheet.getpixel((GAP + 60 + GAP + 30, GAP + 30)) == (0, 0, 255)
    assert sheet.getpixel((GAP + 30, 2 * GAP + 60 + LINE_HEIGHT + 30)) == (0, 255, 0)
    assert sheet.getpixel((GAP + 60 + GAP + 30, 2 * GAP + 60 + LINE_HEIGHT + 30)) == (255, 255, 255)


def test_a_picture_keeps_its_aspect_ratio():
    sheet = np.asarray(grid([[Cell(plain("red", (100, 50)))]], side=60))
    red = (sheet == (255, 0, 0)).all(axis=2)
    assert (int(red.any(axis=0).sum()), int(red.any(axis=1).sum())) == (60, 30)


def test_a_caption_is_drawn_below_its_picture():
    sheet = np.asarray(grid([[Cell(plain("red"), "word")]], side=60))
    below = sheet[GAP + 60 : GAP + 60 + LINE_HEIGHT]
    assert below.min() < 100
    assert sheet[GAP + 60 + LINE_HEIGHT :].min() == 255


def test_a_caption_stands_right_below_the_highest_picture_of_its_row():
    wide, tall = Cell(plain("red", (100, 50)), "word"), Cell(plain("blue", (50, 40)), "word")
    assert grid([[wide]], side=60).height == GAP + 30 + LINE_HEIGHT + GAP
    sheet = grid([[wide, tall]], side=60)
    assert sheet.height == GAP + 48 + LINE_HEIGHT + GAP
    assert np.asarray(sheet)[GAP + 48 : GAP + 48 + LINE_HEIGHT, : GAP + 60].min() < 100


@pytest.mark.parametrize("text", ["four words that wrap", "one_word_that_is_much_wider_than_its_cell", "two\nlines"])
def test_captions_are_wrapped_into_their_cell_without_losing_a_letter(text):
    lines = _wrapped(text, 60)
    assert len(lines) > 1
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(ImageFont.load_default(FONT_SIZE).getlength(line) <= 60 for line in lines)


def test_a_grid_of_nothing_is_refused():
    with pytest.raises(AccentuationError, match="at least one picture"):
        grid([[], []])
