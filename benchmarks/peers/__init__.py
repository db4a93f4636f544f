"""Other libraries that make accentuations, run on the same model, image and settings as this one.

They come from a folder of their own, because their requirements would pull this project's packages to other versions::

    pip install --no-deps --target PEERS -r benchmarks/requirements.txt
"""

import importlib
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

import accentuation
from accentuation.mask import blend, opacity_masks

NAMES = ("faccent", "dreamlens")


@dataclass(frozen=True)
class Task:
    """One accentuation that every library is given.

    Attributes:
        model: the network.
        image: ``(3, H, W)`` in [0, 1], on the model's device.
        feature: what to raise, a logit or a channel.
        layer: where the distance to the seed is taken.
        steps: of the optimiser.
        crops: per step.
    """

    model: accentuation.VisionModel
    image: Tensor
    feature: accentuation.Logit | accentuation.Channel
    layer: str
    steps: int
    crops: int

    @property
    def unit(self) -> tuple[str, int]:
        """Module and channel of the feature; a logit belongs to the last linear layer."""
        if isinstance(self.feature, accentuation.Channel):
            return self.feature.layer, self.feature.index
        layers = [name for name, part in self.model.module.named_modules() if isinstance(part, nn.Linear)]
        return layers[-1], self.feature.index


@dataclass(frozen=True)
class Made:
    """What a library made of a task, on the model's device.

    Attributes:
        image: ``(3, H, W)`` in [0, 1], the optimised image.
        blend: ``(3, H, W)`` in [0, 1], the image where its library saw the feature's gradient, else the seed.
    """

    image: Tensor
    blend: Tensor


# Takes what to make and what to call after each step.
Run = Callable[[Task, Callable[[], None]], Made]


def blended(task: Task, image: Tensor, importance: Tensor) -> Made:
    """An image with its blend: the gradients are its library's own, how they become an opacity is the same for all.

    Args:
        task: what the image was made for.
        image: ``(3, H, W)`` in [0, 1].
        importance: ``(3, H, W)``, what the library summed of the feature's absolute gradients on the pixels.
    """
    masks = opacity_masks(importance[None].to(image.device), accentuation.AccentuationConfig().mask_percentile)
    return Made(image, blend(image, task.image, masks[0]))


def load_peers(folder: Path | None) -> dict[str, Run]:
    """The peers that can be imported, by name. The others are skipped with a word.

    Args:
        folder: where they are installed. It is looked at last, so that it replaces no package of this project.
    """
    if folder is not None:
        sys.path.append(str(folder.resolve()))
    found: dict[str, Run] = {}
    for name in NAMES:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about old ways of theirs
                module = importlib.import_module(f"benchmarks.peers.{name}_peer")
        except ImportError as error:
            print(f"{name} is skipped: {error}.")
        else:
            found[name] = module.run
    return found


def clocked_adam(on_step: Callable[[], None]) -> Callable[..., torch.optim.Optimizer]:
    """Adam with the peers' learning rate that tells when it has made a step: neither of them has a callback."""

    def make(parameters: Any, lr: float = 0.05) -> torch.optim.Optimizer:
        optimizer = torch.optim.Adam(parameters, lr=lr)
        # A hook of the optimiser, because both peers ask for a true torch.optim.Optimizer.
        optimizer.register_step_post_hook(lambda *_: on_step())
        return optimizer

    return cast(Callable[..., torch.optim.Optimizer], make)
