"""Where should the distance to the seed be taken, and how strongly? The paper's Figures 3 and 4, with numbers.

``python -m benchmarks.regularization --judge DIR``, DIR being the folder that benchmarks/requirements.txt was installed
into; two hours on two cores. For every layer and every lambda, accentuations of some (photograph, class) pairs, and
of each blend, which is what people are shown:

- gain: the logit on 24 crops that no step has seen, blend minus seed;
- judged gain: the same crops in a second network, which was trained apart and had no part in the making. A change that
  it sees as well is in the image; one that it does not see is a quirk of the first network;
- change: 1 - SSIM between blend and seed.

More change brings more gain, whatever the layer, so layers are compared at one amount of change: each pair's points
(change, judged gain), over its lambdas, are joined by straight lines from the seed, which is (0, 0), to the
accentuation without regularisation, and read where the change is the median of that pair's at lambda 1. The best layer
is the one with the highest mean over the pairs. Each layer's distance to it has a standard error over the photographs
(pairs of one photograph are averaged first), and the layer to take is the deepest that is not more than one standard
error below the best (the rule of Breiman et al. 1984 for choosing among models that a measurement hardly tells apart:
the paper gives reasons for depth, none for shallowness). The rule was written down before the twelve pairs were run.

``--model`` takes any network for ImageNet whose weights are to be had, ``--layers`` its layers from shallow to deep.
``--kept DIR`` keeps what each setting made, so that a run that was stopped goes on where it was.
Writes docs/regularization-layers.jpg, -lambdas.jpg, -crops.jpg, and the numbers to
benchmarks/results/regularization-MODEL.json, whose content is the last line as well.
"""

import argparse
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean, median

import numpy as np
import torch
from PIL import Image
from skimage.metrics import structural_similarity
from torch import Tensor

import accentuation
from accentuation.grid import Cell, grid
from benchmarks.judge import load_judge
from benchmarks.photographs import photograph
from stimuli.code_version import sha256_of_files

ROOT = Path(__file__).resolve().parent.parent
LAYERS = {"efficientnet_lite0": ("input", "blocks.1.1", "blocks.2.1", "blocks.3.2", "blocks.4.2", "blocks.5.3")}
# Egyptian cat, espresso, shuttle, moped; lynx, coffee mug, missile, crash helmet; tripod, wall clock, palace, daisy:
# of each photograph the class that the network names or the right one, and of four a second that is among its first.
PAIRS = (
    *(("chelsea", 285), ("coffee", 967), ("rocket", 812), ("motorcycle", 665)),
    *(("chelsea", 287), ("coffee", 504), ("rocket", 657), ("motorcycle", 518)),
    *(("camera", 872), ("clock", 892), ("china", 698), ("flower", 985)),
)
PICTURED = 4  # pairs in the panels of the documents
LAMBDAS = (0.5, 1.0, 2.0)
CROPS = ((0.05, 0.2), (0.05, 0.99), (0.5, 0.99))
HELD_OUT = 24
SEED = 1


@dataclass(frozen=True)
class Made:
    """One accentuation and what it came to."""

    blend: Tensor  # (3, H, W) in [0, 1]
    gain: float  # logits
    judged_gain: float  # logits
    change: float  # 1 - SSIM


def held_out(model: accentuation.VisionModel, image: Tensor, class_index: int) -> float:
    """The logit on crops that no optimisation has seen, the same for every network."""
    feature = accentuation.Logit(class_index)
    return float(accentuation.measure_on_crops(model, image[None], feature, crops=HELD_OUT, seed=987_654))


def dissimilarity(image: Tensor, seed: Tensor) -> float:
    """1 - SSIM (Wang et al. 2004) of two images ``(3, H, W)`` in [0, 1]."""
    return 1 - float(structural_similarity(image.numpy(), seed.numpy(), channel_axis=0, data_range=1.0))


