"""What is left of an accentuation when the network's weights are randomised, from the output down to the input.

``python -m benchmarks.randomization``; EfficientNet-Lite0, the logit "Egyptian cat", a photograph of a cat. Prints the
similarity to the accentuation by the network as it is after each stage; beside it, that of two accentuations by the
network as it is with different crops, as what chance alone takes away. Writes the pictures to docs/randomization.jpg.
The last line is one JSON object.
"""

import json
from importlib.util import find_spec
from pathlib import Path

import torch
from PIL import Image

import accentuation
from accentuation.grid import Cell, grid
from accentuation.randomization import RandomizedAccentuation, cascade, correlation

OUT = Path(__file__).resolve().parent.parent / "docs" / "randomization.jpg"
FEATURE = accentuation.parse_feature("logit=285")
CONFIG = accentuation.AccentuationConfig(steps=12, crops=4, learning_rate=0.1, regularization=0.3)
SEED, OTHER_SEED = 1, 2
SIDE = 160
COLUMNS = 7


def photograph() -> torch.Tensor:
    """Scikit-image's cat: ``(3, SIDE, SIDE)`` in [0, 1]."""
    spec = find_spec("skimage")
    assert spec is not None
    assert spec.origin is not None
    picture = Image.open(Path(spec.origin).parent / "data" / "chelsea.png").convert("RGB")
    return accentuation.to_tensor(picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS, box=(100, 0, 400, 300)))


def cell(result: RandomizedAccentuation) -> Cell:
    """The blend, and how alike its change is to the original's."""
    words = "as it is" if result.stage is None else f"{result.stage}: {result.change_similarity:.2f}"
    return Cell(accentuation.to_picture(result.accentuation.blend), words)


def main() -> None:
    """Run the cascade, print and draw it."""
    model = accentuation.load_model("efficientnet_lite0")
    image = photograph()
    results = cascade(model, image, FEATURE, CONFIG, seed=SEED)
    original = results[0].accentuation
    other = accentuation.accentuate(model, image, FEATURE, CONFIG, seed=OTHER_SEED)
    chance = {
        "change": correlation(other.image - image, original.image - image),
        "mask": correlation(other.mask, original.mask),
    }
    for result in results:
        name = result.stage or "as it is"
        print(f"{name}: change {result.change_similarity:.2f}, mask {result.mask_similarity:.2f}")
    print(f"as it is, other crops: change {chance['change']:.2f}, mask {chance['mask']:.2f}")
    cells = [Cell(accentuation.to_picture(image), "seed"), *map(cell, results)]
    rows = [cells[start : start + COLUMNS] for start in range(0, len(cells), COLUMNS)]
    grid(rows, side=128).save(OUT, quality=65)
    print(
        json.dumps(
            {
                "other_crops_change_similarity": chance["change"],
                "other_crops_mask_similarity": chance["mask"],
                "change_similarity": {result.stage or "none": result.change_similarity for result in results},
                "mask_similarity": {result.stage or "none": result.mask_similarity for result in results},
            }
        )
    )


if __name__ == "__main__":
    main()
