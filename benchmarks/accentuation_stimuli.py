"""Seconds per stimulus of many, by precision, against the network's own passes and against faccent in the same."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Any
from unittest import mock

import torch
from torch import Tensor

import accentuation
from accentuation.config import Precision
from benchmarks.accentuation_task import CROPS, FEATURE, LAYERS, network, random_inputs, seconds, task_for
from benchmarks.peers import Run
from benchmarks.photographs import FILES, photograph

PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")


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


def faccent_seconds(
    faccent: Run, model: accentuation.VisionModel, image: Tensor, steps: int, precision: Precision
) -> float:
    """One image by faccent, which makes one at a time; the network's passes in this precision, as in ours."""
    image = image.to(model.device)
    forward = model.module.forward
    if precision == "bfloat16":
        forward = torch.autocast(model.device.type, torch.bfloat16)(forward)
    with mock.patch.object(model.module, "forward", forward):
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
    """By precision: ours, faccent and their ratio; no figure of one is divided by a figure of the other."""
    base = accentuation.AccentuationConfig(steps=steps, crops=CROPS, regularization_layer=LAYERS[model.name])
    found: dict[str, Any] = {}
    for precision in PRECISIONS:
        rate = own_rate(model, precision)
        row = {"own_inputs_per_s": rate} | measure_options(model, images, replace(base, precision=precision), rate)
        if faccent is not None:
            theirs = faccent_seconds(faccent, model, images[0], steps, precision)
            row[f"faccent_{precision}_s_per_stimulus"] = theirs
            row[f"faccent_{precision}_ratio"] = theirs / row["s_per_stimulus"]
        found[precision] = {key: round(value, 4) for key, value in row.items()}
        print(f"{model.name}, {precision}: {found[precision]}", flush=True)
    return found


def measure(options: argparse.Namespace, peers: dict[str, Run]) -> Iterator[dict[str, Any]]:
    """By network and precision."""
    steps, device = options.stimulus_steps, torch.device(options.device)
    photographs = [photograph(name, options.image_side) for name in FILES]
    images = [photographs[number % len(photographs)] for number in range(options.stimuli)]
    models: dict[str, Any] = {}
    for name in options.models:
        model, weights = network(name, device)
        models[name] = {"weights": weights, **measure_model(model, images, steps, peers.get("faccent"))}
        yield {"stimuli": len(images), "stimulus_steps": steps, "models": models}