class Study:
    """The pairs, the networks that make and judge, and the folder that keeps what was made, if there is one."""

    def __init__(
        self, model: accentuation.VisionModel, judge: accentuation.VisionModel, side: int, kept: Path | None = None
    ) -> None:
        self.model, self.judge, self.side, self.kept = model, judge, side, kept
        self.pairs = [(photograph(name, side), class_index) for name, class_index in PAIRS]
        self.before = [
            (held_out(model, image, index), held_out(judge, image, index)) for image, index in self.pairs
        ]  # fmt: skip

    def run(self, config: accentuation.AccentuationConfig) -> list[Made]:
        """One accentuation of every pair, made now or in an earlier run of the same code, networks and settings."""
        if self.kept is None:
            return self._make(config)
        code = sha256_of_files(Path(accentuation.__file__).parent.glob("*.py"))
        setting = (code, self.model.name, self.model.weights_sha256, self.judge.name, self.side, PAIRS, SEED, config)
        path = self.kept / f"{hashlib.sha256(repr(setting).encode()).hexdigest()[:16]}.pt"
        if not path.exists():
            self.kept.mkdir(parents=True, exist_ok=True)
            torch.save([asdict(made) for made in self._make(config)], path)
        return [Made(**made) for made in torch.load(path, weights_only=True)]

    def _make(self, config: accentuation.AccentuationConfig) -> list[Made]:
        found = []
        for (image, index), (own, judged) in zip(self.pairs, self.before, strict=True):
            feature = accentuation.Logit(index)
            blend = accentuation.accentuate(self.model, image, feature, config, seed=SEED).blend
            found.append(
                Made(
                    blend,
                    held_out(self.model, blend, index) - own,
                    held_out(self.judge, blend, index) - judged,
                    dissimilarity(blend, image),
                )
            )
        return found


def row(found: Sequence[Made]) -> dict[str, list[float]]:
    """The figures, pair by pair."""
    names = ("gain", "judged_gain", "change")
    return {name: [round(getattr(made, name), 3) for made in found] for name in names}


def at_equal_change(
    by_layer: dict[str, dict[float, list[Made]]], free: Sequence[Made]
) -> tuple[list[float], dict[str, list[float]]]:
    """The change at which each pair is read, and the judged gain there: by layer, pair by pair."""
    changes = [median(runs[1.0][pair].change for runs in by_layer.values()) for pair in range(len(free))]
    read: dict[str, list[float]] = {layer: [] for layer in by_layer}
    for layer, runs in by_layer.items():
        for pair, change in enumerate(changes):
            points = sorted(
                [(0.0, 0.0), *((made[pair].change, made[pair].judged_gain) for made in [*runs.values(), free])]
            )
            read[layer].append(round(float(np.interp(change, *zip(*points, strict=True))), 3))
    return changes, read


def best_layer(read: dict[str, list[float]]) -> str:
    """The layer with the highest mean over the pairs."""
    return max(read, key=lambda layer: fmean(read[layer]))


def behind_the_best(read: dict[str, list[float]]) -> dict[str, tuple[float, float]]:
    """How far each layer is below the best: mean over the photographs and its standard error, in logits."""
    best = np.array(read[best_layer(read)])
    names = np.array([name for name, _ in PAIRS])
    found = {}
    for layer, gains in read.items():
        behind = best - np.array(gains)
        each = np.array([behind[names == name].mean() for name in dict.fromkeys(names)])
        found[layer] = (round(float(each.mean()), 3), round(float(each.std(ddof=1) / np.sqrt(each.size)), 3))
    return found


def layer_to_take(behind: dict[str, tuple[float, float]]) -> str:
    """The deepest layer that is not more than one standard error below the best; layers come from shallow to deep."""
    return [layer for layer, (mean, error) in behind.items() if mean <= error][-1]


def picture(columns: Iterable[tuple[str, Sequence[Tensor]]]) -> Image.Image:
    """One column of labelled images for each setting, the pairs below each other."""
    columns = list(columns)
    rows = zip(*(images for _, images in columns), strict=True)
    labels = [label for label, _ in columns]
    return grid(
        [
            [
                Cell(accentuation.to_picture(image).resize((160, 160)), label if first else "")
                for label, image in zip(labels, images, strict=True)
            ]
            for first, images in ((number == 0, images) for number, images in enumerate(rows))
        ]
    )


