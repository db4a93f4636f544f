"""Square crops of photographs: where they lie, and how they are cut."""

import random
from dataclasses import dataclass
from io import BytesIO
from statistics import fmean

from PIL import Image, ImageStat

# Two crops of one photograph share less than this part of their union.
MAX_OVERLAP = 0.3
# The smallest side of a scattered crop: in pixels, and as a part of the photograph's shorter side.
MIN_CROP_SIDE = 80
MIN_CROP_PART = 0.18
# The smallest contrast of a scattered crop (see `_contrast`), on the scale 0 to 255. Sky and blurred background,
# also with an object at their edge, are below it.
MIN_CONTRAST = 18.0
# A photograph that has no room for all crops asked for gives fewer, after this many tries for each.
TRIES_PER_CROP = 60
# Three times as fast as the usual level 6, for files that are 5 % larger.
COMPRESS_LEVEL = 3


@dataclass(frozen=True)
class Square:
    """A square of a photograph, in its pixels: columns ``left`` to ``left + side``, rows ``top`` to ``top + side``."""

    left: int
    top: int
    side: int

    def overlap(self, other: "Square") -> float:
        """Intersection over union with another square, 0 (apart) to 1 (the same)."""
        width = min(self.left + self.side, other.left + other.side) - max(self.left, other.left)
        height = min(self.top + self.side, other.top + other.side) - max(self.top, other.top)
        shared = max(width, 0) * max(height, 0)
        return shared / (self.side**2 + other.side**2 - shared)


def centre_square(image: Image.Image) -> Square:
    """The largest square in the middle of an image."""
    side = min(image.size)
    return Square((image.width - side) // 2, (image.height - side) // 2, side)


def scatter_squares(image: Image.Image, count: int, generator: random.Random) -> list[Square]:
    """Up to ``count`` squares of random side and place, with contrast inside and little overlap between them."""
    luminance = image.convert("L")
    shorter = min(image.size)
    smallest = min(max(MIN_CROP_SIDE, round(MIN_CROP_PART * shorter)), shorter)
    squares: list[Square] = []
    for _ in range(count * TRIES_PER_CROP):
        if len(squares) == count:
            break
        # Uniform on a logarithmic scale: many close views, some of the whole scene.
        side = round(smallest * (shorter / smallest) ** generator.random())
        square = Square(generator.randint(0, image.width - side), generator.randint(0, image.height - side), side)
        apart = all(square.overlap(other) < MAX_OVERLAP for other in squares)
        if apart and _contrast(luminance, square) >= MIN_CONTRAST:
            squares.append(square)
    return squares


def cut(image: Image.Image, square: Square, size: int) -> bytes:
    """The bytes of a PNG file of ``size`` x ``size`` pixels with what the square shows."""
    box = (square.left, square.top, square.left + square.side, square.top + square.side)
    buffer = BytesIO()
    image.resize((size, size), Image.Resampling.LANCZOS, box=box).save(
        buffer, format="PNG", compress_level=COMPRESS_LEVEL
    )
    return buffer.getvalue()


def _contrast(luminance: Image.Image, square: Square) -> float:
    """Standard deviation of the luminance, the mean over the four quarters: something is to be seen all over."""
    half = square.side // 2
    corners = [(square.left + right, square.top + down) for right in (0, half) for down in (0, half)]
    quarters = [luminance.crop((left, top, left + half, top + half)) for left, top in corners]
    return fmean(ImageStat.Stat(quarter).stddev[0] for quarter in quarters)
