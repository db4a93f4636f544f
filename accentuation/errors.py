"""What the library raises when it is asked for something it cannot do: one sentence each, with the remedy."""

import torch


class AccentuationError(ValueError):
    """The base of the errors of this library: an input that cannot be used as it stands."""


class FeatureError(AccentuationError):
    """A feature or layer that cannot be read: badly written, unknown to the network, or out of its range."""


class ModelError(AccentuationError):
    """A model that cannot be had: an unknown name, or weights that could not be downloaded."""


class WeightsError(AccentuationError):
    """A weights file that cannot be read or does not fit the architecture."""


# Only on a GPU, and there not from every library, does PyTorch raise a class of its own; else its words must tell.
_OUT_OF_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "CUDNN_STATUS_ALLOC_FAILED",
    "CUBLAS_STATUS_ALLOC_FAILED",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether this is how PyTorch or Python says that memory ran out, on any device."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _OUT_OF_MEMORY)
