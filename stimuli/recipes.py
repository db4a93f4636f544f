"""How a stimulus is to be made: everything that decides its pixels, settled before any GPU time. No torch.

The generator follows a recipe, the study site looks up what came of it; both derive it from the protocol.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from stimuli.models import Feature, ImagePool, SourceImage, Stimulus
from stimuli.protocol import Protocol
from stimuli.selection import FeatureImages

# What a protocol does not vary. Written into every recipe, so that a record is complete without the library.
FIXED_ACCENTUATION_CONFIG: dict[str, Any] = {
    "crop_min": 0.05,
    "crop_max": 0.99,
    "gaussian_noise": 0.02,
    "uniform_noise": 0.02,
    "parametrization": "fourier_phase",
    "suppress": False,
    "strength": 1.0,
    "snapshot_steps": (),
    "levels": (),
    "patience": None,
    "precision": "float32",
}


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
    """

    kind: Stimulus.Kind
    feature: Feature
    pool: ImagePool
    image: SourceImage | None
    config: dict[str, Any]
    config_sha256: str
    seed: int

    def describe(self) -> str:
        """What it makes, for messages."""
        on = f" on image {self.image.sha256[:12]}" if self.image else ""
        return f"{self.kind} of {self.feature}{on}"


def accentuation_recipe(protocol: Protocol, feature: Feature, image: SourceImage) -> Recipe:
    """The accentuation of this feature on this image, as the protocol wants it."""
    config = {**protocol.stimuli.accentuation.model_dump(), **FIXED_ACCENTUATION_CONFIG}
    # Named in full, so that the record stays true when the library's choice changes.
    config["regularization_layer"] = config["regularization_layer"] or feature.model.regularization_layer or None
    canonical = json.dumps(config, sort_keys=True, separators=(",", ":"))
    return Recipe(
        kind=Stimulus.Kind.ACCENTUATION,
        feature=feature,
        pool=image.pool,
        image=image,
        config=config,
        config_sha256=hashlib.sha256(canonical.encode()).hexdigest(),
        seed=_seed(protocol.seed, feature.name, image.sha256),
    )


def needed_recipes(protocol: Protocol, selected: list[FeatureImages]) -> list[Recipe]:
    """The recipes of all stimuli that a study with this protocol shows, in the order of its features."""
    if "accentuation" not in protocol.trials.conditions:
        return []
    return [
        accentuation_recipe(protocol, images.feature, reference.image)
        for images in selected
        for reference in images.references
    ]


def find_stimulus(recipe: Recipe) -> Stimulus | None:
    """The stimulus made by this recipe, if it has been made."""
    return Stimulus.objects.filter(
        kind=recipe.kind,
        feature=recipe.feature,
        pool=recipe.pool,
        image=recipe.image,
        config_sha256=recipe.config_sha256,
        seed=recipe.seed,
    ).first()


def _seed(study_seed: int, feature: str, image_sha256: str) -> int:
    """63 bits of a SHA-256: what PostgreSQL's bigint and torch's generators hold. The same on every machine."""
    digest = hashlib.sha256(f"{study_seed}\n{feature}\n{image_sha256}".encode()).digest()
    return int.from_bytes(digest[:8]) >> 1
