"""How a stimulus is to be made: everything that decides its pixels, settled before any GPU time. No torch.

The generator follows a recipe, the study site looks up what came of it; both derive it from the protocol.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet

from stimuli.attempts import later_seeds, next_seed
from stimuli.continuations import Continuation, Level, plan_continuations
from stimuli.models import Feature, ImagePool, SourceImage, Stimulus
from stimuli.natural import sample_sha256, spectrum_sample
from stimuli.orders import FormatName
from stimuli.protocol import Protocol
from stimuli.record_hash import config_hash
from stimuli.selection import FeatureImages

Kind = Stimulus.Kind

# What a protocol does not vary. Written into every recipe, so that a record is complete without the library.
FIXED_OPTIMISATION: dict[str, Any] = {
    "crop_min": 0.05,
    "crop_max": 0.99,
    "gaussian_noise": 0.02,
    "uniform_noise": 0.02,
    "parametrization": "fourier_phase",
    "patience": None,
    "precision": "float32",
}
FIXED_ACCENTUATION_CONFIG: dict[str, Any] = {
    **FIXED_OPTIMISATION,
    "suppress": False,
    "strength": 1.0,
    "snapshot_steps": (),
    "levels": (),
}
FIXED_ATTRIBUTION_CONFIG: dict[str, Any] = {"percentile": 99.0, "steps": 64, "samples": 32, "noise": 0.15}

# Keys of a config that say which image of a run it is, or from what it was made, and are no settings of the network.
RECORD_KEYS = frozenset({"level", "level_percentile", "format", "spectrum_images", "spectrum_sha256"})


@dataclass(frozen=True)
class Recipe:
    """One kind of explanation of one feature, on one seed image where the kind has one.

    Attributes:
        kind: of the stimulus.
        feature: with its network.
        pool: of the natural images among which it is ranked.
        image: the seed image; None for a kind that has none.
        config: every parameter of the generation, as JSON can hold it.
        config_sha256: of the config's canonical JSON.
        seed: of the random generator, 0 to 2**63 - 1.
        run: the hashes of the configs of all images that come of the same optimisation, this one's among them.
        natural: the images, by their SHA-256, whose mean spectrum a visualization takes.
        format: of the file.
    """

    kind: Stimulus.Kind
    feature: Feature
    pool: ImagePool
    image: SourceImage | None
    config: dict[str, Any]
    config_sha256: str
    seed: int
    run: tuple[str, ...]
    natural: tuple[str, ...] = ()
    format: FormatName = "png"

    def describe(self) -> str:
        """What it makes, for messages."""
        on = f" on image {self.image.sha256[:12]}" if self.image else ""
        # Of one run several images come, which differ in nothing else.
        percentile = self.config.get("level_percentile")
        level = "" if percentile is None else f" up to percentile {percentile:g}"
        return f"{self.kind} of {self.feature}{level}{on}"

    def settings(self) -> dict[str, Any]:
        """What of the config the network is told."""
        return {key: value for key, value in self.config.items() if key not in RECORD_KEYS}


def accentuation_recipe(protocol: Protocol, feature: Feature, image: SourceImage) -> Recipe:
    """The accentuation of this feature on this image, as the protocol wants it."""
    return _recipe(protocol, Kind.ACCENTUATION, feature, image, _accentuation_config(protocol, feature))


def suppression_recipe(protocol: Protocol, feature: Feature, image: SourceImage) -> Recipe:
    """The same with the feature lowered instead of raised: same settings, same crops."""
    config = _accentuation_config(protocol, feature) | {"suppress": True}
    return _recipe(protocol, Kind.SUPPRESSION, feature, image, config)


def attribution_recipe(protocol: Protocol, feature: Feature, image: SourceImage) -> Recipe:
    """The map of where in this image the feature gets its activation from, shown over it."""
    config = {**protocol.stimuli.attribution.model_dump(), **FIXED_ATTRIBUTION_CONFIG}
    return _recipe(protocol, Kind.ATTRIBUTION, feature, image, config)


def visualization_recipe(protocol: Protocol, feature: Feature, pool: ImagePool, position: int) -> Recipe:
    """A picture of this feature from noise; each position, from 1, has a seed of its own."""
    table = protocol.stimuli.visualization
    natural = spectrum_sample(pool.pk, protocol.seed, table.images)
    config = {
        **table.model_dump(exclude={"images"}),
        **FIXED_OPTIMISATION,
        "spectrum_images": len(natural),
        "spectrum_sha256": sample_sha256(natural),
    }
    made = _recipe(protocol, Kind.VISUALIZATION, feature, None, config, pool=pool)
    return replace(made, seed=_seed(protocol.seed, feature.name, f"visualization {position}"), natural=natural)


def explanation_recipe(protocol: Protocol, condition: str, images: FeatureImages, position: int) -> Recipe | None:
    """What a condition shows at a place of the reference panel beside or instead of the image; None for nothing.

    The task ``continuation`` has no reference panel.

    Args:
        protocol: of the study.
        condition: one of the protocol's.
        images: of the feature.
        position: of the reference, from 1.
    """
    if protocol.trials.task == "continuation":
        return None
    image = images.references[position - 1].image
    if condition == Kind.VISUALIZATION:
        return visualization_recipe(protocol, images.feature, image.pool, position)
    on_image = {
        Kind.ATTRIBUTION: attribution_recipe,
        Kind.ACCENTUATION: accentuation_recipe,
        Kind.SUPPRESSION: suppression_recipe,
    }
    make = on_image.get(Kind(condition)) if condition in Kind.values else None
    return make(protocol, images.feature, image) if make else None


def continuation_recipes(protocol: Protocol, continuation: Continuation) -> tuple[Recipe, Recipe, Recipe]:
    """The weak and the strong accentuation of the seed, and the foil."""
    weak, strong = _graded(protocol, continuation.feature, continuation.image, continuation.levels)
    (foil,) = _graded(protocol, continuation.foil, continuation.image, (continuation.foil_level,))
    return weak, strong, foil


def needed_recipes(protocol: Protocol, selected: Sequence[FeatureImages]) -> list[Recipe]:
    """The recipes of all stimuli that a study with this protocol shows, each once, in its present attempt.

    Those of a kind stand together, and those of one optimisation, so that they can be made together.
    """
    wanted = [
        recipe
        for condition in protocol.trials.conditions
        for images in selected
        for position in range(1, len(images.references) + 1)
        if (recipe := explanation_recipe(protocol, condition, images, position)) is not None
    ]
    for continuation in plan_continuations(protocol, selected):
        wanted += continuation_recipes(protocol, continuation)
    return [current_attempt(recipe) for recipe in {_identity(recipe): recipe for recipe in wanted}.values()]


def current_attempt(recipe: Recipe) -> Recipe:
    """This recipe, or where what came of its run was rejected, the first one after it whose run was not.

    An attempt differs from the one before in its seed only. Of images that come of one optimisation all are made
    anew when one is rejected, because they are shown together.
    """
    return _present(recipe)[0]


def find_stimulus(recipe: Recipe) -> Stimulus | None:
    """The stimulus made by this recipe and not rejected, or by a later attempt at it; None if it is to be made."""
    made = _present(recipe)[1]
    return next((one for one in made if one.config_sha256 == recipe.config_sha256), None)


def _present(recipe: Recipe) -> tuple[Recipe, list[Stimulus]]:
    """The present attempt, and what of its run has been made."""
    made = _of_run(recipe)
    while any(hasattr(stimulus, "rejection") for stimulus in made):
        recipe = replace(recipe, seed=next_seed(recipe.seed))
        made = _of_run(recipe)
    if not made and (seed := _frozen_seed(recipe)) is not None:
        recipe = replace(recipe, seed=seed)
        made = _of_run(recipe)
    return recipe, made


def _frozen_seed(recipe: Recipe) -> int | None:
    """The seed of a later attempt that belongs to a frozen set; None if there is none.

    In a set that came from another installation the attempts that were rejected there are missing.
    """
    frozen = set(_made_by(recipe).exclude(frozen_sets=None).values_list("seed", flat=True))
    return next((seed for seed in later_seeds(recipe.seed) if seed in frozen), None) if frozen else None


def _of_run(recipe: Recipe) -> list[Stimulus]:
    """What was made with the seed and the run of this recipe."""
    made = _made_by(recipe).filter(seed=recipe.seed)
    return list(made.select_related("feature__model", "pool", "image", "rejection"))


def _made_by(recipe: Recipe) -> "QuerySet[Stimulus]":
    """What was made with the run of this recipe, in whichever attempt."""
    return Stimulus.objects.filter(
        kind=recipe.kind,
        feature=recipe.feature,
        pool=recipe.pool,
        image=recipe.image,
        config_sha256__in=recipe.run,
    )


def _accentuation_config(protocol: Protocol, feature: Feature) -> dict[str, Any]:
    config = {**protocol.stimuli.accentuation.model_dump(), **FIXED_ACCENTUATION_CONFIG}
    # Named in full, so that the record stays true when the library's choice changes.
    config["regularization_layer"] = config["regularization_layer"] or feature.model.regularization_layer or None
    return config


def _graded(protocol: Protocol, feature: Feature, image: SourceImage, levels: Sequence[Level]) -> list[Recipe]:
    """The recipes of one optimisation that is stopped at these levels."""
    base = _accentuation_config(protocol, feature) | {"levels": tuple(level.activation for level in levels)}
    recipes = [
        _recipe(
            protocol,
            Kind.CONTINUATION,
            feature,
            image,
            base | {"level": level.activation, "level_percentile": level.percentile},
        )
        for level in levels
    ]
    run = tuple(recipe.config_sha256 for recipe in recipes)
    return [replace(recipe, run=run) for recipe in recipes]


def _recipe(
    protocol: Protocol,
    kind: Stimulus.Kind,
    feature: Feature,
    image: SourceImage | None,
    config: dict[str, Any],
    *,
    pool: ImagePool | None = None,
) -> Recipe:
    image_format = protocol.stimuli.files.format
    if image_format != "png":  # which went without saying before there was another
        config = config | {"format": image_format}
    config_sha256 = config_hash(config)
    if pool is None:
        assert image is not None
        pool = image.pool
    return Recipe(
        kind=kind,
        feature=feature,
        pool=pool,
        image=image,
        config=config,
        config_sha256=config_sha256,
        seed=_seed(protocol.seed, feature.name, image.sha256 if image else ""),
        run=(config_sha256,),
        format=image_format,
    )


def _identity(recipe: Recipe) -> tuple[str, str, str, str, int]:
    """By which a recipe that two trials share is made once."""
    image = recipe.image.sha256 if recipe.image else ""
    return recipe.kind, recipe.feature.name, image, recipe.config_sha256, recipe.seed


def _seed(study_seed: int, feature: str, what: str) -> int:
    """63 bits of a SHA-256: what PostgreSQL's bigint and torch's generators hold. The same on every machine."""
    digest = hashlib.sha256(f"{study_seed}\n{feature}\n{what}".encode()).digest()
    return int.from_bytes(digest[:8]) >> 1
