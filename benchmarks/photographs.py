"""Real photographs for benchmarks and documents: those that come in scikit-image's wheel."""

from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageOps
from torch import Tensor

import accentuation

FILES = {
    "chelsea": "chelsea.png",
    "coffee": "coffee.png",
    "astronaut": "astronaut.png",
    "rocket": "rocket.jpg",
    "clock": "clock_motion.png",
}


def photograph(name: str, side: int, box: tuple[int, int, int, int] | None = None) -> Tensor:
    """A square of a photograph, in the centre unless a box says where: ``(3, side, side)`` in [0, 1]."""
    spec = find_spec("skimage")
    assert spec is not None
    assert spec.origin is not None
    picture = Image.open(Path(spec.origin).parent / "data" / FILES[name]).convert("RGB")
    picture = picture.crop(box) if box else picture
    return accentuation.to_tensor(ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS))
