"""Percentiles and ranks of natural images, of pools kept whole and of pools of which ends and a sample are kept."""

import numpy as np
import pytest

from stimuli.models import Activation, Feature, FeatureSurvey, ImagePool, SourceImage, VisionModel
from stimuli.natural import activation_at, sample_sha256, spectrum_sample
from stimuli.protocol import ProtocolError
from stimuli.survey import rank_among
from tests.stimuli.hand_survey import survey_by_hand

IMAGES = 101


@pytest.fixture
def pool(db: None) -> ImagePool:
    pool = ImagePool.objects.create(name="pool", origin="test", image_size=64)
    SourceImage.objects.bulk_create(
        SourceImage(pool=pool, sha256=f"{number:064x}", left=0, top=0, side=64) for number in range(IMAGES)
    )
    return pool


@pytest.fixture
def network(db: None) -> VisionModel:
    return VisionModel.objects.create(name="net", weights_sha256="a" * 64, input_size=64, mean=[0], std=[1])


def values() -> list[float]:
    return sorted(np.random.default_rng(1).normal(size=IMAGES).tolist(), reverse=True)


@pytest.mark.parametrize("percentile", [0, 12.3, 50, 90, 99, 100])
def test_a_percentile_of_a_pool_kept_whole_is_numpys(pool: ImagePool, network: VisionModel, percentile: float) -> None:
    feature = survey_by_hand(network, "logit=1", list(pool.images.all()), values())
    assert activation_at(feature, pool, percentile) == pytest.approx(np.percentile(values(), percentile))


def test_of_a_large_pool_the_ranks_place_what_was_kept(pool: ImagePool, network: VisionModel) -> None:
    feature = Feature.objects.create(model=network, name="logit=1")
    FeatureSurvey.objects.create(feature=feature, pool=pool, images=10_001, ends=2, sampled=3)
    kept = [(1, 9.0), (2, 8.0), (2501, 4.0), (5001, 0.0), (7501, -4.0), (10_000, -8.0), (10_001, -9.0)]
    Activation.objects.bulk_create(
        Activation(feature=feature, image=image, rank=rank, value=value)
        for image, (rank, value) in zip(pool.images.all(), kept, strict=False)
    )
    assert activation_at(feature, pool, 50) == 0.0
    assert activation_at(feature, pool, 62.5) == pytest.approx(2.0)
    assert activation_at(feature, pool, 100) == 9.0
    # 3.9 lies half way between the expected ranks of its neighbours in the sample, 2501.5 and 5001.
    assert [rank_among(feature, pool, value) for value in (9.5, 8.5, 3.9, -99.0)] == [1, 2, 3752, 10_002]


def test_the_rank_of_an_image_is_one_more_than_the_natural_images_above_it(
    pool: ImagePool, network: VisionModel
) -> None:
    feature = survey_by_hand(network, "logit=1", list(pool.images.all()), values())
    for activation in (-10.0, 0.0, 0.1, values()[3], 10.0):
        assert rank_among(feature, pool, activation) == 1 + sum(value > activation for value in values())


def test_a_feature_that_was_not_surveyed_is_named(pool: ImagePool, network: VisionModel) -> None:
    feature = Feature.objects.create(model=network, name="logit=7")
    with pytest.raises(ProtocolError, match="logit=7 has not been surveyed over the pool pool"):
        activation_at(feature, pool, 50)


def test_the_sample_of_a_spectrum_is_drawn_by_the_seed_and_named_by_its_images(pool: ImagePool) -> None:
    one, other = spectrum_sample(pool.pk, 1, 20), spectrum_sample(pool.pk, 2, 20)
    spectrum_sample.cache_clear()
    assert one == spectrum_sample(pool.pk, 1, 20)
    assert len(set(one)) == 20
    assert one != other
    assert sample_sha256(one) == sample_sha256(one[::-1]) != sample_sha256(other)
    assert len(spectrum_sample(pool.pk, 1, 10_000)) == IMAGES
