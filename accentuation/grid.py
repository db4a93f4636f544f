"""Pictures in rows and columns, with words below them."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont, ImageOps

from accentuation.errors import AccentuationError

SIDE = 192  # pixels of a cell
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

    A row is as high as its longest caption asks for; rows may differ in length.

    Args:
        rows: from top to bottom, the cells from left to right.
        side: of the square that each picture is fitted into, in pixels.

    Raises:
        AccentuationError: there is no cell, or no room for one.
    """
    if not any(rows) or side < 1:
        raise AccentuationError("A grid needs at least one picture and a side of at least 1 pixel.")
    captions = [[_wrapped(cell.caption, side) for cell in row] for row in rows]
    heights = [side + LINE_HEIGHT * max((len(lines) for lines in row), default=0) for row in captions]
    width = GAP + max(map(len, rows)) * (side + GAP)
    sheet = Image.new("RGB", (width, GAP + sum(height + GAP for height in heights)), "white")
    top = GAP
    for row, lines, height in zip(rows, captions, heights, strict=True):
        for place, (cell, words) in enumerate(zip(row, lines, strict=True)):
            _draw(sheet, cell.picture, words, GAP + place * (side + GAP), top, side)
        top += height + GAP
    return sheet


def _draw(sheet: Image.Image, picture: Image.Image, lines: Sequence[str], left: int, top: int, side: int) -> None:
    fitted = ImageOps.contain(picture.convert("RGB"), (side, side), Image.Resampling.LANCZOS)
    sheet.paste(fitted, (left + (side - fitted.width) // 2, top + (side - fitted.height) // 2))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(FONT_SIZE)
    for number, line in enumerate(lines):
        draw.text((left, top + side + number * LINE_HEIGHT), line, fill="black", font=font)


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
