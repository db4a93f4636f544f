"""Feature accentuation in PyTorch: a photograph with more of what a feature of a vision network responds to."""

from accentuation.accentuate import Accentuation, Job, accentuate, accentuate_many, check_config
from accentuation.config import AccentuationConfig
from accentuation.errors import AccentuationError, FeatureError, ModelError, WeightsError
from accentuation.feature_text import parse_feature
from accentuation.features import Channel, Direction, Feature, Logit, Neuron, SpatialMap, WeightedSum
from accentuation.freed_memory import keep_freed_memory
from accentuation.loop import Snapshot
from accentuation.measuring import (
    channel_activations,
    check_feature,
    latent_distance,
    measure,
    measure_on_crops,
    natural_levels,
)
from accentuation.models import VisionModel, load_model, model_names
from accentuation.panel import panel, to_picture, to_tensor
from accentuation.photograph import read_photograph
from accentuation.visualize import MagnitudeSpectrum, Visualization, mean_magnitude, visualize

__all__ = [
    "Accentuation",
    "AccentuationConfig",
    "AccentuationError",
    "Channel",
    "Direction",
    "Feature",
    "FeatureError",
    "Job",
    "Logit",
    "MagnitudeSpectrum",
    "ModelError",
    "Neuron",
    "Snapshot",
    "SpatialMap",
    "VisionModel",
    "Visualization",
    "WeightedSum",
    "WeightsError",
    "accentuate",
    "accentuate_many",
    "channel_activations",
    "check_config",
    "check_feature",
    "keep_freed_memory",
    "latent_distance",
    "load_model",
    "mean_magnitude",
    "measure",
    "measure_on_crops",
    "model_names",
    "natural_levels",
    "panel",
    "parse_feature",
    "read_photograph",
    "to_picture",
    "to_tensor",
    "visualize",
]
