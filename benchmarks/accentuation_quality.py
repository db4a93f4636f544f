"""What the steps gained and what they changed, side by side: gain alone would praise who holds the image loosely.

Every library makes the same number of steps, with lambda 1 as each understands it. They balance the two gradients at
different moments (the peers before the first step, with what their image differs from the seed by rounding and by
their gate; ours at its second step, when the image has left the seed), so one lambda is not one strength of the hold.
Ours is therefore made with some lambdas, and its gain is read, by straight lines between them and the seed, at the
change (1 - SSIM) that each peer has made.

All are judged on crops that no step has seen, cut and resized by Pillow (bicubic with antialias, which is no library's
own way here) from the pixels as a file would hold them.
"""

import argparse
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

import accentuation
from accentuation.features import feature_values
from accentuation.reading import read_layers
from accentuation.regularization import latent_distances
from benchmarks.accentuation_task import LAYERS, SEED, run_ours, task_for
from benchmarks.peers import Made, Run
from benchmarks.photographs import photograph
from benchmarks.regularization import dissimilarity

# A class and a channel inside.
FEATURES = ("logit=285", "blocks.4.2:channel=29")
LAMBDAS = (0.3, 1.0, 3.0)
HELD_OUT = 24
VIEWS = ("image", "blend")


class Judge:
    """A feature and the seed that it was accentuated in."""

    def __init__(self, model: accentuation.VisionModel, seed_image: Tensor, feature: accentuation.Feature) -> None:
        self.model, self.seed_image, self.feature = model, seed_image, feature
        self.before, self.seed_latents = self._look(seed_image)

    def figures(self, image: Tensor) -> dict[str, float]:
        """Gain and distance (means over the held-out crops, in the network's units) and change (1 - SSIM)."""
        after, latents = self._look(image)
        return {
            "gain": round(after - self.before, 3),
            "latent_distance": round(float(latent_distances(latents, self.seed_latents).mean()), 3),
            "change": round(dissimilarity(image, self.seed_image), 4),
        }

    @torch.no_grad()
    def _look(self, image: Tensor) -> tuple[float, Tensor]:
        layer = LAYERS[self.model.name]
        outputs = read_layers(self.model, held_out_crops(image, self.model.input_size), [*self.feature.layers, layer])
        return float(feature_values(outputs, self.feature).mean()), outputs[layer]


def held_out_crops(image: Tensor, size: int) -> Tensor:
    """``(24, 3, size, size)`` in [0, 1], the same boxes for every image, of the sizes that the steps draw."""
    generator = torch.Generator().manual_seed(987_654)
    picture = accentuation.to_picture(image)
    crops = []
    for share, x, y in torch.rand(HELD_OUT, 3, generator=generator).tolist():
        side = (0.05 + 0.94 * share) * min(picture.size)
        left, top = x * (picture.width - side), y * (picture.height - side)
        box = (left, top, left + side, top + side)
        crops.append(accentuation.to_tensor(picture.resize((size, size), Image.Resampling.BICUBIC, box=box)))
    return torch.stack(crops)


def ours_at(change: float, ours: list[dict[str, float]]) -> float | None:
    """The gain of ours at this change, between its lambdas and the seed; None beyond its largest change."""
    points = np.array(sorted([(0.0, 0.0), *((row["change"], row["gain"]) for row in ours)]))
    if change > points[-1, 0]:
        return None
    return round(float(np.interp(change, points[:, 0], points[:, 1])), 3)


def compared(judge: Judge, made: dict[str, Made], peers: dict[str, Run], view: str) -> dict[str, Any]:
    """The figures of each library on one view, and of ours at the change of each peer."""
    rows = {name: judge.figures(getattr(each, view)) for name, each in made.items()}
    ours = [row for name, row in rows.items() if name not in peers]
    found: dict[str, Any] = dict(rows)
    for name in peers:
        found[name] = {**rows[name], "ours_gain_at_this_change": ours_at(rows[name]["change"], ours)}
    for name, row in found.items():
        print(f"  {view}, {name}: {row}", flush=True)
    return found


def measure(options: argparse.Namespace, peers: dict[str, Run]) -> Iterator[dict[str, Any]]:
    """By feature, view and library."""
    model = accentuation.load_model("efficientnet_lite0")
    image = photograph("chelsea", options.image_side)
    runs: dict[str, Run] = {f"ours, lambda {weight:g}": partial(run_ours, regularization=weight) for weight in LAMBDAS}
    quality: dict[str, Any] = {}
    for text in FEATURES:
        feature = accentuation.parse_feature(text)
        made = {}
        for name, run in {**runs, **peers}.items():
            torch.manual_seed(SEED)  # of the peers, which take the global one
            made[name] = run(task_for(model, image, feature, options.quality_steps), lambda: None)
        print(f"{text}, {options.quality_steps} steps, {HELD_OUT} held-out crops:", flush=True)
        judge = Judge(model, image, feature)
        quality[text] = {view: compared(judge, made, peers, view) for view in VIEWS}
        yield {"quality_steps": options.quality_steps, "quality": quality}
