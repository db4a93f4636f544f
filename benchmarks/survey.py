"""The survey's part of benchmarks.generation: its rate against a plain loop, and its memory on a large pool."""

import argparse
import os
import random
import resource
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from django.conf import settings
from django.core.management import call_command
from PIL import Image
from torch import Tensor, nn

import accentuation
from stimuli import streaming, survey
from stimuli.checkpoints import Checkpoint
from stimuli.engines.interface import Values, Workers
from stimuli.engines.opening import open_workers
from stimuli.models import Activation, ImagePool, SourceImage, image_path
from stimuli.orders import ImageSource, NetworkFacts

NAME = "efficientnet_lite0"
LAYERS = ("blocks.4.2", "logit")
# Small, so that not all of a pool of some hundred images is kept and every step of a large survey is taken.
ENDS, SAMPLE = 20, 50
UNITS = 64  # of the network of one layer
SHARES = (0.1, 0.5, 1.0)
SIDE = 64  # of generated images, in pixels


def measure_rate(options: argparse.Namespace) -> dict[str, Any]:
    """Images per second of the survey and of a plain loop, taken in turn: other work on the machine hits both."""
    call_command("import_images", "--built-in", "--pool", "photographs")
    pool = ImagePool.objects.get()
    pool.images.exclude(pk__in=list(pool.images.values_list("pk", flat=True)[: options.images])).delete()
    paths = [image.path for image in pool.images.all()]
    cores = len(os.sched_getaffinity(0))
    model = accentuation.load_model(NAME)
    torch.set_num_threads(cores)
    with open_workers(NAME, None, "cpu", cores) as workers:
        ways = {"survey": partial(survey_seconds, workers, pool), "loop": partial(loop_seconds, model, paths)}
        for way in ways.values():
            way()  # warm: every process loads its network
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(options.rounds):
            for name, way in ways.items():
                rates[name].append(len(paths) / way())
    for name, measured in rates.items():
        print(f"{name}: {statistics.median(measured):.1f} images/s ({min(measured):.1f} to {max(measured):.1f})")
    ratios = [one / other for one, other in zip(rates["survey"], rates["loop"], strict=True)]
    return {
        "torch": torch.__version__,
        "survey_images": len(paths),
        "survey_images_per_s": round(statistics.median(rates["survey"]), 1),
        "loop_images_per_s": round(statistics.median(rates["loop"]), 1),
        "survey_vs_loop": round(statistics.median(ratios), 3),
    }


def survey_seconds(workers: Workers, pool: ImagePool) -> float:
    """How long the survey takes for all units of the layers, from the rows of the database to the state of ranks."""
    start = time.perf_counter()
    fold(workers, pool, LAYERS, ends=ENDS, sample=SAMPLE)
    return time.perf_counter() - start


def loop_seconds(model: accentuation.VisionModel, paths: Sequence[Path]) -> float:
    """How long it takes to read the files one after another, run the network on batches and keep every activation."""
    outputs: dict[str, Tensor] = {}
    hook = model.module.get_submodule(LAYERS[0]).register_forward_hook(
        lambda module, inputs, output: outputs.update({LAYERS[0]: output.mean(dim=(2, 3))})
    )
    start, kept = time.perf_counter(), []
    with torch.no_grad():
        for first in range(0, len(paths), streaming.CPU_BATCH):
            images = torch.stack([read(path) for path in paths[first : first + streaming.CPU_BATCH]])
            outputs["logit"] = model.module(model.normalize(model.resize(images)))
            kept.append({name: output.double().numpy() for name, output in outputs.items()})
    for name in LAYERS:
        np.concatenate([batch[name] for batch in kept])
    seconds = time.perf_counter() - start
    hook.remove()
    return seconds


