"""Are accentuations processed as natural images are, and noise-seeded visualisations too?

``python -m benchmarks.circuits``; EfficientNet-Lite0, crops of the photographs that scikit-image, scikit-learn and
matplotlib carry. There are too few of them for features of our choice, so the features are those that most of them
excite: units whose activation is high in the best crops of several photographs. These crops are the natural images, one
from each photograph. The accentuations are the optimised images as they are, without mask: the blend that participants
see is nearer to the seed. It prints medians by layer with all features' pairs put together, writes docs/circuits.png,
and the last line is one JSON object. A quarter of an hour on two cores.
"""

import argparse
import json
import time
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

import accentuation
from accentuation import mean_magnitude, visualize
from accentuation.circuit_plot import circuit_plot
from accentuation.circuits import CircuitCorrelations, circuit_correlations, circuit_vectors, pooled
from stimuli.built_in import built_in_photographs

PLOT = Path(__file__).resolve().parent.parent / "docs" / "circuits.png"
# Taken through a telescope or a microscope, they show nothing that a network for everyday things knows.
STRANGE = ("hubble_deep_field.jpg", "ihc.png", "retina.jpg")
SIDE = 256
LAYERS = ("blocks.0.0", "blocks.1.1", "blocks.2.1", "blocks.3.2", "blocks.4.2", "blocks.5.3", "blocks.6.0")
# Where the features are, how many of each, and the layers before them.
FEATURES = {"logit": (2, LAYERS), "blocks.5.3": (2, LAYERS[:5])}
NATURAL = 6  # images of each feature
ACCENTUATIONS = 4  # of each feature, from the first of its natural images
VISUALIZATIONS = 3  # of each feature
KINDS = ("natural", "accentuation", "visualization")


def photographs() -> list[Tensor]:
    """For each photograph five crops ``(5, 3, SIDE, SIDE)`` in [0, 1]: its centre square, and quarters of that."""
    paths = [path for path in built_in_photographs() if path.name not in STRANGE]
    return [torch.stack(crops(Image.open(path).convert("RGB"))) for path in paths]


def crops(picture: Image.Image) -> list[Tensor]:
    """The centre square and its four quarters."""
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    half = side // 2
    boxes = [(left, top, side), *((left + x, top + y, half) for x in (0, half) for y in (0, half))]
    return [
        accentuation.to_tensor(
            picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS, box=(x, y, x + length, y + length))
        )
        for x, y, length in boxes
    ]


def exciting(activations: Tensor, count: int) -> list[tuple[int, list[tuple[int, int]]]]:
    """The units that most photographs excite, and the best crops for each: number of photograph and of crop.

    Args:
        activations: ``(photographs, crops, units)``.
        count: of units.
    """
    spread = activations.flatten(0, 1)
    best, places = ((activations - spread.mean(dim=0)) / spread.std(dim=0)).max(dim=1)  # (photographs, units)
    ordered, order = best.sort(dim=0, descending=True)
    units = ordered[NATURAL - 1].topk(count).indices.tolist()
    return [(unit, [(row, int(places[row, unit])) for row in order[:NATURAL, unit].tolist()]) for unit in units]


def correlations_of(
    model: accentuation.VisionModel,
    feature: accentuation.Feature,
    natural: Tensor,
    layers: tuple[str, ...],
    config: accentuation.AccentuationConfig,
) -> CircuitCorrelations:
    """Make the images for one feature and compare their circuits."""
    spectrum = mean_magnitude(natural)
    start = time.perf_counter()
    accentuated = [
        accentuation.accentuate(model, image, feature, config, seed=seed).image
        for seed, image in enumerate(natural[:ACCENTUATIONS])
    ]
    visualized = [visualize(model, feature, spectrum, config, seed=seed).image for seed in range(VISUALIZATIONS)]
    batches = dict(zip(KINDS, (natural, torch.stack(accentuated), torch.stack(visualized)), strict=True))
    levels = {kind: float(accentuation.measure(model, images, feature).mean()) for kind, images in batches.items()}
    print(
        f"{feature}: mean activation "
        + ", ".join(f"{kind} {level:.2f}" for kind, level in levels.items())
        + f" ({time.perf_counter() - start:.0f} s)",
        flush=True,
    )
    vectors = [circuit_vectors(model, images, feature, layers) for images in batches.values()]
    return circuit_correlations(vectors[0], vectors[1], list(range(ACCENTUATIONS)), vectors[2])


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--crops", type=int, default=8)
    options = parser.parse_args()
    config = accentuation.AccentuationConfig(steps=options.steps, crops=options.crops)
    model = accentuation.load_model("efficientnet_lite0")
    images = photographs()
    found = [accentuation.channel_activations(model, each, list(FEATURES)) for each in images]
    parts = []
    for place, (count, layers) in FEATURES.items():
        for unit, crop_places in exciting(torch.stack([each[place] for each in found]), count):
            text = f"logit={unit}" if place == "logit" else f"{place}:channel={unit}"
            natural = torch.stack([images[row][crop] for row, crop in crop_places])
            parts.append(correlations_of(model, accentuation.parse_feature(text), natural, layers, config))
    correlations = pooled(parts)
    circuit_plot(correlations).savefig(PLOT, dpi=80)
    medians = {
        kind: {layer: float(getattr(correlations, kind)[layer].quantile(0.5)) for layer in LAYERS} for kind in KINDS
    }
    for layer in LAYERS:
        print(f"{layer}: " + ", ".join(f"{kind} - natural {medians[kind][layer]:.2f}" for kind in KINDS))
    settings = {"steps": config.steps, "crops": config.crops, "features": len(parts)}
    print(json.dumps(settings | {f"{kind}_natural_median_r": medians[kind] for kind in KINDS}))


if __name__ == "__main__":
    main()
