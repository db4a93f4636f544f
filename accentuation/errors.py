"""What the library raises when it is asked for something it cannot do: one sentence each, with the remedy."""


class AccentuationError(ValueError):
    """The base of the errors of this library: an input that cannot be used as it stands."""


class FeatureError(AccentuationError):
    """A feature or layer that cannot be read: badly written, unknown to the network, or out of its range."""


class ModelError(AccentuationError):
    """A model that cannot be had: an unknown name, or weights that could not be downloaded."""


class WeightsError(AccentuationError):
    """A weights file that cannot be read or does not fit the architecture."""
