"""Where should the distance to the seed be taken, and how strongly? The paper's Figures 3 and 4, with numbers.

``python -m benchmarks.regularization``; about an hour on two cores, a quarter with ``--steps 16 --crops 4``, which
the documents show. For every layer and every lambda: accentuations of some (photograph, feature) pairs, and of each

- gain: the feature on 24 crops that no step has seen, accentuation minus seed, as a share of the gain without any
  regularisation;
- locality: the share of the squared change of pixels that falls into the quarter of the pixels on which the feature
  depends most in the seed itself (0.25 is chance, 1 means that nothing but these was touched). It is what
  "accentuates what is there" means in numbers; a hallucination lies elsewhere.

The score is the harmonic mean of the two, and the best layer the one with the highest at lambda 1. ``--model`` takes
any model whose weights are to be had, ``--layers`` its layers from shallow to deep. Writes
docs/regularization-layers.jpg, -lambdas.jpg, -crops.jpg, and the numbers to
benchmarks/results/regularization-MODEL.json, whose content is the last line as well.
"""

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import torch
from PIL import Image
from torch import Tensor

import accentuation
from accentuation.crops import CropSource
from accentuation.features import feature_values
from accentuation.grid import Cell, grid
from accentuation.objective import look
from accentuation.reading import frozen, read_layers
from benchmarks.photographs import photograph

ROOT = Path(__file__).resolve().parent.parent
LAYERS = {
    "efficientnet_lite0": (
        "input",
        "conv_stem",
        "blocks.1.1",
        "blocks.2.1",
        "blocks.3.2",
        "blocks.4.2",
        "blocks.5.3",
    )
}
# A class that is there and one that is not, in two photographs; and channels of two depths.
PAIRS = (
    ("chelsea", "logit=285"),
    ("coffee", "logit=967"),
    ("chelsea", "blocks.4.2:channel=29"),
    ("coffee", "blocks.3.1:channel=40"),
)
LAMBDAS = (0.25, 1.0, 4.0)
CROPS = ((0.05, 0.2), (0.05, 0.99), (0.5, 0.99))
SEED = 1


def held_out(model: accentuation.VisionModel, image: Tensor, feature: accentuation.Feature) -> float:
    """The feature on crops that no optimisation has seen."""
    config = accentuation.AccentuationConfig(crops=24)
    crops = CropSource(*image.shape[1:], model.input_size, config, [987_654]).draw().take(image[None])
    with frozen(model.module), torch.no_grad():
        return float(feature_values(read_layers(model, crops, feature.layers), feature).mean())


