"""An attribution map shown over its image."""

import numpy as np
import torch
from matplotlib import colormaps
from torch import Tensor

from accentuation.errors import AccentuationError
from accentuation.images import check_image

# Both are perceptually uniform and safe for colour-blind eyes. Where nothing happens both are dark, and a signed map
# goes from there to blue (less) and to red (more).
SEQUENTIAL = "viridis"
DIVERGING = "berlin"

# Brightness of red, green and blue in a grey picture (ITU-R BT.601).
_LUMA = (0.299, 0.587, 0.114)


def overlay(image: Tensor, attribution: Tensor, *, opacity: float = 0.6, percentile: float = 99.0) -> Tensor:
    """Colours over the image in grey, so that every hue comes from the map.

    A map without negative values is shown from 0 up in ``viridis``; any other from blue over black at 0 to red in
    ``berlin`` (Crameri's scientific colour maps), which makes equal sizes of both signs equally strong.

    Args:
        image: ``(3, H, W)`` in [0, 1].
        attribution: ``(1, H, W)``, in any unit.
        opacity: of the colours, 0 to 1.
        percentile: of the absolute values, in (0, 100]; what reaches it has the strongest colour, so that single pixels
            do not darken all the others.

    Returns:
        ``(3, H, W)`` in [0, 1], on the image's device.

    Raises:
        AccentuationError: the image is not an image, the sizes differ, the map holds a value that is not
            finite, or a setting is out of its range.
    """
    _check(image, attribution, opacity, percentile)
    values = attribution.detach().to(device=image.device, dtype=torch.float32)
    scaled = (values / _strongest(values.abs(), percentile)).clamp(-1, 1)[0]
    signed = bool((values < 0).any())
    level = (scaled + 1) / 2 if signed else scaled
    table = np.asarray(colormaps[DIVERGING if signed else SEQUENTIAL](np.linspace(0, 1, 256)), dtype=np.float32)
    colors = torch.from_numpy(table[:, :3]).to(image.device)[(level * 255).round().long()].permute(2, 0, 1)
    grey = torch.einsum("chw,c->hw", image.detach(), image.new_tensor(_LUMA))
    return opacity * colors + (1 - opacity) * grey


def _strongest(sizes: Tensor, percentile: float) -> Tensor:
    """The percentile of the sizes; the largest where most are 0, and 1 where all are."""
    # Tensor.quantile refuses large inputs; the k-th value does not.
    rank = max(1, round(percentile / 100 * sizes.numel()))
    strongest = sizes.flatten().kthvalue(rank).values
    strongest = torch.where(strongest > 0, strongest, sizes.max())
    return torch.where(strongest > 0, strongest, 1.0)


def _check(image: Tensor, attribution: Tensor, opacity: float, percentile: float) -> None:
    check_image(image)
    if attribution.shape != (1, *image.shape[1:]):
        raise AccentuationError(
            f"An image (3, height, width) and its attribution (1, height, width) must have one size, "
            f"not {tuple(image.shape)} and {tuple(attribution.shape)}."
        )
    if not bool(attribution.isfinite().all()):
        raise AccentuationError("The attribution holds a value that is not finite; mend it before it is shown.")
    if not 0 <= opacity <= 1:
        raise AccentuationError("The opacity of an overlay must be from 0 to 1.")
    if not 0 < percentile <= 100:
        raise AccentuationError("The percentile of an overlay must be more than 0 and at most 100.")
