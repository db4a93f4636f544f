"""Making stimuli by their recipes: the file first, then the row, so that a row means complete."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, cast, overload

from stimuli import files
from stimuli.engines.interface import Workers
from stimuli.models import Stimulus
from stimuli.orders import ImageSource, KindName, NetworkFacts, Order, Picture
from stimuli.recipes import Recipe, find_stimulus
from stimuli.survey import rank_among

# Kinds of which the rank among natural images says something; the colours of an attribution map are no natural image.
RANKED = frozenset(Stimulus.Kind) - {Stimulus.Kind.ATTRIBUTION}


class GenerationError(ValueError):
    """Stimuli cannot be made as planned; the message says why, in one sentence."""


@dataclass(frozen=True)
class Kept:
    """A stimulus that was made.

    Attributes:
        stimulus: its row.
        note: what is to be told of it, one sentence; empty for one that came out as it should.
        refused: whether what came out was not kept.
    """

    stimulus: Stimulus
    note: str = ""
    refused: bool = False


def unmade(recipes: Iterable[Recipe]) -> list[Recipe]:
    """The recipes without a stimulus, or of which a file is missing or damaged."""
    return [recipe for recipe in recipes if not _is_made(recipe)]


def check_network(workers: Workers, recipes: Sequence[Recipe]) -> None:
    """Make sure that the network can follow the recipes and has the weights with which their features were surveyed.

    Raises:
        GenerationError: it has others.
        EngineError: it has not what their configs ask of it.
    """
    network = workers.facts
    if any(recipe.feature.model.weights_sha256 != network.weights_sha256 for recipe in recipes):
        raise GenerationError(
            f"The weights of {network.name} that are installed now are not those that were surveyed; "
            "run survey_features again, or install the earlier ones."
        )
    # By their hashes: the recipes of one study differ in feature, image and seed, hardly ever in these settings.
    for recipe in {recipe.config_sha256: recipe for recipe in recipes}.values():
        workers.check(order(recipe))


def make_stimuli(recipes: Sequence[Recipe], workers: Workers) -> Iterator[Kept]:
    """Follow recipes and keep each result as it comes. Recipes of one optimisation share it if they stand together.

    A row whose file was lost is given its file again. Where other bytes come out, which other versions of a library
    or another device can bring about, the row is written anew and says so, unless a frozen set holds it: that one
    stays as it is.

    Raises:
        EngineError: the network cannot follow a recipe.
        OSError: a file cannot be stored.
    """
    runs = _runs(recipes)
    for place, made in workers.make(_Orders([run[0] for run in runs])):
        for recipe in runs[place]:
            yield _keep(recipe, picture_of(recipe, made.pictures), workers.facts)


def order(recipe: Recipe) -> Order:
    """What a worker needs of a recipe, or of any of one run."""
    return _order(recipe, _sources(recipe.natural))


def _order(recipe: Recipe, natural: tuple[ImageSource, ...]) -> Order:
    return Order(
        image=files.source(recipe.image.sha256) if recipe.image else None,
        feature=recipe.feature.name,
        config=recipe.settings(),
        seed=recipe.seed,
        kind=cast(KindName, recipe.kind.value),
        natural=natural,
        format=recipe.format,
    )


def picture_of(recipe: Recipe, pictures: Sequence[Picture]) -> Picture:
    """Which of the pictures of its run is this recipe's."""
    return pictures[recipe.run.index(recipe.config_sha256)]


class _Orders(Sequence[Order]):
    """Orders that are put together when they are asked for: where a storage has no paths, each holds whole images."""

    def __init__(self, recipes: Sequence[Recipe]) -> None:
        self._recipes = recipes
        # The natural images of a spectrum are the same for all visualizations of a study, so they are read once.
        self._sources = lru_cache(maxsize=1)(_sources)

    def __len__(self) -> int:
        return len(self._recipes)

    @overload
    def __getitem__(self, place: int) -> Order: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Order]: ...
    def __getitem__(self, place: int | slice) -> Order | Sequence[Order]:
        if isinstance(place, slice):
            return _Orders(self._recipes[place])
        recipe = self._recipes[place]
        return _order(recipe, self._sources(recipe.natural))


