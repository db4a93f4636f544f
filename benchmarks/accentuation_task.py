"""What benchmarks/accentuation.py makes, and how this project makes it."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from unittest import mock

import torch
import torchvision
from torch import Tensor

import accentuation
from accentuation.models import EFFICIENTNET_LITE0, REGULARIZATION_LAYERS
from benchmarks.peers import Made, Run, Task

CROPS = 16
FEATURE = accentuation.Logit(285)
SEED = 0
# Where every library takes the distance: the measured default, and where there is none a layer in the first half.
LAYERS = {"resnet50": "layer2.3", "efficientnet_lite0": REGULARIZATION_LAYERS[EFFICIENTNET_LITE0]}


def run_ours(task: Task, on_step: Callable[[], None], *, regularization: float = 1.0) -> Made:
    """What this project makes."""
    config = accentuation.AccentuationConfig(
        steps=task.steps, crops=task.crops, regularization_layer=task.layer, regularization=regularization
    )
    made = accentuation.accentuate(
        task.model, task.image, task.feature, config, seed=SEED, on_step=lambda _step: on_step()
    )
    return Made(made.image, made.blend)


def run_unfolded(task: Task, on_step: Callable[[], None]) -> Made:
    """The same on the network as it comes."""
    # The package exports a function of the same name as the module.
    module = sys.modules["accentuation.accentuate"]
    with mock.patch.object(module, "folded_copy", lambda model, layers: model):
        return run_ours(task, on_step)


def task_for(model: accentuation.VisionModel, image: Tensor, feature: accentuation.Feature, steps: int) -> Task:
    """An accentuation with the settings of this benchmark."""
    assert isinstance(feature, accentuation.Logit | accentuation.Channel)
    return Task(model, image, feature, LAYERS[model.name], steps, CROPS)


def random_inputs(model: accentuation.VisionModel, count: int, seed: int = SEED) -> Tensor:
    """Inputs of the network's size, on its device."""
    size, generator = model.input_size, torch.Generator().manual_seed(seed)
    return torch.rand(count, 3, size, size, generator=generator).to(model.device)


def network(name: str, device: torch.device) -> tuple[accentuation.VisionModel, str]:
    """A network and what its weights are: random where those of ResNet-50 are not there, which changes no time."""
    default = torchvision.models.ResNet50_Weights.DEFAULT
    file = Path(torch.hub.get_dir()) / "checkpoints" / Path(default.url).name
    if name != "resnet50" or file.exists():
        return accentuation.load_model(name, device=device), "trained"
    torch.manual_seed(SEED)
    module = torchvision.models.resnet50(weights=None).eval().requires_grad_(False).to(device)
    facts = default.transforms()
    model = accentuation.VisionModel(name, module, facts.crop_size[0], tuple(facts.mean), tuple(facts.std))
    return model, "random, for speed only"


def seconds(action: Callable[[], object], device: torch.device) -> float:
    """How long an action takes, with all that it starts on the GPU."""
    _synchronize(device)
    start = time.perf_counter()
    action()
    _synchronize(device)
    return time.perf_counter() - start


def _synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def interleaved(ways: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """The figures of each way, taken in turn so that what else the machine does hits all alike."""
    for way in ways.values():
        way()  # warm
    measured: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            measured[name].append(way())
    return measured


def rounded(figures: Sequence[float]) -> list[float]:
    """For the results file."""
    return [round(figure, 4) for figure in figures]


# Takes the options and the peers that are there, and gives its figures so far, each time that there are more.
Part = Callable[[argparse.Namespace, dict[str, Run]], Iterator[dict[str, object]]]
