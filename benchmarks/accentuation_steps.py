"""Seconds per step: this project's, other libraries', and three floors.

- floor: one forward and one backward pass of 16 crops through the network as it comes, and the seed's forward pass to
  the layer of the distance. It is the floor of somebody who takes the network as it is.
- folded floor: the same passes through the copy with folded batch normalisation, on inputs in channels-last order.
- own passes: that again with the distance's gradient, which one backward pass cannot give together with the feature's.
  What a step costs beyond this is not the network.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor

import accentuation
from accentuation.folding import folded_copy
from accentuation.reading import LOGIT, read_layers
from accentuation.regularization import latent_distances
from benchmarks.accentuation_task import (
    CROPS,
    FEATURE,
    LAYERS,
    SEED,
    interleaved,
    random_inputs,
    rounded,
    run_ours,
    run_unfolded,
    task_for,
)
from benchmarks.peers import NAMES, Run
from benchmarks.photographs import photograph

# The first step that is timed is the third: in the second the two gradients are balanced, once for a whole run, which
# the peers do before their first step. The last one is not timed, because ours makes the mask and the blend in it.
UNTIMED = 2


def step_seconds(run: Run, model: accentuation.VisionModel, image: Tensor, steps: int) -> float:
    """One step, between the ends of two of them, so that preparation does not count."""
    ends: list[float] = []
    torch.manual_seed(SEED)  # of the peers, which take the global one
    run(task_for(model, image, FEATURE, UNTIMED + steps + 1), lambda: ends.append(time.perf_counter()))
    return (ends[UNTIMED - 1 + steps] - ends[UNTIMED - 1]) / steps


def floor_seconds(model: accentuation.VisionModel, inputs: Tensor, seed_inputs: Tensor) -> float:
    """One forward and one backward pass, and the seed's forward pass."""
    start = time.perf_counter()
    with torch.no_grad():
        read_layers(model, seed_inputs, [LAYERS[model.name]])
    inputs = inputs.clone().requires_grad_()
    model.module(model.normalize(inputs))[:, FEATURE.index].mean().backward()
    return time.perf_counter() - start


def own_passes_seconds(model: accentuation.VisionModel, inputs: Tensor, seed_inputs: Tensor) -> float:
    """The same with the gradient of the distance as well."""
    layer = LAYERS[model.name]
    start = time.perf_counter()
    with torch.no_grad():
        seed_latents = read_layers(model, seed_inputs, [layer])[layer]
    inputs = inputs.clone().requires_grad_()
    outputs = read_layers(model, inputs, [LOGIT, layer])
    torch.autograd.grad(outputs[LOGIT][:, FEATURE.index].mean(), inputs, retain_graph=True)
    torch.autograd.grad(latent_distances(outputs[layer], seed_latents).mean(), inputs)
    return time.perf_counter() - start


def floors(model: accentuation.VisionModel) -> dict[str, Callable[[], float]]:
    """The three, by name."""
    fast = folded_copy(model, [LOGIT, LAYERS[model.name]])
    plain = [random_inputs(model, CROPS, seed) for seed in (SEED, SEED + 1)]
    last = [inputs.contiguous(memory_format=torch.channels_last) for inputs in plain]
    return {
        "floor": partial(floor_seconds, model, *plain),
        "folded_floor": partial(floor_seconds, fast, *last),
        "own_passes": partial(own_passes_seconds, fast, *last),
    }


def measure(options: argparse.Namespace, peers: dict[str, Run]) -> Iterator[dict[str, Any]]:
    """Medians and ratios; a ratio is null where the peer is not there."""
    model = accentuation.load_model("efficientnet_lite0")
    image = photograph("chelsea", options.image_side)
    runs: dict[str, Run] = {"ours": run_ours, **peers, "unfolded": run_unfolded}
    ways = floors(model)
    least = list(ways)
    ways |= {name: partial(step_seconds, run, model, image, options.steps) for name, run in runs.items()}
    measured = interleaved(ways, options.rounds)
    medians = {name: statistics.median(figures) for name, figures in measured.items()}
    ours = medians["ours"]
    for name, figures in measured.items():
        times = f"{medians[name] / ours:.2f} times ours"
        print(f"{name}: {medians[name]:.3f} s ({min(figures):.3f} to {max(figures):.3f}), {times}", flush=True)
    slower = (*NAMES, "unfolded")
    yield {
        "ours_s_per_step": round(ours, 4),
        **{f"{name}_ratio": round(medians[name] / ours, 3) if name in medians else None for name in slower},
        **{f"{name}_s": round(medians[name], 4) for name in least},
        **{f"{name}_ratio": round(ours / medians[name], 3) for name in least},
        "steps_timed": options.steps,
        "rounds_s": {name: rounded(figures) for name, figures in measured.items()},
    }