def report(name: str, found: Sequence[Made]) -> None:
    """One line with the means over the pairs."""
    means = {key: round(fmean(values), 3) for key, values in row(found).items()}
    print(f"{name:26} {means}", flush=True)


def sweep(
    study: Study, base: accentuation.AccentuationConfig, layers: Sequence[str]
) -> dict[str, dict[float, list[Made]]]:
    """Every layer with every lambda."""
    by_layer: dict[str, dict[float, list[Made]]] = {}
    for layer in layers:
        for weight in LAMBDAS:
            found = study.run(replace(base, regularization_layer=layer, regularization=weight))
            by_layer.setdefault(layer, {})[weight] = found
            report(f"{layer}, lambda {weight:g}", found)
    return by_layer


def crop_ranges(study: Study, base: accentuation.AccentuationConfig) -> dict[str, list[Made]]:
    """Small crops, all crops, large crops."""
    found: dict[str, list[Made]] = {}
    for smallest, largest in CROPS:
        name = f"crops {100 * smallest:.0f} to {100 * largest:.0f} %"
        found[name] = study.run(replace(base, crop_min=smallest, crop_max=largest))
        report(name, found[name])
    return found


def draw(study: Study, name: str, columns: dict[str, list[Made]]) -> None:
    """Write one panel of the documents: the seeds, then a column for each setting."""
    seeds = ("seed", [image for image, _ in study.pairs[:PICTURED]])
    images = [(label, [made.blend for made in found[:PICTURED]]) for label, found in columns.items()]
    picture([seeds, *images]).save(ROOT / "docs" / f"regularization-{name}.jpg", quality=85)


def parse_options() -> argparse.Namespace:
    """What the command line asks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--judge", type=Path, required=True, help="folder that holds the second network")
    parser.add_argument("--model", default="efficientnet_lite0")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--layers", nargs="+")
    parser.add_argument("--side", type=int, default=224, help="of the photographs, in pixels")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--crops", type=int, default=8)
    parser.add_argument("--kept", type=Path, help="folder that keeps what each setting made")
    return parser.parse_args()


def main() -> None:
    """Measure, print and draw."""
    options = parse_options()
    model = accentuation.load_model(options.model, weights=options.weights)
    layers = options.layers or LAYERS[options.model]
    study = Study(model, load_judge(options.judge), options.side, options.kept)
    base = accentuation.AccentuationConfig(steps=options.steps, crops=options.crops, regularization_layer=layers[0])
    free = study.run(replace(base, regularization=0.0))
    report("lambda 0", free)
    by_layer = sweep(study, base, layers)
    changes, read = at_equal_change(by_layer, free)
    best = best_layer(read)
    behind = behind_the_best(read)
    taken = layer_to_take(behind)
    for layer, gains in read.items():
        print(f"{layer:12} judged gain at equal change: {fmean(gains):.3f} {gains}, behind the best {behind[layer]}")
    print(f"The best layer is {best}; the layer to take is {taken}.")
    crops = crop_ranges(study, replace(base, regularization_layer=taken))
    draw(study, "layers", {layer: runs[1.0] for layer, runs in by_layer.items()})
    draw(study, "lambdas", {"lambda 0": free, **{f"lambda {weight:g}": by_layer[taken][weight] for weight in LAMBDAS}})
    draw(study, "crops", crops)
    summary = {
        "model": options.model,
        "judge": study.judge.name,
        "steps": options.steps,
        "crops_per_step": options.crops,
        "side": options.side,
        "pairs": PAIRS,
        "best_layer": best,
        "layer_to_take": taken,
        "behind_the_best": behind,
        "read_at_change": [round(change, 4) for change in changes],
        "judged_gain_at_equal_change": read,
        "lambda_0": row(free),
        "layers": {
            layer: {f"{weight:g}": row(found) for weight, found in runs.items()} for layer, runs in by_layer.items()
        },
        "crop_ranges": {name: row(found) for name, found in crops.items()},
    }
    path = ROOT / "benchmarks" / "results" / f"regularization-{options.model.replace('/', '-')}.json"
    path.write_text(json.dumps(summary, indent=1) + "\n")
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
