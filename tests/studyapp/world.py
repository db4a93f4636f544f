"""A small world to test in: a pool of generated images, a surveyed network, accentuations, a protocol.

The rows are those that the commands of ``stimuli`` leave behind; only the pictures and numbers are made up.
"""

import functools
import hashlib
import io
import random
from pathlib import Path

import numpy as np
from PIL import Image

from stimuli.freezing import freeze
from stimuli.models import Activation, Feature, FeatureSurvey, ImagePool, SourceImage, Stimulus, VisionModel, image_path
from stimuli.protocol import Protocol, ProtocolFile, parse_protocol
from stimuli.recipes import find_stimulus, needed_recipes
from stimuli.renditions import make_renditions
from stimuli.selection import select_images
from studyapp.models import Study
from studyapp.services.study import study_create
from tests.studyapp.kept_rows import made_or_put_back

IMAGES = 48
SIDE = 64
PRACTICE_FEATURES = ("layer1:channel=90", "layer1:channel=91")
CATCH_FEATURES = ("layer1:channel=80", "layer1:channel=81")
CONTINUATION = "\n[stimuli.continuation]\nseeds = 1\n"


def protocol_text(
    *,
    slug: str = "birds",
    features: int = 4,
    references: int = 4,
    conditions: tuple[str, ...] = ("exemplars", "accentuation"),
    seed: int = 7,
    pool: str = "patterns",
    stimuli: str = "",
    tables: str = "",
    task: str = "held_out",
    catch: bool = False,
) -> str:
    """A protocol file on the small world, with further lines of its table ``stimuli`` and further ``tables``.

    Tasks on continuations have their table; ``catch`` adds two catch features.
    """
    if task != "held_out":
        tables += CONTINUATION
    if catch:
        stimuli += f"\ncatch_features = {list(CATCH_FEATURES)}"
    main = [f"layer1:channel={number}" for number in range(features)]
    return f"""
slug = "{slug}"
title = "Detectors & <patterns>"
seed = {seed}

[stimuli]
model = "small_net"
pool = "{pool}"
references = {references}
practice_features = {list(PRACTICE_FEATURES)}
features = {main}
{stimuli}

{tables}

[trials]
task = "{task}"
conditions = {list(conditions)}

[consent]
version = "2024-1"
text = "You look at patterns.\\n\\nTaking part is\\nvoluntary."

[instructions]
text = "Find what the patterns have in common.\\n\\nThen choose."

[completion]
text = "That was all."
"""


def protocol_file(text: str) -> ProtocolFile:
    """What ``read_protocol`` gives for a file with this text."""
    return ProtocolFile(parse_protocol(text), text, hashlib.sha256(text.encode()).hexdigest())


def make_survey(*, features: int = 4, images: int = IMAGES) -> None:
    """A pool whose images all come from different photographs, and every feature's activations on it."""
    pool = ImagePool.objects.create(name="patterns", origin="generated for the tests", image_size=SIDE)
    network = VisionModel.objects.create(
        name="small_net",
        weights_sha256="ab" * 32,
        weights_source="none",
        input_size=SIDE,
        mean=[0.5, 0.5, 0.5],
        std=[0.5, 0.5, 0.5],
    )
    natural = SourceImage.objects.bulk_create(
        SourceImage(
            pool=pool,
            sha256=write_picture(number),
            photograph_sha256=hashlib.sha256(f"photograph {number}".encode()).hexdigest(),
            photograph_name=f"photograph-{number}.jpg",
            left=0,
            top=0,
            side=SIDE,
            perceptual_hash=random.Random(number).randrange(-(2**63), 2**63),
        )
        for number in range(images)
    )
    for name in (*(f"layer1:channel={number}" for number in range(features)), *PRACTICE_FEATURES, *CATCH_FEATURES):
        feature = Feature.objects.create(model=network, name=name)
        FeatureSurvey.objects.create(feature=feature, pool=pool, images=images, ends=images, sampled=images)
        ranked = random.Random(name).sample(natural, images)
        Activation.objects.bulk_create(
            Activation(feature=feature, image=image, value=5.0 - 0.1 * rank, rank=rank)
            for rank, image in enumerate(ranked, start=1)
        )


def make_stimuli(protocol: Protocol) -> None:
    """The stimuli that the protocol needs and all files for browsers, as ``generate_stimuli`` would leave them."""
    selected = select_images(protocol)
    recipes = needed_recipes(protocol, selected)
    Stimulus.objects.bulk_create(
        Stimulus(
            kind=recipe.kind,
            feature=recipe.feature,
            pool=recipe.pool,
            image=recipe.image,
            config=recipe.config,
            config_sha256=recipe.config_sha256,
            seed=recipe.seed,
            activation_before=4.5 if recipe.image else None,
            activation_after=9.25,
            curve=[4.5, 9.25] if recipe.kind == Stimulus.Kind.CONTINUATION else [],
            device="cpu",
            sha256=write_picture(1000 + number),
        )
        for number, recipe in enumerate(recipe for recipe in recipes if find_stimulus(recipe) is None)
    )
    natural = [one.image for images in selected for one in images.images]
    seeds = [recipe.image for recipe in recipes if recipe.image]
    list(make_renditions([*natural, *seeds, *Stimulus.objects.all()], protocol.stimuli.files))


def make_study(text: str) -> Study:
    """A study from this protocol, with everything it stands on."""
    return made_or_put_back(text, lambda: _make_study(text))


def _make_study(text: str) -> Study:
    file = protocol_file(text)
    if not ImagePool.objects.exists():
        make_survey(features=len(file.protocol.stimuli.features))
    make_stimuli(file.protocol)
    freeze(file)
    study, _ = study_create(file=file)
    return study


@functools.cache  # the files stay for the whole test run, only the rows come and go
def write_picture(number: int) -> str:
    """Store a distinct PNG, whole and named by its SHA-256, which is returned."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    rng = np.random.default_rng(number)
    frequency, angle, phase = rng.uniform(2, 9, 3), rng.uniform(0, np.pi, 3), rng.uniform(0, 2 * np.pi, 3)
    waves = [
        np.sin(2 * np.pi * f * (x * np.cos(a) + y * np.sin(a)) + p)
        for f, a, p in zip(frequency, angle, phase, strict=True)
    ]
    pixels = (127.5 + 127.5 * np.stack(waves, axis=-1)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    sha256 = hashlib.sha256(buffer.getvalue()).hexdigest()
    path: Path = image_path(sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue())
    return sha256
