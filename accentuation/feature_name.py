"""What to call a feature before people."""

from accentuation.features import Direction, Feature, Logit, SpatialMap, short_text
from accentuation.models import VisionModel

# A direction or map with more entries than this is counted instead of written out: nobody reads a hundred weights.
MOST_ENTRIES = 3


def feature_name(model: VisionModel, feature: Feature) -> str:
    """The class's name for a logit of a network that names its classes, else the feature's text form, kept short."""
    if isinstance(feature, Logit) and feature.index < len(model.classes):
        return model.classes[feature.index]
    if isinstance(feature, Direction) and len(feature.components) > MOST_ENTRIES:
        return f"{feature.layer}: direction of {len(feature.components)} channels"
    if isinstance(feature, SpatialMap) and len(feature.points) > MOST_ENTRIES:
        return f"{feature.layer}: map of {len(feature.points)} entries"
    return short_text(feature)
