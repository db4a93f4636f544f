"""Making stimuli by their recipes: the file first, then the row, so that a row means complete."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from stimuli import files
from stimuli.models import Stimulus
from stimuli.recipes import Recipe, find_stimulus

if TYPE_CHECKING:  # it imports torch
    from stimuli.engine import Network


class GenerationError(ValueError):
    """Stimuli cannot be made as planned; the message says why, in one sentence."""


def unmade(recipes: Iterable[Recipe]) -> list[Recipe]:
    """The recipes without a stimulus, or whose file is missing or damaged."""
    return [recipe for recipe in recipes if not _is_made(recipe)]


def check_network(network: "Network", recipes: Iterable[Recipe]) -> None:
    """Make sure that the network has the weights with which the recipes' features were surveyed.

    Raises:
        GenerationError: it has others.
    """
    if any(recipe.feature.model.weights_sha256 != network.weights_sha256 for recipe in recipes):
        raise GenerationError(
            f"The weights of {network.name} that are installed now are not those that were surveyed; "
            "run survey_features again, or install the earlier ones."
        )


def make_stimulus(recipe: Recipe, network: "Network", *, on_step: Callable[[int], None]) -> Stimulus:
    """Follow a recipe and keep what comes of it; a row whose file was lost is given the new file.

    Raises:
        EngineError: the network cannot follow the recipe.
        OSError: the file cannot be stored.
    """
    made = network.accentuate(recipe.image.path, recipe.feature.name, recipe.config, seed=recipe.seed, on_step=on_step)
    sha256 = files.store(made.png)
    stimulus, _ = Stimulus.objects.update_or_create(
        kind=recipe.kind,
        feature=recipe.feature,
        image=recipe.image,
        config_sha256=recipe.config_sha256,
        seed=recipe.seed,
        defaults={
            "config": recipe.config,
            "activation_before": made.activation_before,
            "activation_after": made.activation_after,
            "device": network.device,
            "sha256": sha256,
        },
    )
    return stimulus


def _is_made(recipe: Recipe) -> bool:
    stimulus = find_stimulus(recipe)
    return stimulus is not None and files.is_whole(stimulus.sha256)
