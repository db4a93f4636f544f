"""Real photographs for the benchmarks: those that come in scikit-image's wheel."""

from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageOps
from torch import Tensor

import accentuation

FILES = {"chelsea": "chelsea.png", "coffee": "coffee.png", "astronaut": "astronaut.png", "rocket": "rocket.jpg"}


def photograph(name: str, side: int) -> Tensor:
    """The centre square of a photograph: ``(3, side, side)`` in [0, 1]."""
    spec = find_spec("skimage")
    assert spec is not None
    assert spec.origin is not None
    picture = Image.open(Path(spec.origin).parent / "data" / FILES[name]).convert("RGB")
    return accentuation.to_tensor(ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS))
