"""Does ``torch.compile`` pay? The network's passes of one step (with the folded copy, channels last), as the engine
makes them, and compiled in each mode that the device has; on a GPU ``reduce-overhead`` is CUDA graphs.

Compiled are the part of the network up to the layer of the distance and the part behind it, each of its own: compiled
in one piece, the backward pass of the distance would run through the deep part as well. Shapes are fixed.

A first call compiles: with an empty cache (cold), and as every later process on the machine does it, with the cache on
disk (warm). ``share_of_100_steps`` is what 100 steps take with a cold compilation, as a share of what they take without
any: below 0.9 it pays.
"""

import argparse
import os
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any
from unittest import mock

import torch
import torch._functorch.config
from torch import Tensor, nn

import accentuation
from accentuation.config import Precision
from accentuation.folding import folded_copy
from accentuation.reading import LOGIT, read_layers
from accentuation.regularization import latent_distances
from benchmarks.accentuation_task import CROPS, FEATURE, LAYERS, SEED, interleaved, network, random_inputs, seconds
from benchmarks.peers import Run

STEPS = 100  # of a run, over which the compilation is spread
MODES = {"cpu": ("default",), "cuda": ("default", "reduce-overhead")}
PRECISIONS: dict[str, tuple[Precision, ...]] = {"cpu": ("float32",), "cuda": ("float32", "bfloat16")}

# Takes crops of the seed and of the image; gives the gradients of feature and distance on the latter.
Passes = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def halves(model: accentuation.VisionModel) -> tuple[nn.Module, nn.Module]:
    """The network up to the layer of the distance, and from there to the logits."""
    whole: Any = model.module
    if model.name == "resnet50":
        front = (whole.conv1, whole.bn1, whole.relu, whole.maxpool, whole.layer1, whole.layer2)
        return nn.Sequential(*front), nn.Sequential(whole.layer3, whole.layer4, whole.avgpool, nn.Flatten(), whole.fc)
    front = (whole.conv_stem, whole.bn1, *whole.blocks[:2])
    back = (*whole.blocks[2:], whole.conv_head, whole.bn2, whole.global_pool, whole.classifier)
    return nn.Sequential(*front), nn.Sequential(*back)


def gradients(inputs: Tensor, latents: Tensor, logits: Tensor, seed_latents: Tensor) -> tuple[Tensor, Tensor]:
    """Of feature and distance."""
    activation = logits[:, FEATURE.index].float().mean()
    (feature,) = torch.autograd.grad(activation, inputs, retain_graph=True)
    (distance,) = torch.autograd.grad(latent_distances(latents.float(), seed_latents.float()).mean(), inputs)
    return feature, distance


def engine_passes(
    model: accentuation.VisionModel, cast: AbstractContextManager[object], seed_inputs: Tensor, inputs: Tensor
) -> tuple[Tensor, Tensor]:
    """As the engine makes them."""
    layer = LAYERS[model.name]
    inputs = inputs.clone().requires_grad_()
    with cast:
        with torch.no_grad():
            seed_latents = read_layers(model, seed_inputs, [layer])[layer]
        outputs = read_layers(model, inputs, [LOGIT, layer])
    return gradients(inputs, outputs[layer], outputs[LOGIT], seed_latents)


def compiled_passes(model: accentuation.VisionModel, cast: AbstractContextManager[object], mode: str) -> Passes:
    """The same by two compiled halves; the first call compiles."""
    front, back = (torch.compile(half, dynamic=False, mode=mode) for half in halves(model))

    def passes(seed_inputs: Tensor, inputs: Tensor) -> tuple[Tensor, Tensor]:
        torch.compiler.cudagraph_mark_step_begin()
        inputs = inputs.clone().requires_grad_()
        with cast:
            with torch.no_grad():
                seed_latents = front(model.normalize(seed_inputs)).clone()  # the next call may write over it
            latents = front(model.normalize(inputs))
            logits = back(latents)
        return gradients(inputs, latents, logits, seed_latents)

    return passes


def difference(found: tuple[Tensor, Tensor], expected: tuple[Tensor, Tensor]) -> float:
    """The largest of both gradients, relative to the largest value of each."""
    pairs = zip(found, expected, strict=True)
    return max(float((one - other).abs().max() / other.abs().max()) for one, other in pairs)


def measure_mode(
    model: accentuation.VisionModel, precision: Precision, mode: str, inputs: list[Tensor], rounds: int
) -> dict[str, Any]:
    """One mode against the engine's way."""
    device = model.device
    cast = torch.autocast(device.type, torch.bfloat16) if precision == "bfloat16" else nullcontext()
    first_calls = []
    with tempfile.TemporaryDirectory() as cache, mock.patch.dict(os.environ, TORCHINDUCTOR_CACHE_DIR=cache):
        for _ in range(2):
            torch.compiler.reset()
            passes = compiled_passes(model, cast, mode)
            first_calls.append(seconds(partial(passes, *inputs), device))
        ways = {
            "engine": lambda: seconds(partial(engine_passes, model, cast, *inputs), device),
            "compiled": lambda: seconds(partial(passes, *inputs), device),
        }
        measured = interleaved(ways, rounds)
        differs = difference(passes(*inputs), engine_passes(model, cast, *inputs))
    engine, compiled = (statistics.median(measured[name]) for name in ("engine", "compiled"))
    cold, warm = first_calls
    return {
        "engine_s": round(engine, 4),
        "compiled_s": round(compiled, 4),
        "first_call_cold_s": round(cold, 2),
        "first_call_warm_s": round(warm, 2),
        "share_of_100_steps": round((cold + (STEPS - 1) * compiled) / (STEPS * engine), 3),
        "share_of_100_steps_warm": round((warm + (STEPS - 1) * compiled) / (STEPS * engine), 3),
        "largest_relative_difference": differs,
    }


def measure(options: argparse.Namespace, peers: dict[str, Run]) -> Iterator[dict[str, Any]]:
    """By network, precision and mode; what cannot be compiled here says why."""
    del peers
    device = torch.device(options.device)
    count = CROPS if device.type == "cpu" else 16 * CROPS  # a GPU wants the crops of some images
    found: dict[str, Any] = {}
    for name in options.models if device.type == "cuda" else ["efficientnet_lite0"]:
        model, _ = network(name, device)
        fast = folded_copy(model, [LOGIT, LAYERS[name]])
        inputs = [
            random_inputs(model, count, seed).contiguous(memory_format=torch.channels_last)
            for seed in (SEED, SEED + 1)
        ]  # fmt: skip
        for precision in PRECISIONS[device.type]:
            for mode in MODES[device.type]:
                key = f"{name}, {precision}, {mode}"
                try:
                    # A buffer given away by the first backward pass would be missing in the second.
                    with torch._functorch.config.patch(donated_buffer=False):
                        found[key] = measure_mode(fast, precision, mode, inputs, options.rounds)
                except RuntimeError as error:  # no compiler, or a way that this device does not take
                    found[key] = {"failed": str(error).strip().split("\n", 1)[0]}
                print(f"compile, {key}: {found[key]}", flush=True)
                yield {"compile_inputs": count, "compile": found}
