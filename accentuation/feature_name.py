"""What to call a feature before people."""

from accentuation.features import Feature, Logit
from accentuation.models import VisionModel


def feature_name(model: VisionModel, feature: Feature) -> str:
    """The class's name for a logit of a network that names its classes, else the feature's text form."""
    if isinstance(feature, Logit) and feature.index < len(model.classes):
        return model.classes[feature.index]
    return str(feature)