def _sources(sha256s: tuple[str, ...]) -> tuple[ImageSource, ...]:
    return tuple(files.source(sha256) for sha256 in sha256s)


def _runs(recipes: Sequence[Recipe]) -> list[list[Recipe]]:
    """The recipes of each optimisation, in the order of their first."""
    runs: dict[tuple[object, ...], list[Recipe]] = {}
    for recipe in recipes:
        key = (recipe.kind, recipe.feature.pk, recipe.image and recipe.image.pk, recipe.run, recipe.seed)
        runs.setdefault(key, []).append(recipe)
    return list(runs.values())


def _keep(recipe: Recipe, made: Picture, network: NetworkFacts) -> Kept:
    standing = find_stimulus(recipe)
    if standing is None:
        return Kept(_write(recipe, made, network))
    if standing.sha256 == files.sha256_of(made.image) and standing.mask_sha256 in ("", _mask_sha256(made)):
        _store(made)
        return Kept(standing)
    if standing.frozen_sets.exists():
        return Kept(standing, _frozen(standing, network), refused=True)
    note = (
        f"The file of {standing.describe()} was lost and comes out differently now{changes(standing, network)}; "
        "its record was written anew."
    )
    return Kept(_write(recipe, made, network), note)


def _frozen(standing: Stimulus, network: NetworkFacts) -> str:
    frozen = standing.frozen_sets.first()
    return (
        f"The file of {standing.describe()} was lost, comes out differently now{changes(standing, network)}, and "
        f"belongs to the frozen set {frozen}, which does not change; bring the file back from an export "
        "(import_stimuli) or from a backup of the data folder."
    )


def changes(standing: Stimulus, network: NetworkFacts) -> str:
    """What made a stimulus then and would make it now, where that is not the same, in brackets; else empty."""
    then = {"device": standing.device, **standing.made_with}
    now = {"device": network.device, **network.made_with}
    changed = [
        f"{name} {str(then.get(name, 'unknown'))[:40]} then and {str(value)[:40]} now"
        for name, value in now.items()
        if then.get(name) != value
    ]
    return f" ({', '.join(changed)})" if changed else ""


def _write(recipe: Recipe, made: Picture, network: NetworkFacts) -> Stimulus:
    """Files first, then the row."""
    _store(made)
    identity: dict[str, Any] = {
        "kind": recipe.kind,
        "feature": recipe.feature,
        "pool": recipe.pool,
        "image": recipe.image,
        "config_sha256": recipe.config_sha256,
        "seed": recipe.seed,
    }
    values = {
        **measured(recipe, made),
        "device": network.device,
        "made_with": network.made_with,
        "sha256": files.sha256_of(made.image),
        "format": made.format,
        "mask_sha256": _mask_sha256(made),
    }
    values["record_sha256"] = Stimulus(**identity, **values).hash_of_record()
    stimulus, _ = Stimulus.objects.update_or_create(**identity, defaults=values)
    return stimulus


def measured(recipe: Recipe, made: Picture) -> dict[str, Any]:
    """What a row says of how its image came out, beside its files: parameters, figures, rank and curve."""
    return {
        "config": recipe.config,
        **asdict(made.figures),
        "rank_after": _rank(recipe, made.figures.activation_after),
        "curve": _storable(made.curve),
    }


def _store(made: Picture) -> None:
    if made.mask:
        files.store(made.mask)
    files.store(made.image)


def _mask_sha256(made: Picture) -> str:
    return files.sha256_of(made.mask) if made.mask else ""


def _rank(recipe: Recipe, activation: float) -> int | None:
    return rank_among(recipe.feature, recipe.pool, activation) if recipe.kind in RANKED else None


def _storable(curve: Sequence[float]) -> list[Any]:
    """JSON has no word for a number that is not finite."""
    return [value if math.isfinite(value) else None for value in curve]


def _is_made(recipe: Recipe) -> bool:
    stimulus = find_stimulus(recipe)
    if stimulus is None or not files.is_whole(stimulus.sha256):
        return False
    return not stimulus.mask_sha256 or files.is_whole(stimulus.mask_sha256)
