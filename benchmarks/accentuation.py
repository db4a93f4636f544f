"""How fast are accentuations, against the least that a step must do and against other libraries?

``python -m benchmarks.accentuation``: EfficientNet-Lite0, a 512 x 512 photograph, 16 crops, on the CPU. The floor is
one forward and backward pass of 16 inputs through the network as it comes, and the seed's forward pass to the
regularisation layer. The same step without folded batch normalisation is measured beside it, and so are the libraries
in the folder of ``--peers``; benchmarks/peers says how to fill it. All are measured in turn, several times, in one
process; medians are printed. What each has gained after the same number of steps says whether speed was bought with
quality. The last line is one JSON object.

``python -m benchmarks.accentuation --device cuda``: many stimuli, in every precision, against the network's
own forward and backward passes and against faccent. Needs no network: where the weights of ResNet-50 are not there,
they are random, which changes no time. Writes benchmarks/results/accentuation-DEVICE.json.
"""

import argparse
import json
import re
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import torch
import torchvision
from torch import Tensor

import accentuation
from accentuation.config import Precision
from accentuation.reading import read_layers
from benchmarks.peers import Run, Task, load_peers
from benchmarks.photographs import FILES, photograph

RESULTS = Path(__file__).resolve().parent / "results"
CROPS = 16
FEATURE = accentuation.Logit(285)
# A class and a channel inside, for what is gained.
GAIN_FEATURES = ("logit=285", "blocks.4.2:channel=29")
HELD_OUT = 24
SEED = 0

PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")
# Where the distance is taken; both layers have 28 x 28 positions.
LAYERS = {"resnet50": "layer2.3", "efficientnet_lite0": "blocks.2.1"}


def run_ours(task: Task, on_step: Callable[[], None]) -> Tensor:
    """The image that this project makes."""
    config = accentuation.AccentuationConfig(steps=task.steps, crops=task.crops, regularization_layer=task.layer)
    made = accentuation.accentuate(
        task.model, task.image, task.feature, config, seed=SEED, on_step=lambda _step: on_step()
    )
    return made.image


def run_unfolded(task: Task, on_step: Callable[[], None]) -> Tensor:
    """The same on the network as it comes."""
    # The package exports a function of the same name as the module.
    module = sys.modules["accentuation.accentuate"]
    with mock.patch.object(module, "folded_copy", lambda model, layers: model):
        return run_ours(task, on_step)


def task_for(model: accentuation.VisionModel, image: Tensor, feature: accentuation.Feature, steps: int) -> Task:
    """An accentuation with the settings of this benchmark."""
    assert isinstance(feature, accentuation.Logit | accentuation.Channel)
    return Task(model, image, feature, LAYERS[model.name], steps, CROPS)


def step_seconds(run: Run, model: accentuation.VisionModel, image: Tensor, steps: int) -> float:
    """One step, timed between the ends of the first and the last of some, so that preparation does not count."""
    ends: list[float] = []
    torch.manual_seed(SEED)
    run(task_for(model, image, FEATURE, steps + 1), lambda: ends.append(time.perf_counter()))
    return (ends[-1] - ends[0]) / steps


def floor_seconds(model: accentuation.VisionModel, inputs: Tensor) -> float:
    """What no step can do without."""
    start = time.perf_counter()
    with torch.no_grad():
        read_layers(model, inputs, [LAYERS[model.name]])
    inputs = inputs.clone().requires_grad_()
    model.module(model.normalize(inputs))[:, FEATURE.index].mean().backward()
    return time.perf_counter() - start


def random_inputs(model: accentuation.VisionModel, count: int) -> Tensor:
    """Inputs of the network's size, on its device."""
    size, generator = model.input_size, torch.Generator().manual_seed(SEED)
    return torch.rand(count, 3, size, size, generator=generator).to(model.device)


