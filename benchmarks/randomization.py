"""What is left of an accentuation when the network's weights are randomised, from the output down to the input.

``python -m benchmarks.randomization``; EfficientNet-Lite0, the logit "Egyptian cat", a photograph of a cat. Prints the
similarity to the accentuation by the network as it is after each stage; beside it, that of two accentuations by the
network as it is with different crops, as what chance alone takes away. Writes the pictures to docs/randomization.jpg.
The last line is one JSON object.
"""

import argparse
import json
from pathlib import Path

import accentuation
from accentuation.grid import Cell, grid
from accentuation.randomization import RandomizedAccentuation, cascade, correlation
from benchmarks.photographs import photograph

OUT = Path(__file__).resolve().parent.parent / "docs" / "randomization.jpg"
FEATURE = accentuation.parse_feature("logit=285")
SEED, OTHER_SEED = 1, 2
SIDE = 224
COLUMNS = 7


def cell(result: RandomizedAccentuation) -> Cell:
    """The blend, and how alike its change is to the original's."""
    words = "as it is" if result.stage is None else f"{result.stage}: {result.change_similarity:.2f}"
    return Cell(accentuation.to_picture(result.accentuation.blend), words)


def main() -> None:
    """Run the cascade, print and draw it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--crops", type=int, default=16)
    options = parser.parse_args()
    config = accentuation.AccentuationConfig(steps=options.steps, crops=options.crops)
    model = accentuation.load_model("efficientnet_lite0")
    image = photograph("chelsea", SIDE)
    results = cascade(model, image, FEATURE, config, seed=SEED)
    original = results[0].accentuation
    other = accentuation.accentuate(model, image, FEATURE, config, seed=OTHER_SEED)
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
                "steps": options.steps,
                "crops_per_step": options.crops,
                "other_crops_change_similarity": chance["change"],
                "other_crops_mask_similarity": chance["mask"],
                "change_similarity": {result.stage or "none": result.change_similarity for result in results},
                "mask_similarity": {result.stage or "none": result.mask_similarity for result in results},
            }
        )
    )


if __name__ == "__main__":
    main()
