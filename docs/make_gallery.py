"""Makes the pictures of docs/gallery.md and prints their numbers: ``python -m docs.make_gallery``, some minutes.

With names of pictures, only those: ``python -m docs.make_gallery channel``.
"""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PIL import Image

import accentuation
from accentuation import views
from accentuation.grid import Cell, grid
from benchmarks.photographs import FILES, photograph

GALLERY = Path(__file__).resolve().parent / "gallery"
SEED = 1
SIDE = 256
LARGEST = 60_000  # bytes of a picture
CONFIG = accentuation.AccentuationConfig(steps=20, crops=4, learning_rate=0.1, regularization=0.3)
CAT, ESPRESSO, CLOCK = 285, 967, 892
CHANNEL = "blocks.4.2:channel=17"


def one(model: accentuation.VisionModel, name: str, index: int, config: accentuation.AccentuationConfig) -> views.View:
    """A photograph, the accentuation of a logit in it, the mask and the blend."""
    image, feature = photograph(name, SIDE), accentuation.Logit(index)
    done = accentuation.accentuate(model, image, feature, config, seed=SEED)
    title = f"{model.classes[index]}: {done.activation_before:.2f}"
    mask = done.mask.expand(3, -1, -1)
    pictures = {
        title: image,
        "accentuation": done.image,
        "mask": mask,
        f"blend: {done.activation_after:.2f}": done.blend,
    }
    cells = [Cell(accentuation.to_picture(each), words) for words, each in pictures.items()]
    return views.View(grid([cells]), ({"before": done.activation_before, "after": done.activation_after},))


def strengths(model: accentuation.VisionModel) -> views.View:
    """The blend after more and more steps of one run."""
    image, feature = photograph("chelsea", SIDE), accentuation.Logit(CAT)
    config = replace(CONFIG, steps=40, snapshot_steps=(5, 10, 20, 40))
    done = accentuation.accentuate(model, image, feature, config, seed=SEED)
    cells, rows = [Cell(accentuation.to_picture(image), f"seed: {done.activation_before:.2f}")], []
    for shot in done.snapshots:
        activation = float(accentuation.measure(model, shot.blend[None], feature))
        rows.append({"step": shot.step, "activation": activation})
        cells.append(Cell(accentuation.to_picture(shot.blend), f"step {shot.step}: {activation:.2f}"))
    return views.View(grid([cells]), tuple(rows))


def where_and_what(model: accentuation.VisionModel) -> views.View:
    """Two logits of one image beside attribution maps and noise-seeded visualisations."""
    spectrum = accentuation.mean_magnitude(photograph(name, SIDE) for name in FILES)
    features = [accentuation.Logit(CAT), accentuation.Logit(ESPRESSO)]
    return views.where_and_what(model, photograph("chelsea", SIDE), features, spectrum, CONFIG, seed=SEED)


def channel(model: accentuation.VisionModel) -> views.View:
    """One channel in four photographs."""
    images = [photograph(name, SIDE) for name in ("chelsea", "coffee", "astronaut", "rocket")]
    return views.one_feature(model, images, accentuation.parse_feature(CHANNEL), CONFIG, seed=SEED)


PICTURES: dict[str, Callable[[accentuation.VisionModel], views.View]] = {
    "right_class": lambda model: one(model, "coffee", ESPRESSO, CONFIG),
    "wrong_class": lambda model: one(model, "coffee", CAT, CONFIG),
    "suppression": lambda model: one(model, "coffee", ESPRESSO, replace(CONFIG, suppress=True)),
    "strengths": strengths,
    "channel": channel,
    "where_and_what": where_and_what,
    "misclassification": lambda model: views.misclassification(
        model, photograph("clock", SIDE), CLOCK, CONFIG, seed=SEED
    ),
    "most_inhibited": lambda model: views.most_inhibited(
        model, photograph("chelsea", SIDE), CONFIG, count=2, seed=SEED
    ),
}


def save(picture: Image.Image, path: Path) -> None:
    """At the best quality at which the file stays small."""
    for quality in range(80, 20, -5):
        picture.save(path, quality=quality, optimize=True)
        if path.stat().st_size < LARGEST:
            return


def main(names: list[str]) -> None:
    """Make all pictures, or those named."""
    GALLERY.mkdir(exist_ok=True)
    model = accentuation.load_model("efficientnet_lite0")
    for name in names or PICTURES:
        view = PICTURES[name](model)
        save(view.picture, GALLERY / f"{name}.jpg")
        print(name, *view.rows, sep="\n  ", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