def important_quarter(model: accentuation.VisionModel, image: Tensor, feature: accentuation.Feature) -> Tensor:
    """``(H, W)``, true on the quarter of the pixels with the largest gradient, summed over many crops."""
    config = accentuation.AccentuationConfig(crops=16)
    source = CropSource(*image.shape[1:], model.input_size, config, [SEED])
    total = torch.zeros_like(image)
    with frozen(model.module):
        for _ in range(6):
            total += look(model, image[None], image[None], source.draw(), [feature], None).feature_gradient[0].abs()
    importance = total.mean(dim=0)
    return importance >= importance.flatten().kthvalue(importance.numel() * 3 // 4).values


def locality(image: Tensor, seed: Tensor, quarter: Tensor) -> float:
    """The share of the squared change inside the quarter."""
    change = (image - seed).square().mean(dim=0)
    return float(change[quarter].sum() / change.sum().clamp(min=1e-12))


class Study:
    """The pairs, their seeds and what of them every setting is measured against."""

    def __init__(self, model: accentuation.VisionModel, side: int, base: accentuation.AccentuationConfig) -> None:
        self.model, self.base = model, base
        self.pairs = [(photograph(name, side), accentuation.parse_feature(text)) for name, text in PAIRS]
        self.before = [held_out(model, image, feature) for image, feature in self.pairs]
        self.quarters = [important_quarter(model, image, feature) for image, feature in self.pairs]
        self.free_gains: list[float] = [1.0] * len(self.pairs)
        free = self.run(replace(base, regularization=0.0))
        self.free_gains = [gain for gain, _, _ in free]
        self.free_pictures = [picture for _, _, picture in free]

    def run(self, config: accentuation.AccentuationConfig) -> list[tuple[float, float, Tensor]]:
        """Gain (as a share of the free one), locality and image of every pair."""
        found = []
        for place, (image, feature) in enumerate(self.pairs):
            made = accentuation.accentuate(self.model, image, feature, config, seed=SEED).image
            gain = (held_out(self.model, made, feature) - self.before[place]) / self.free_gains[place]
            found.append((gain, locality(made, image, self.quarters[place]), made))
        return found


def row(found: Sequence[tuple[float, float, Tensor]]) -> dict[str, float]:
    """The means over the pairs and the score."""
    gain, local = fmean(each[0] for each in found), fmean(each[1] for each in found)
    score = 2 * gain * local / (gain + local) if gain > 0 else 0.0
    return {"gain": round(gain, 3), "locality": round(local, 3), "score": round(score, 3)}


def picture(columns: Iterable[tuple[str, Sequence[Tensor]]]) -> Image.Image:
    """One column of labelled images for each setting, the pairs below each other."""
    columns = list(columns)
    rows = zip(*(images for _, images in columns), strict=True)
    labels = [label for label, _ in columns]
    return grid(
        [
            [
                Cell(accentuation.to_picture(image).resize((128, 128)), label if first else "")
                for label, image in zip(labels, images, strict=True)
            ]
            for first, images in ((number == 0, images) for number, images in enumerate(rows))
        ]
    )


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--model", default="efficientnet_lite0")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--layers", nargs="+")
    parser.add_argument("--side", type=int, default=224, help="of the photographs, in pixels")
    parser.add_argument("--steps", type=int, default=25)
    parser.add_argument("--crops", type=int, default=6)
    options = parser.parse_args()
    torch.set_num_threads(1)  # threads that wait for each other on a busy machine cost more than they bring
    model = accentuation.load_model(options.model, weights=options.weights)
    layers = options.layers or LAYERS[options.model]
    base = accentuation.AccentuationConfig(steps=options.steps, crops=options.crops, regularization_layer=layers[0])
    study = Study(model, options.side, base)
    seeds = ("seed", [image for image, _ in study.pairs])
    table: dict[str, dict[str, dict[str, float]]] = {}
    images: dict[tuple[str, float], list[Tensor]] = {}
    for layer in layers:
        for weight in LAMBDAS:
            found = study.run(replace(base, regularization_layer=layer, regularization=weight))
            table.setdefault(layer, {})[str(weight)] = row(found)
            images[layer, weight] = [each[2] for each in found]
            print(f"{layer:12} lambda {weight:<5} {row(found)}", flush=True)
    best = max(layers, key=lambda layer: table[layer]["1.0"]["score"])
    print(f"The best layer at lambda 1 is {best}.")

    crops: dict[str, dict[str, float]] = {}
    crop_images = [seeds]
    for smallest, largest in CROPS:
        config = replace(base, regularization_layer=best, crop_min=smallest, crop_max=largest)
        found = study.run(config)
        name = f"[{100 * smallest:.0f}, {100 * largest:.0f}]"
        crops[name] = row(found)
        crop_images.append((f"crops {name} %", [each[2] for each in found]))
        print(f"crops {name:10} {row(found)}", flush=True)

    docs, results = ROOT / "docs", ROOT / "benchmarks" / "results"
    results.mkdir(exist_ok=True)
    by_layer = [seeds, *((layer, images[layer, 1.0]) for layer in layers)]
    by_lambda = [seeds, ("lambda 0", study.free_pictures), *((f"lambda {w:g}", images[best, w]) for w in LAMBDAS)]
    for name, columns in (("layers", by_layer), ("lambdas", by_lambda), ("crops", crop_images)):
        picture(columns).save(docs / f"regularization-{name}.jpg", quality=85)
    summary = {
        "model": options.model,
        "steps": options.steps,
        "crops_per_step": options.crops,
        "side": options.side,
        "best_layer": best,
        "layers": table,
        "crop_ranges": crops,
    }
    (results / f"regularization-{options.model.replace('/', '-')}.json").write_text(
        json.dumps(summary, indent=1) + "\n"
    )
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