def fold(
    workers: Workers, pool: ImagePool, layers: Iterable[str], *, ends: int, sample: int, progress: Any = lambda _: None
) -> tuple[dict[str, Any], streaming.Extent]:
    """The survey's pass over a pool for all units of some layers, as survey_features makes it."""
    columns = dict.fromkeys(layers)
    extent = streaming.extent_of(pool, ends=ends, sample=sample)
    key = streaming.pass_key(workers.facts, pool, columns, extent)
    checkpoint = Checkpoint(Path(settings.DATA_DIR) / "surveys" / "benchmark.npz", key)
    folds = streaming.fold_pool(workers, pool, columns, extent, checkpoint, progress=progress)
    checkpoint.remove()
    return folds, extent


def measure_pool(options: argparse.Namespace) -> dict[str, Any]:
    """What memory peaked at over a large pool, and how fast it went."""
    torch.set_num_threads(1)
    pool = generated_pool(options.pool)
    workers, peaks, done = OneLayer(), {}, 0

    def progress(count: int) -> None:
        nonlocal done
        done += count
        for share in SHARES:
            if done >= share * options.pool:
                peaks.setdefault(f"pool_peak_mb_{share:.0%}".removesuffix("%"), peak_mb())

    before = peak_mb()
    start = time.perf_counter()
    folds, extent = fold(workers, pool, ["0"], ends=200, sample=2000, progress=progress)
    seconds = time.perf_counter() - start
    network = survey.record_network(workers.facts, weights_given=False)
    wanted = survey.Wanted("0", sample=8, whole_layer=True)
    survey.survey_layer(network, pool, folds["0"], extent, wanted, seed=0, progress=lambda _: None)
    figures = {"pool_images": options.pool, "pool_peak_mb_before": before, **peaks, "pool_peak_mb_with_rows": peak_mb()}
    figures |= {"pool_rows": Activation.objects.count(), "pool_images_per_s": round(options.pool / seconds, 1)}
    print(f"pool: {figures}", flush=True)
    return figures


class OneLayer:
    """A network of one convolution in this process, in the place of workers: it costs little more than reading."""

    def __init__(self) -> None:
        torch.manual_seed(1)
        module = nn.Sequential(nn.Conv2d(3, UNITS, 8, stride=8), nn.Flatten()).eval().requires_grad_(False)
        self._model = accentuation.VisionModel("one-layer", module, SIDE, (0.5,) * 3, (0.25,) * 3)
        self.facts = NetworkFacts("one-layer", "0" * 64, "random", SIDE, [0.5] * 3, [0.25] * 3, None, "cpu", {})

    def activations(
        self, batches: Iterable[Sequence[ImageSource]], layers: Sequence[str]
    ) -> Iterator[tuple[int, Values]]:
        """As every worker does it."""
        for place, batch in enumerate(batches):
            values = accentuation.channel_activations(self._model, torch.stack([read(path) for path in batch]), layers)
            yield place, {layer: value.double().numpy() for layer, value in values.items()}


def generated_pool(images: int) -> ImagePool:
    """A pool of images of 8 x 8 coloured squares, each image another one."""
    pool = ImagePool.objects.create(name="generated", origin="generated", image_size=SIDE)
    generator = random.Random(1)
    for first in range(0, images, 1000):
        SourceImage.objects.bulk_create(
            generated_row(pool, generator.randbytes(8 * 8 * 3)) for _ in range(min(1000, images - first))
        )
    return pool


def generated_row(pool: ImagePool, colours: bytes) -> SourceImage:
    """The row of an image, whose file is written: without a sync, for 100,000 of them would take half an hour."""
    buffer = BytesIO()
    picture = Image.frombytes("RGB", (8, 8), colours).resize((SIDE, SIDE), Image.Resampling.NEAREST)
    picture.save(buffer, format="PNG")
    name = sha256(buffer.getvalue()).hexdigest()
    path = image_path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue())
    return SourceImage(pool=pool, sha256=name, photograph_sha256=name, left=0, top=0, side=SIDE)


def read(path: ImageSource) -> Tensor:
    """The image in a file, ``(3, H, W)`` in [0, 1]."""
    assert isinstance(path, Path)
    with Image.open(path) as image:
        return accentuation.to_tensor(image.convert("RGB"))


def peak_mb() -> float:
    """The most memory that this process has held so far, in MB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