def interleaved(ways: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """The figures of each way, taken in turn so that what else the machine does hits all alike."""
    for way in ways.values():
        way()  # warm
    measured: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            measured[name].append(way())
    return measured


def held_out(model: accentuation.VisionModel, image: Tensor, feature: accentuation.Feature) -> float:
    """The feature on crops that no run has seen, cut by plain slices, which are nobody's own way."""
    generator = torch.Generator().manual_seed(987_654)
    crops = []
    for share, top, left in torch.rand(HELD_OUT, 3, generator=generator).tolist():
        height, width = image.shape[1:]
        side = round((0.05 + 0.94 * share) * min(height, width))
        top, left = round(top * (height - side)), round(left * (width - side))
        crops.append(model.resize(image[None, :, top : top + side, left : left + side]))
    return float(accentuation.measure(model, torch.cat(crops), feature).mean())


def gains(runs: dict[str, Run], model: accentuation.VisionModel, image: Tensor, steps: int) -> dict[str, Any]:
    """By feature and name: what the feature rose on held-out crops."""
    found: dict[str, Any] = {}
    for text in GAIN_FEATURES:
        feature = accentuation.parse_feature(text)
        before = held_out(model, image, feature)
        found[text] = {"seed": round(before, 3)}
        for name, run in runs.items():
            torch.manual_seed(SEED)  # of the peers, which take the global one
            made = run(task_for(model, image, feature, steps), lambda: None)
            found[text][name] = round(held_out(model, made, feature) - before, 3)
        print(f"{text} on {HELD_OUT} held-out crops, {steps} steps: {found[text]}", flush=True)
    return found


def measure_steps(options: argparse.Namespace, peers: dict[str, Run]) -> None:
    """Seconds per step of ours, of the peers and of the floor, and what the steps gained."""
    model = accentuation.load_model("efficientnet_lite0")
    image = photograph("chelsea", options.image_side)
    inputs = random_inputs(model, CROPS)
    steps = options.steps or 3
    runs: dict[str, Run] = {"ours": run_ours, **peers}
    timed = {**runs, "unfolded": run_unfolded}
    ways: dict[str, Callable[[], float]] = {"floor": lambda: floor_seconds(model, inputs)}
    ways |= {name: partial(step_seconds, run, model, image, steps) for name, run in timed.items()}
    measured = interleaved(ways, options.rounds)
    medians = {name: statistics.median(seconds) for name, seconds in measured.items()}
    for name, seconds in measured.items():
        times = f"{medians[name] / medians['ours']:.2f} times ours"
        print(f"{name}: {medians[name]:.2f} s per step ({min(seconds):.2f} to {max(seconds):.2f}), {times}", flush=True)
    summary = {
        "device": "cpu",
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "ours_s_per_step": medians["ours"],
        "floor_s_per_step": medians["floor"],
        "floor_ratio": medians["ours"] / medians["floor"],
        **{f"{name}_ratio": medians[name] / medians["ours"] for name in (*peers, "unfolded")},
        "gains": gains(runs, model, image, options.gain_steps),
    }
    print(json.dumps(summary))


def throughput_model(name: str, device: torch.device) -> tuple[accentuation.VisionModel, str]:
    """A network and what its weights are."""
    default = torchvision.models.ResNet50_Weights.DEFAULT
    file = Path(torch.hub.get_dir()) / "checkpoints" / Path(default.url).name
    if name != "resnet50" or file.exists():
        return accentuation.load_model(name, device=device), "trained"
    torch.manual_seed(SEED)
    module = torchvision.models.resnet50(weights=None).eval().requires_grad_(False).to(device)
    facts = default.transforms()
    model = accentuation.VisionModel(name, module, facts.crop_size[0], tuple(facts.mean), tuple(facts.std))
    return model, "random, for speed only"


def synchronize(device: torch.device) -> None:
    """Wait for what the GPU still does."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def seconds(action: Callable[[], object], device: torch.device) -> float:
    """How long an action takes, with all that it starts on the GPU."""
    synchronize(device)
    start = time.perf_counter()
    action()
    synchronize(device)
    return time.perf_counter() - start


def own_rate(model: accentuation.VisionModel, precision: Precision) -> float:
    """Inputs per second of the network's own forward and backward pass, as it comes.

    Of the two orders in memory the faster counts.
    """
    device = model.device
    # The crops of one image keep a CPU busy, a GPU wants those of some.
    inputs = random_inputs(model, CROPS if device.type == "cpu" else 16 * CROPS)
    bfloat16 = torch.autocast(device.type, torch.bfloat16) if precision == "bfloat16" else nullcontext()

    def once(order: torch.memory_format) -> None:
        leaf = inputs.clone(memory_format=order).requires_grad_()
        with bfloat16:
            logits = model.module(model.normalize(leaf))
        logits[:, FEATURE.index].mean().backward()

    best = float("inf")
    for order in (torch.contiguous_format, torch.channels_last):
        once(order)  # warm
        best = min(best, *(seconds(partial(once, order), device) for _ in range(3)))
    return len(inputs) / best


def batch_seconds(
    model: accentuation.VisionModel, images: Sequence[Tensor], config: accentuation.AccentuationConfig
) -> float:
    """Ours for all images, as many at once as fit, preparation included."""
    jobs = [accentuation.Job(image, FEATURE, seed) for seed, image in enumerate(images)]
    return seconds(lambda: list(accentuation.accentuate_many(model, jobs, config)), model.device)


def faccent_seconds(faccent: Run, model: accentuation.VisionModel, image: Tensor, steps: int) -> float:
    """One image by faccent, which makes one at a time."""
    image = image.to(model.device)
    faccent(task_for(model, image, FEATURE, 2), lambda: None)  # warm
    return seconds(lambda: faccent(task_for(model, image, FEATURE, steps), lambda: None), model.device)


def measure_options(
    model: accentuation.VisionModel, images: Sequence[Tensor], config: accentuation.AccentuationConfig, rate: float
) -> dict[str, float]:
    """Ours with some options, and as a share of the rate of the network's own passes."""
    # Few steps: the kernels are chosen.
    warming = batch_seconds(model, images, replace(config, steps=2))
    each = batch_seconds(model, images, config) / len(images)
    share = config.crops * config.steps / each / rate
    return {"s_per_stimulus": each, "share_of_own_rate": share, "warming_s": warming}


def measure_model(
    model: accentuation.VisionModel, images: Sequence[Tensor], steps: int, faccent: Run | None
) -> dict[str, Any]:
    """Seconds per stimulus of one network, of ours by options and of faccent."""
    rates = {precision: own_rate(model, precision) for precision in PRECISIONS}
    found: dict[str, Any] = {"own_inputs_per_s": rates, "ours": {}}
    if faccent is not None:
        found["faccent_s_per_stimulus"] = faccent_seconds(faccent, model, images[0], steps)
    print(f"{model.name}: {found}", flush=True)
    base = accentuation.AccentuationConfig(steps=steps, crops=CROPS, regularization_layer=LAYERS[model.name])
    for precision in PRECISIONS:
        config = replace(base, precision=precision)
        row = measure_options(model, images, config, rates[precision])
        if faccent is not None:
            row["faccent_ratio"] = found["faccent_s_per_stimulus"] / row["s_per_stimulus"]
        found["ours"][precision] = row
        rounded = {key: round(value, 3) for key, value in row.items()}
        print(f"{model.name}: ours, {precision}: {rounded}", flush=True)
    return found


def measure_throughput(options: argparse.Namespace, peers: dict[str, Run]) -> None:
    """Seconds per stimulus of many, on one device."""
    device = torch.device(options.device)
    device_name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    steps, side = options.steps or 100, options.image_side
    photographs = [photograph(name, side) for name in FILES]
    images = [photographs[number % len(photographs)] for number in range(options.stimuli)]
    print(f"{device_name}: {len(images)} stimuli of {side} x {side}, {steps} steps of {CROPS} crops", flush=True)
    summary: dict[str, Any] = {
        "device": device_name,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "stimuli": len(images),
        "image_side": side,
        "steps": steps,
        "crops_per_step": CROPS,
        "models": {},
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"accentuation-{re.sub('[^a-z0-9]+', '-', device_name.lower())}.json"
    for name in options.models:
        model, weights = throughput_model(name, device)
        print(f"{model.name}, weights: {weights}", flush=True)
        found = measure_model(model, images, steps, peers.get("faccent"))
        summary["models"][model.name] = {"weights": weights, **found}
        # After each network, so that what was measured stays where the time runs out.
        path.write_text(json.dumps(summary, indent=1) + "\n")
    print(json.dumps(summary))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--peers", type=Path, help="folder of other libraries")
    parser.add_argument("--device", help="measure many stimuli on this device instead of single steps")
    parser.add_argument("--steps", type=int, help="that are timed; 3, with --device 100")
    parser.add_argument("--rounds", type=int, default=4, help="of single steps")
    parser.add_argument("--gain-steps", type=int, default=12, help="after which the gain is measured")
    parser.add_argument("--stimuli", type=int, default=64, help="with --device")
    parser.add_argument("--models", nargs="+", choices=LAYERS, default=list(LAYERS), help="with --device")
    parser.add_argument("--image-side", type=int, default=512, help="in pixels")
    options = parser.parse_args()
    peers = load_peers(options.peers)
    measure = measure_throughput if options.device else measure_steps
    measure(options, peers)


if __name__ == "__main__":
    main()
