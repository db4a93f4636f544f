"""Seconds per step of an accentuation, against the least that a step must do.

``python -m benchmarks.accentuation``; EfficientNet-Lite0, a 512 x 512 photograph, 16 crops. The floor is one forward
and backward pass of 16 inputs through the network as it comes, and the seed's forward pass to the regularisation layer.
The same step without folded batch normalisation is measured beside it. All are measured in turn, several times, in one
process; medians are printed. The last line is one JSON object.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from unittest import mock

import torch
from PIL import Image

import accentuation
from accentuation.reading import read_layers

FEATURE = accentuation.parse_feature("logit=285")
CROPS = 16
STEPS = 3
ROUNDS = 4


def photograph() -> torch.Tensor:
    """Scikit-image's cat: ``(3, 512, 512)`` in [0, 1]."""
    spec = find_spec("skimage")
    assert spec is not None
    assert spec.origin is not None
    picture = Image.open(Path(spec.origin).parent / "data" / "chelsea.png").convert("RGB")
    return accentuation.to_tensor(picture.resize((512, 512), box=(100, 0, 400, 300)))


def step_seconds(model: accentuation.VisionModel, image: torch.Tensor) -> float:
    """One step, timed between the ends of the first and the last of some, so that preparation does not count."""
    ends: list[float] = []
    config = accentuation.AccentuationConfig(steps=STEPS + 1, crops=CROPS)
    accentuation.accentuate(
        model, image, FEATURE, config, seed=0, on_step=lambda _step: ends.append(time.perf_counter())
    )
    return (ends[-1] - ends[0]) / STEPS


def unfolded_step_seconds(model: accentuation.VisionModel, image: torch.Tensor) -> float:
    """The same step on the network as it comes."""
    # The package exports a function of the same name as the module.
    module = sys.modules["accentuation.accentuate"]
    with mock.patch.object(module, "folded_copy", lambda model, layers: model):
        return step_seconds(model, image)


def floor_seconds(model: accentuation.VisionModel, inputs: torch.Tensor) -> float:
    """What no step can do without."""
    assert model.regularization_layer is not None
    start = time.perf_counter()
    with torch.no_grad():
        read_layers(model, inputs, [model.regularization_layer])
    inputs = inputs.clone().requires_grad_()
    model.module(model.normalize(inputs))[:, FEATURE.index].mean().backward()
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    model = accentuation.load_model("efficientnet_lite0")
    image = photograph()
    inputs = torch.rand(CROPS, 3, model.input_size, model.input_size, generator=torch.Generator().manual_seed(0))
    ways: dict[str, Callable[[], float]] = {
        "ours": lambda: step_seconds(model, image),
        "unfolded": lambda: unfolded_step_seconds(model, image),
        "floor": lambda: floor_seconds(model, inputs),
    }
    for way in ways.values():
        way()  # warm
    measured: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            measured[name].append(way())
    medians = {name: statistics.median(seconds) for name, seconds in measured.items()}
    for name, seconds in measured.items():
        print(f"{name}: {medians[name]:.2f} s per step ({min(seconds):.2f} to {max(seconds):.2f})")
    print(
        json.dumps(
            {
                "threads": torch.get_num_threads(),
                "ours_s_per_step": medians["ours"],
                "floor_s_per_step": medians["floor"],
                "floor_ratio": medians["ours"] / medians["floor"],
                "unfolded_ratio": medians["unfolded"] / medians["ours"],
            }
        )
    )


if __name__ == "__main__":
    main()
