"""How many images fit into memory at once, and what to do when they do not."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import TypeVar

import torch
from torch import Tensor

from accentuation.config import AccentuationConfig
from accentuation.errors import AccentuationError, is_out_of_memory
from accentuation.features import Feature, feature_values
from accentuation.models import VisionModel
from accentuation.reading import frozen, read_layers

Item = TypeVar("Item")
Result = TypeVar("Result")

# Of the free memory, what a batch may plan to fill: fragments and other users of the device want the rest.
SHARE = 0.7


def in_batches(
    make: Callable[[Sequence[Item]], Sequence[Result]], items: Iterable[Item], first_size: Callable[[Item], int]
) -> Iterator[Result]:
    """Results in the order of the items. Where memory runs out, the size is halved and the batch made again.

    Args:
        make: the results of a batch.
        items: taken as they are needed.
        first_size: the size to begin with, asked with the first item.

    Raises:
        AccentuationError: there is no memory for even one.
    """
    source = iter(items)
    head = next(source, None)
    if head is None:
        return
    size = max(1, first_size(head))
    source = chain([head], source)
    while batch := list(islice(source, size)):
        try:
            results = make(batch)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            results = None
        if results is not None:
            yield from results
            continue
        if len(batch) == 1:
            raise AccentuationError("There is no memory for even one accentuation; use fewer crops or a smaller image.")
        size = max(1, len(batch) // 2)
        source = chain(batch, source)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()  # the memory of the failed batch, in pieces that the smaller one may not fit


def fitting_batch_size(model: VisionModel, seed_image: Tensor, feature: Feature, config: AccentuationConfig) -> int:
    """How many images of this size fit into the free memory of the model's device; 1 on a CPU.

    Measured by one forward and backward pass of the crops of one image, for a feature that the network has.
    """
    device = model.device
    if device.type != "cuda":
        return 1
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device)
    base = torch.cuda.memory_allocated(device)
    size = model.input_size
    crops = torch.zeros(config.crops, 3, size, size, device=device, dtype=torch.float32, requires_grad=True)
    with frozen(model.module), torch.enable_grad():
        value = feature_values(read_layers(model, crops, feature.layers), feature).sum()
        torch.autograd.grad(value, crops)
    del value
    one = torch.cuda.max_memory_allocated(device) - base
    # The product of the crops' columns, as long as the image is high, and its copy in the order of the rows come on
    # top, both with their gradient; so do a few images.
    one += 4 * 4 * config.crops * size * 3 * seed_image.shape[-2] + 4 * 60 * seed_image.numel()
    del crops
    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info(device)
    return max(1, int(SHARE * free / one))
