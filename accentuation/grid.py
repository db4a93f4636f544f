"""Pictures in rows and columns, with words below them."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont, ImageOps

from accentuation.errors import AccentuationError

SIDE = 192  # width of a cell in pixels, and its height at most
GAP = 8  # pixels between cells, and around them
FONT_SIZE = 13
LINE_HEIGHT = 17


@dataclass(frozen=True)
class Cell:
    """A picture of any size and the words below it, wrapped where they are long."""

    picture: Image.Image
    caption: str = ""


def grid(rows: Sequence[Sequence[Cell]], *, side: int = SIDE) -> Image.Image:
    """Cells in rows, each picture fitted into a square with its aspect ratio kept.

    A row is as high as its highest picture and its longest caption ask for; rows may differ in length.

    Args:
        rows: from top to bottom, the cells from left to right.
        side: of the square that each picture is fitted into, in pixels.

    Raises:
        AccentuationError: there is no cell, or no room for one.
    """
    if not any(rows) or side < 1:
        raise AccentuationError("A grid needs at least one picture and a side of at least 1 pixel.")
    drawn = [_row(row, side) for row in rows]
    width = GAP + max(map(len, rows)) * (side + GAP)
    sheet = Image.new("RGB", (width, GAP + sum(row.height + GAP for row in drawn)), "white")
    top = GAP
    for row in drawn:
        sheet.paste(row, (GAP, top))
        top += row.height + GAP
    return sheet


def _row(cells: Sequence[Cell], side: int) -> Image.Image:
    """Cells side by side, the captions right below the highest picture."""
    pictures = [ImageOps.contain(cell.picture.convert("RGB"), (side, side), Image.Resampling.LANCZOS) for cell in cells]
    captions = [_wrapped(cell.caption, side) for cell in cells]
    middle = max((picture.height for picture in pictures), default=0)
    height = middle + LINE_HEIGHT * max(map(len, captions), default=0)
    row = Image.new("RGB", (max(1, len(cells) * (side + GAP)), height), "white")
    draw, font = ImageDraw.Draw(row), ImageFont.load_default(FONT_SIZE)
    for place, (picture, lines) in enumerate(zip(pictures, captions, strict=True)):
        left = place * (side + GAP)
        row.paste(picture, (left + (side - picture.width) // 2, (middle - picture.height) // 2))
        for number, line in enumerate(lines):
            draw.text((left, middle + number * LINE_HEIGHT), line, fill="black", font=font)
    return row


def _wrapped(text: str, width: int) -> list[str]:
    """The lines of a caption; a word that is wider than its cell is broken, so that nothing runs into the next."""
    font = ImageFont.load_default(FONT_SIZE)
    lines: list[str] = []
    for paragraph in text.splitlines():
        line = ""
        for word in paragraph.split():
            joined = f"{line} {word}" if line else word
            if font.getlength(joined) <= width:
                line = joined
                continue
            if line:
                lines.append(line)
            *whole, line = _broken(word, width)
            lines.extend(whole)
        lines.append(line)
    return lines


def _broken(word: str, width: int) -> list[str]:
    """A word in pieces that fit, each of at least one letter."""
    font = ImageFont.load_default(FONT_SIZE)
    pieces = [""]
    for letter in word:
        if pieces[-1] and font.getlength(pieces[-1] + letter) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces
