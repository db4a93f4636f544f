"""Stimuli of every kind to look at: a seeded gallery on the small world. Only the pictures and numbers are made up."""

import hashlib
import random
from typing import Any

from stimuli.immutability import opened
from stimuli.models import Activation, Feature, FrozenSet, ImagePool, SourceImage, Stimulus
from tests.studyapp.world import make_survey, protocol_text, write_picture

Kind = Stimulus.Kind
# Of each feature: every kind once on each seed image, and as many visualizations, which have none.
SEEDS = 10
PER_FEATURE = SEEDS * len(Kind.values)
STEPS = 40
PICTURES = 20


def make_gallery(*, stimuli: int = 200, seed: int = 1) -> list[Stimulus]:
    """So many stimuli of features ``layer1:channel=0``, 1, ...; the same seed makes the same ones."""
    assert stimuli % PER_FEATURE == 0
    rng = random.Random(seed)
    features = stimuli // PER_FEATURE
    make_survey(features=features)
    pool = ImagePool.objects.get()
    made = []
    for number in range(features):
        feature = Feature.objects.get(name=f"layer1:channel={number}")
        strongest = [one.image for one in Activation.objects.filter(feature=feature).order_by("rank")[:SEEDS]]
        for place, image in enumerate(strongest):
            made += [_stimulus(rng, kind, feature, pool, image, place) for kind in Kind]
    return Stimulus.objects.bulk_create(made)


def freeze(*stimuli: Stimulus, quality: str = "", slug: str = "birds") -> FrozenSet:
    """A frozen set of these stimuli, whose protocol may declare bounds."""
    protocol = protocol_text(slug=slug) + (f"\n[stimuli.quality]\n{quality}\n" if quality else "")
    frozen = FrozenSet.objects.create(
        slug=slug,
        protocol=protocol,
        protocol_sha256=hashlib.sha256(protocol.encode()).hexdigest(),
        plan="",
        plan_sha256="00" * 32,
        verification={},
    )
    with opened(frozen):
        frozen.stimuli.add(*stimuli)
    return frozen


def _stimulus(
    rng: random.Random, kind: Kind, feature: Feature, pool: ImagePool, image: SourceImage, place: int
) -> Stimulus:
    on_a_seed = kind != Kind.VISUALIZATION
    optimised = kind != Kind.ATTRIBUTION
    before, after = rng.uniform(3, 5), rng.uniform(5, 9)
    config: dict[str, Any] = {"steps": STEPS, "crops": 8, "learning_rate": 0.05}
    return Stimulus(
        kind=kind,
        feature=feature,
        pool=pool,
        image=image if on_a_seed else None,
        config=config,
        config_sha256=hashlib.sha256(kind.encode()).hexdigest(),
        seed=rng.getrandbits(62) + place,
        activation_before=before,
        activation_after=after,
        rank_after=rng.randint(1, 5),
        crop_activation_before=before - 0.5,
        crop_activation_after=after - 0.5,
        distance=rng.uniform(0, 1) if on_a_seed else None,
        ssim=rng.uniform(0.6, 1) if on_a_seed else None,
        saturation=rng.uniform(0, 0.05),
        device="cpu",
        made_with={"torch": "2.0", "accentuation_sha256": "cd" * 32},
        sha256=write_picture(2000 + rng.randrange(PICTURES)),
        mask_sha256=write_picture(3000 + rng.randrange(3)) if on_a_seed and optimised else "",
        curve=[before + (after - before) * step / STEPS for step in range(STEPS)] if optimised else [],
    )
