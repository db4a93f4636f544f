"""Making stimuli by their recipes: the file first, then the row, so that a row means complete."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

from stimuli import files
from stimuli.engines.interface import Workers
from stimuli.models import Activation, Stimulus
from stimuli.orders import Made, NetworkFacts, Order
from stimuli.recipes import Recipe, find_stimulus


class GenerationError(ValueError):
    """Stimuli cannot be made as planned; the message says why, in one sentence."""


def unmade(recipes: Iterable[Recipe]) -> list[Recipe]:
    """The recipes without a stimulus, or whose file is missing or damaged."""
    return [recipe for recipe in recipes if not _is_made(recipe)]


def check_network(workers: Workers, recipes: Sequence[Recipe]) -> None:
    """Make sure that the network can follow the recipes and has the weights with which their features were surveyed.

    Raises:
        GenerationError: it has others.
        EngineError: it cannot be accentuated with their config.
    """
    network = workers.facts
    if any(recipe.feature.model.weights_sha256 != network.weights_sha256 for recipe in recipes):
        raise GenerationError(
            f"The weights of {network.name} that are installed now are not those that were surveyed; "
            "run survey_features again, or install the earlier ones."
        )
    # By their hashes: the recipes of one study differ in feature, image and seed, hardly ever in these settings.
    for config in {recipe.config_sha256: recipe.config for recipe in recipes}.values():
        workers.check(config)


def make_stimuli(recipes: Sequence[Recipe], workers: Workers) -> Iterator[Stimulus]:
    """Follow recipes and keep each result as it comes; a row whose file was lost is given the new file.

    Raises:
        EngineError: the network cannot follow a recipe.
        OSError: a file cannot be stored.
    """
    for place, made in workers.make([order(recipe) for recipe in recipes]):
        yield _keep(recipes[place], made, workers.facts)


def order(recipe: Recipe) -> Order:
    """What a worker needs of a recipe."""
    assert recipe.image is not None
    return Order(recipe.image.path, recipe.feature.name, recipe.config, recipe.seed)


def _keep(recipe: Recipe, made: Made, network: NetworkFacts) -> Stimulus:
    sha256 = files.store(made.png)
    stimulus, _ = Stimulus.objects.update_or_create(
        kind=recipe.kind,
        feature=recipe.feature,
        pool=recipe.pool,
        image=recipe.image,
        config_sha256=recipe.config_sha256,
        seed=recipe.seed,
        defaults={
            "config": recipe.config,
            **asdict(made.figures),
            "rank_after": _rank(recipe, made.figures.activation_after),
            "device": network.device,
            "made_with": network.made_with,
            "sha256": sha256,
        },
    )
    return stimulus


def _rank(recipe: Recipe, activation: float) -> int:
    """One more than the number of natural images of the pool that activate the feature more."""
    natural = Activation.objects.filter(feature=recipe.feature, image__pool=recipe.pool)
    return natural.filter(value__gt=activation).count() + 1


def _is_made(recipe: Recipe) -> bool:
    stimulus = find_stimulus(recipe)
    return stimulus is not None and files.is_whole(stimulus.sha256)
