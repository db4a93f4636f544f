"""The sanity check of explanations: what becomes of an accentuation when the network forgets what it learned.

Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018, arXiv 1810.03292: the weights are randomised stage by
stage, from the output down to the input. An explanation that stays the same explains the photograph, not the network.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from accentuation.accentuate import Accentuation, accentuate
from accentuation.config import AccentuationConfig
from accentuation.errors import AccentuationError, ModelError
from accentuation.features import Feature
from accentuation.images import check_image
from accentuation.measuring import check_feature, check_layer
from accentuation.models import VisionModel
from accentuation.modes import own_modes
from accentuation.reading import frozen
from accentuation.streams import stream


@dataclass(frozen=True)
class RandomizedAccentuation:
    """An accentuation of a network of which a part is random.

    Attributes:
        stage: the last one that was randomised, all before it being random too; None where nothing is.
        accentuation: by that network.
        change_similarity: correlation of what it changes in the seed with what the network as it was changes there,
            from -1 to 1; 0 where one of them changes nothing.
        mask_similarity: correlation of the two opacity masks, likewise.
    """

    stage: str | None
    accentuation: Accentuation
    change_similarity: float
    mask_similarity: float


def cascade(
    model: VisionModel,
    seed_image: Tensor,
    feature: Feature,
    config: AccentuationConfig = AccentuationConfig(),  # noqa: B008 - frozen
    *,
    stages: Sequence[str] | None = None,
    seed: int,
) -> tuple[RandomizedAccentuation, ...]:
    """Accentuate with the network as it is, and again after each further stage has been randomised.

    All runs see the same crops and noise, so that similarity is not lost to chance; what the crops alone make alike,
    as that the border is seen less often, counts as similarity. Stages above the feature's layer change nothing.

    Args:
        model: the network; it stays as it is, a copy is randomised.
        seed_image: ``(3, H, W)`` in [0, 1].
        feature: what to raise.
        config: how.
        stages: names of modules, in the order from output to input; None for :func:`stages_of`.
        seed: of the accentuations and of the random weights.

    Raises:
        FeatureError: the network has no such feature or stage.
        ModelError: the network cannot be copied.
        AccentuationError: a stage has no weights, or the image cannot be accentuated.
    """
    check_image(seed_image)
    check_feature(model, feature)
    if isinstance(stages, str):
        raise AccentuationError(f"The stages are a list of names of modules, `[{stages!r}]`, not one name.")
    names = stages_of(model, seed_image) if stages is None else tuple(stages)
    for name in names:
        _check_stage(model, name)
    with own_modes(model.device):
        shuffled = replace(model, module=_copied(model))
        generator = stream(seed, "weights")
        original = accentuate(model, seed_image, feature, config, seed=seed)
        results = [_compared(None, original, original, seed_image)]
        for name in names:
            randomize(shuffled.module.get_submodule(name), generator)
            done = accentuate(shuffled, seed_image, feature, config, seed=seed)
            results.append(_compared(name, done, original, seed_image))
    return tuple(results)


def stages_of(model: VisionModel, image: Tensor) -> tuple[str, ...]:
    """The top-level parts of a network that have weights, sequences taken apart once, from output to input.

    Args:
        model: the network.
        image: ``(3, H, W)`` in [0, 1]; the order is the one in which the parts run on it, and idle ones are left out.
    """
    parts: list[tuple[str, nn.Module]] = []
    for name, child in model.module.named_children():
        taken_apart = isinstance(child, nn.Sequential | nn.ModuleList)
        parts += [(f"{name}.{number}", part) for number, part in child.named_children()] if taken_apart else []
        parts += [] if taken_apart else [(name, child)]
    ran: list[str] = []
    handles = [
        part.register_forward_hook(lambda _module, _inputs, _output, name=name: ran.append(name))
        for name, part in parts
        if any(True for _ in part.parameters())
    ]
    try:
        with frozen(model.module), torch.no_grad():
            model.module(model.normalize(model.resize(image[None])))
    finally:
        for handle in handles:
            handle.remove()
    return tuple(reversed(dict.fromkeys(ran)))


def randomize(module: nn.Module, generator: torch.Generator) -> None:
    """Shuffle the values within each weight tensor of a module, in place.

    Weights drawn afresh have another scale than trained ones, which deep in a network can silence every unit: without
    any gradient, the accentuation would be the seed, and differ from the original for a reason that is not the
    question. Shuffled values keep their distribution and lose all structure. Statistics of batch normalisation stay.

    Args:
        module: to randomise.
        generator: of the permutations, on the CPU.
    """
    with torch.no_grad():
        for parameter in module.parameters():
            order = torch.randperm(parameter.numel(), generator=generator).to(parameter.device)
            parameter.copy_(parameter.flatten()[order].view_as(parameter))


def correlation(first: Tensor, second: Tensor) -> float:
    """Pearson's, over all elements of two tensors of one shape; 0 where one of them is constant."""
    one, two = (each.detach().double().flatten() - each.detach().double().mean() for each in (first, second))
    lengths = float(one.norm() * two.norm())
    return float(one @ two) / lengths if lengths > 0 else 0.0


def _copied(model: VisionModel) -> nn.Module:
    try:
        return copy.deepcopy(model.module)
    except (TypeError, AttributeError, RuntimeError, ValueError, LookupError) as error:
        raise ModelError(f"{model.name} cannot be copied, so that none of it can be randomised ({error}).") from error


def _compared(
    stage: str | None, done: Accentuation, original: Accentuation, seed_image: Tensor
) -> RandomizedAccentuation:
    seed_image = seed_image.to(done.image.device)
    return RandomizedAccentuation(
        stage=stage,
        accentuation=done,
        change_similarity=correlation(done.image - seed_image, original.image - seed_image),
        mask_similarity=correlation(done.mask, original.mask),
    )


def _check_stage(model: VisionModel, name: str) -> None:
    check_layer(model, name)
    if name not in dict(model.module.named_modules()) or not any(
        True for _ in model.module.get_submodule(name).parameters()
    ):
        raise AccentuationError(f"`{name}` of {model.name} has no weights to randomise; name a part that has.")
