"""Continuations: which seeds, which foils, how strong; and the recipes that follow from them."""

import random

import pytest

from stimuli.continuations import Continuation, foils_of, layer_of, plan_continuations
from stimuli.models import Activation, FeatureSurvey, ImagePool, SourceImage, VisionModel
from stimuli.natural import activation_at
from stimuli.protocol import Protocol, ProtocolError, parse_protocol
from stimuli.recipes import continuation_recipes, needed_recipes
from stimuli.selection import select_images
from tests.stimuli.conftest import PROTOCOL
from tests.stimuli.hand_survey import survey_by_hand

FEATURES = ("blocks.1:channel=1", "blocks.1:channel=2", "blocks.2:channel=1", "logit=3")


def protocol(seeds: int = 2, seed: int = 7) -> Protocol:
    text = PROTOCOL.replace('"logit=281", "blocks.4.2:channel=17"', ", ".join(f'"{name}"' for name in FEATURES[1:]))
    text = text.replace('"logit=967"', f'"{FEATURES[0]}"').replace("seed = 7", f"seed = {seed}")
    text = text.replace('"exemplars", "accentuation"', '"exemplars"')
    table = f"[stimuli.continuation]\nweak = 70.0\nstrong = 95.0\nseeds = {seeds}\n\n[trials]"
    return parse_protocol(text.replace("[trials]", table))


@pytest.fixture
def surveyed(db: None) -> ImagePool:
    pool = ImagePool.objects.create(name="small", origin="test", image_size=64)
    network = VisionModel.objects.create(
        name="efficientnet_lite0",
        weights_sha256="a" * 64,
        input_size=64,
        mean=[0],
        std=[1],
        regularization_layer="middle",
    )
    images = SourceImage.objects.bulk_create(
        SourceImage(
            pool=pool,
            sha256=f"{n:064x}",
            photograph_sha256=f"{n:064x}",
            left=0,
            top=0,
            side=64,
            perceptual_hash=random.Random(n).randrange(-(2**63), 2**63),
        )
        for n in range(40)
    )
    for name in FEATURES:
        survey_by_hand(network, name, random.Random(name).sample(images, len(images)))
    return pool


def planned(asked: Protocol) -> list[Continuation]:
    return plan_continuations(asked, select_images(asked))


def test_a_seed_is_weak_for_its_feature_and_in_no_other_trial(surveyed: ImagePool) -> None:
    asked = protocol()
    found = planned(asked)
    assert [one.feature.name for one in found] == [name for name in (*FEATURES[1:], FEATURES[0]) for _ in range(2)]
    shown = {one.image.pk for images in select_images(asked) for one in images.images}
    assert len({one.image.pk for one in found} | shown) == len(found) + len(shown)
    for one in found:
        of_seed = {row.feature.name: row.value for row in Activation.objects.filter(image=one.image)}
        assert of_seed[one.feature.name] < activation_at(one.feature, surveyed, 50)
        assert of_seed[one.foil.name] < one.foil_level.activation


def test_no_seed_looks_like_an_image_of_a_trial_or_comes_from_a_photograph_of_its_feature(surveyed: ImagePool) -> None:
    asked = protocol(seeds=1)
    before = {one.feature.name: one.image for one in planned(asked)}
    shown = {images.feature.name: images.images[0].image for images in select_images(asked)}
    first, second, *_ = FEATURES[1:]
    # A near-duplicate of another feature's reference: one bit apart.
    SourceImage.objects.filter(pk=before[first].pk).update(perceptual_hash=shown[second].perceptual_hash ^ 1)
    SourceImage.objects.filter(pk=before[second].pk).update(photograph_sha256=shown[second].photograph_sha256)
    after = {one.feature.name: one.image for one in planned(asked)}
    assert before[first] not in after.values()
    assert after[second] != before[second]


def test_of_a_large_pool_seeds_come_from_the_sample_and_not_from_its_weak_end(surveyed: ImagePool) -> None:
    FeatureSurvey.objects.update(ends=18, sampled=4)
    ranks = {
        one.feature.name: Activation.objects.get(feature=one.feature, image=one.image).rank
        for one in planned(protocol(seeds=1))
    }
    assert all(18 < rank <= 22 for rank in ranks.values())


def test_levels_are_the_percentiles_of_each_feature_itself(surveyed: ImagePool) -> None:
    for one in planned(protocol()):
        weak, strong = one.levels
        assert (weak.percentile, strong.percentile, one.foil_level.percentile) == (70.0, 95.0, 95.0)
        assert weak.activation == activation_at(one.feature, surveyed, 70) < strong.activation
        assert one.foil_level.activation == activation_at(one.foil, surveyed, 95)


def test_the_same_protocol_plans_the_same_and_another_seed_other_ones(surveyed: ImagePool) -> None:
    assert planned(protocol()) == planned(protocol())
    assert {one.image.pk for one in planned(protocol())} != {one.image.pk for one in planned(protocol(seed=8))}


def test_too_few_seeds_are_said(surveyed: ImagePool) -> None:
    with pytest.raises(ProtocolError, match=r"images in the pool 'small' that can be seeds of continuations"):
        planned(protocol(seeds=9))


def test_a_protocol_without_the_table_has_none(surveyed: ImagePool) -> None:
    text = PROTOCOL.replace('"logit=281", "blocks.4.2:channel=17"', f'"{FEATURES[1]}"').replace(
        "logit=967", FEATURES[0]
    )
    assert planned(parse_protocol(text)) == []


def test_weak_and_strong_share_one_run_and_differ_in_their_level(surveyed: ImagePool) -> None:
    asked = protocol(seeds=1)
    (one, *_) = planned(asked)
    weak, strong, foil = continuation_recipes(asked, one)
    assert weak.run == strong.run == (weak.config_sha256, strong.config_sha256)
    assert weak.seed == strong.seed
    assert weak.settings() == strong.settings()
    assert weak.settings()["levels"] == tuple(level.activation for level in one.levels)
    assert (weak.config["level"], strong.config["level"]) == weak.settings()["levels"]
    assert (foil.feature, foil.image, foil.run) == (one.foil, one.image, (foil.config_sha256,))
    assert len(needed_recipes(asked, select_images(asked))) == 3 * len(FEATURES)


@pytest.mark.parametrize("seed", range(5))
def test_a_foil_is_another_feature_of_the_same_layer_and_nobodys_twice(seed: int) -> None:
    names = [f"a:channel={number}" for number in range(4)] + ["b:channel=1", "logit=1", "logit=2", "c:channel=1"]
    drawn = foils_of(names, seed)
    assert drawn == foils_of(names, seed)
    assert sorted(drawn) == sorted(names)
    assert sorted(drawn.values()) == sorted(names)
    for name, foil in drawn.items():
        assert name != foil
        if layer_of(name) in ("a", "logit"):
            assert layer_of(foil) == layer_of(name)


def test_a_feature_alone_in_its_layer_still_gets_a_foil() -> None:
    drawn = foils_of(["a:channel=1", "a:channel=2", "logit=1"], 3)
    assert drawn["logit=1"] in ("a:channel=1", "a:channel=2")
    assert drawn["a:channel=1"] == "a:channel=2"
