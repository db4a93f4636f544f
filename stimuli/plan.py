"""The plan of a study's images: which natural image stands where, and which stimuli are made of them. No torch.

The same protocol and seed over the same surveyed pool give the same plan byte for byte, in any database: it names
images by their SHA-256, and holds neither times nor row numbers. (Survey figures of another kind of device may differ
in their last digits, and the plan with them.)
"""

import json
from collections.abc import Sequence
from typing import Any

from stimuli.models import Feature
from stimuli.protocol import Protocol
from stimuli.recipes import Recipe, needed_recipes
from stimuli.selection import FeatureImages, ImageBatch, RankedImage, select_images

# Of the plan's form; another form gets another number.
FORM = 1

Json = dict[str, Any]


def plan_text(protocol: Protocol) -> str:
    """The plan as canonical JSON: keys in order, two spaces of indentation, ASCII, one line end at the end.

    Raises:
        ProtocolError: the images cannot be chosen; every feature for which they cannot is named.
    """
    selected = select_images(protocol)
    return plan_of_images(protocol, selected, needed_recipes(protocol, selected))


def plan_of_images(protocol: Protocol, selected: Sequence[FeatureImages], recipes: Sequence[Recipe]) -> str:
    """As :func:`plan_text`, of images that are chosen and recipes that are settled already."""
    network = selected[0].feature.model
    pool = selected[0].images[0].image.pool
    plan = {
        "form": FORM,
        "slug": protocol.slug,
        "seed": protocol.seed,
        "task": protocol.trials.task,
        "conditions": list(protocol.trials.conditions),
        "model": {"name": network.name, "weights_sha256": network.weights_sha256},
        "pool": {"name": pool.name, "images": pool.images.count(), "image_size": pool.image_size},
        "configs": {recipe.config_sha256: recipe.config for recipe in recipes},
        "features": [_feature(images, _of_feature(images.feature, recipes)) for images in selected],
    }
    return json.dumps(plan, indent=2, sort_keys=True) + "\n"


def _of_feature(feature: Feature, recipes: Sequence[Recipe]) -> list[Recipe]:
    return [recipe for recipe in recipes if recipe.feature == feature]


def _feature(images: FeatureImages, recipes: Sequence[Recipe]) -> Json:
    """A feature with its batches; stimuli that are of no batch's images, as visualizations, belong to all of them."""
    batches = [_batch(number, batch, recipes) for number, batch in enumerate(images.batches, start=1)]
    shown = {one.image.pk for one in images.images}
    return {
        "feature": images.feature.name,
        "phase": images.phase,
        "batches": batches,
        "stimuli": [_stimulus(recipe) for recipe in recipes if recipe.image is None or recipe.image.pk not in shown],
    }


def _batch(number: int, batch: ImageBatch, recipes: Sequence[Recipe]) -> Json:
    shown = {one.image.pk for one in batch.images}
    return {
        "batch": number,
        "references": [_image(one) for one in batch.references],
        "weak_references": [_image(one) for one in batch.weak_references],
        "queries": [
            {"difficulty": pair.difficulty, "strong": _image(pair.strong), "weak": _image(pair.weak)}
            for pair in batch.queries
        ],
        "stimuli": [_stimulus(recipe) for recipe in recipes if recipe.image is not None and recipe.image.pk in shown],
    }


def _image(one: RankedImage) -> Json:
    return {"sha256": one.image.sha256, "rank": one.rank, "activation": one.activation}


def _stimulus(recipe: Recipe) -> Json:
    return {
        "kind": str(recipe.kind),
        "image": recipe.image.sha256 if recipe.image else None,
        "config_sha256": recipe.config_sha256,
        "seed": recipe.seed,
    }
