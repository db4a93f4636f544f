"""Recipes: the same protocol gives the same ones everywhere, and any change gives others."""

from dataclasses import asdict

import pytest

from accentuation import AccentuationConfig
from stimuli.models import Feature, ImagePool, SourceImage, Stimulus, VisionModel
from stimuli.protocol import AccentuationTable, Protocol, parse_protocol
from stimuli.recipes import Recipe, accentuation_recipe, find_stimulus, needed_recipes
from stimuli.selection import FeatureImages, ImageBatch, QueryImages, RankedImage

TEXT = """\
slug = "s"
title = "S"
seed = {seed}
[stimuli]
model = "net"
pool = "pool"
features = ["logit=1"]
practice_features = ["logit=2"]
[stimuli.accentuation]
steps = {steps}
[trials]
conditions = [{conditions}]
[consent]
version = "1"
text = "c"
[instructions]
text = "i"
[completion]
text = "d"
"""

NETWORK = VisionModel(name="net", regularization_layer="middle")
POOL = ImagePool(pk=1, name="pool")


def protocol(seed: int = 7, steps: int = 3, conditions: str = '"exemplars", "accentuation"') -> Protocol:
    return parse_protocol(TEXT.format(seed=seed, steps=steps, conditions=conditions))


def recipe(asked: Protocol, feature: str = "logit=1", image: str = "ab" * 32) -> Recipe:
    return accentuation_recipe(asked, Feature(model=NETWORK, name=feature), SourceImage(pool=POOL, sha256=image))


def test_seed_and_config_hash_are_the_same_on_every_machine() -> None:
    made = recipe(protocol())
    # Computed apart from this code: SHA-256 of the lines `7`, `logit=1`, `abab...`, and of the config in JSON.
    assert made.seed == 4909304463449375403
    assert made.config_sha256 == "ded8c8116036b9c57035fb60d5513d9395381948397a050ddadd9c329b835aef"


def test_the_seed_depends_on_study_feature_and_image() -> None:
    seeds = {
        recipe(protocol()).seed,
        recipe(protocol(seed=8)).seed,
        recipe(protocol(), feature="logit=2").seed,
        recipe(protocol(), image="cd" * 32).seed,
    }
    assert len(seeds) == 4
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_another_config_is_another_recipe_with_the_same_seed() -> None:
    one, other = recipe(protocol()), recipe(protocol(steps=4))
    assert one.config_sha256 != other.config_sha256
    assert one.seed == other.seed


def test_a_recipe_without_wishes_is_the_librarys_default() -> None:
    config = recipe(parse_protocol(TEXT.format(seed=1, steps=100, conditions='"accentuation"'))).config
    assert AccentuationConfig(**config) == AccentuationConfig(regularization_layer="middle")
    assert config.keys() == asdict(AccentuationConfig()).keys()
    assert AccentuationTable().model_dump(exclude={"regularization_layer"}).items() <= config.items()


def test_the_regularization_layer_of_the_protocol_comes_before_the_networks_own() -> None:
    wished = TEXT.replace("steps = {steps}", 'regularization_layer = "early"')
    config = recipe(parse_protocol(wished.format(seed=1, conditions='"accentuation"'))).config
    assert config["regularization_layer"] == "early"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("conditions", "count"), [('"exemplars"', 0), ('"accentuation"', 6), ('"exemplars", "accentuation"', 6)]
)
def test_every_reference_of_every_feature_is_accentuated_if_the_study_shows_it(conditions: str, count: int) -> None:
    def ranked(number: int) -> RankedImage:
        return RankedImage(SourceImage(pool=POOL, pk=number, sha256=f"{number:064x}"), float(-number), number)

    def batch(first: int, second: int, strong: int, weak: int) -> ImageBatch:
        queries = (QueryImages("easy", ranked(strong), ranked(weak)),)
        return ImageBatch((ranked(first), ranked(second)), (ranked(20 + weak),), queries)

    selected = [
        FeatureImages(Feature(pk=1, model=NETWORK, name="logit=1"), "main", (batch(1, 2, 3, 9), batch(10, 11, 12, 19))),
        FeatureImages(Feature(pk=2, model=NETWORK, name="logit=2"), "practice", (batch(4, 5, 6, 8),)),
    ]
    recipes = needed_recipes(protocol(conditions=conditions), selected)
    expected = [("logit=1", 1), ("logit=1", 2), ("logit=1", 10), ("logit=1", 11), ("logit=2", 4), ("logit=2", 5)][
        :count
    ]
    assert [(one.feature.name, one.image.pk) for one in recipes] == expected


@pytest.mark.django_db
def test_it_finds_the_stimulus_of_exactly_this_recipe() -> None:
    network = VisionModel.objects.create(name="net", weights_sha256="a" * 64, input_size=64, mean=[0], std=[1])
    feature = Feature.objects.create(model=network, name="logit=1")
    pool = ImagePool.objects.create(name="pool", origin="test", image_size=64)
    image = SourceImage.objects.create(pool=pool, sha256="b" * 64, left=0, top=0, side=64)
    made = accentuation_recipe(protocol(), feature, image)
    assert find_stimulus(made) is None
    stimulus = Stimulus.objects.create(
        kind=made.kind,
        feature=feature,
        pool=pool,
        image=image,
        config=made.config,
        config_sha256=made.config_sha256,
        seed=made.seed,
        activation_before=1.0,
        activation_after=2.0,
        device="cpu",
        sha256="c" * 64,
    )
    assert find_stimulus(made) == stimulus
    assert find_stimulus(accentuation_recipe(protocol(steps=4), feature, image)) is None
    assert find_stimulus(accentuation_recipe(protocol(seed=8), feature, image)) is None
