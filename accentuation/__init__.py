"""Feature accentuation in PyTorch: a photograph with more of what a feature of a vision network responds to."""

from accentuation.accentuate import Accentuation, accentuate, check_config
from accentuation.config import AccentuationConfig
from accentuation.errors import AccentuationError, FeatureError, ModelError, WeightsError
from accentuation.features import Feature, channel_activations, check_feature, measure, parse_feature
from accentuation.models import VisionModel, load_model, model_names
from accentuation.panel import panel, to_picture, to_tensor

__all__ = [
    "Accentuation",
    "AccentuationConfig",
    "AccentuationError",
    "Feature",
    "FeatureError",
    "ModelError",
    "VisionModel",
    "WeightsError",
    "accentuate",
    "channel_activations",
    "check_config",
    "check_feature",
    "load_model",
    "measure",
    "model_names",
    "panel",
    "parse_feature",
    "to_picture",
    "to_tensor",
]
