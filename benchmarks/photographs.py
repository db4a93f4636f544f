"""Real photographs for benchmarks and documents: those that come in the wheels of scikit-image and scikit-learn."""

from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageOps
from torch import Tensor

import accentuation

FILES = {
    "chelsea": ("skimage", "data/chelsea.png"),
    "coffee": ("skimage", "data/coffee.png"),
    "astronaut": ("skimage", "data/astronaut.png"),
    "rocket": ("skimage", "data/rocket.jpg"),
    "clock": ("skimage", "data/clock_motion.png"),
    "motorcycle": ("skimage", "data/motorcycle_left.png"),
    "camera": ("skimage", "data/camera.png"),
    "china": ("sklearn", "datasets/images/china.jpg"),
    "flower": ("sklearn", "datasets/images/flower.jpg"),
}


def photograph(name: str, side: int, box: tuple[int, int, int, int] | None = None) -> Tensor:
    """A square of a photograph, in the centre unless a box says where: ``(3, side, side)`` in [0, 1]."""
    package, path = FILES[name]
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    picture = Image.open(Path(spec.origin).parent / path).convert("RGB")
    picture = picture.crop(box) if box else picture
    return accentuation.to_tensor(ImageOps.fit(picture, (side, side), Image.Resampling.LANCZOS))
