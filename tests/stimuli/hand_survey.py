"""A feature surveyed by hand: which image of a pool activates it how strongly is made up."""

from collections.abc import Sequence

from stimuli.models import Activation, Feature, FeatureSurvey, SourceImage, VisionModel


def survey_by_hand(
    network: VisionModel, name: str, order: Sequence[SourceImage], values: Sequence[float] | None = None
) -> Feature:
    """Rank all images of a pool, strongest first; without ``values`` the activation falls by 1 each, from 0."""
    feature = Feature.objects.create(model=network, name=name)
    images = len(order)
    FeatureSurvey.objects.create(feature=feature, pool=order[0].pool, images=images, ends=images, sampled=images)
    values = values or [float(-number) for number in range(images)]
    Activation.objects.bulk_create(
        Activation(feature=feature, image=image, value=value, rank=number)
        for number, (image, value) in enumerate(zip(order, values, strict=True), start=1)
    )
    return feature
