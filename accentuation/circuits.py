"""Natural circuits: is an image processed the way natural images that excite the same feature are?

The validation of Hamblin et al. (arXiv 2402.10039): in each layer, every unit has a share in the feature; two images
are processed alike where these shares correlate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from accentuation.errors import AccentuationError, FeatureError
from accentuation.features import Feature, feature_values
from accentuation.images import check_images
from accentuation.measuring import check_feature, check_layer, require_list
from accentuation.models import VisionModel
from accentuation.reading import frozen, read_layers

Vectors = Mapping[str, Tensor]

# So many images pass the network at once.
BATCH = 8


@dataclass(frozen=True)
class CircuitCorrelations:
    """Pearson correlations between the circuits of two images, for each pair, by layer; layers from first to last.

    Attributes:
        natural: of two different natural images, ``(N (N - 1) / 2,)``.
        accentuation: of an accentuation and a natural image that is not its seed, ``(pairs,)``.
        visualization: of a noise-seeded visualisation and a natural image, ``(V N,)``; empty where there are none.
    """

    natural: dict[str, Tensor]
    accentuation: dict[str, Tensor]
    visualization: dict[str, Tensor]


def circuit_vectors(model: VisionModel, images: Tensor, feature: Feature, layers: Sequence[str]) -> dict[str, Tensor]:
    """The share of every unit in a feature: its activation times the feature's gradient, summed over positions.

    The model comes back as it was.

    Args:
        model: the network.
        images: ``(B, 3, H, W)`` in [0, 1], any height and width; not square ones are stretched to a square.
        feature: what the units contribute to.
        layers: names of layers that run before the feature.

    Returns:
        ``(B, units)`` by layer, in units of the feature.

    Raises:
        FeatureError: the network has no such feature or layer, or a layer does not lead to the feature.
        AccentuationError: there are no images, or they are none.
    """
    check_images(images)
    check_feature(model, feature)
    require_list(layers)
    for layer in layers:
        check_layer(model, layer)
    with frozen(model.module), torch.enable_grad():
        parts = [_vectors(model, batch, feature, layers) for batch in torch.split(images.detach(), BATCH)]
    return {layer: torch.cat([part[layer] for part in parts]) for layer in layers}


def circuit_correlations(
    natural: Vectors, accentuations: Vectors, seeds: Sequence[int], visualizations: Vectors | None = None
) -> CircuitCorrelations:
    """Correlate the circuits of images for one feature; an accentuation is never compared with its own seed.

    Args:
        natural: circuits of N natural images, ``(N, units)`` by layer, as :func:`circuit_vectors` gives them.
        accentuations: circuits of A accentuations, ``(A, units)`` by layer.
        seeds: for each accentuation, which of the natural images was its seed, 0 to N - 1.
        visualizations: circuits of V noise-seeded visualisations, ``(V, units)`` by layer, if there are any.

    Raises:
        AccentuationError: fewer than two natural images, a seed that is not one of them, circuits of other layers, or
            one that is the same for all units and so has no correlation.
    """
    _check_vectors(natural, accentuations, seeds, natural if visualizations is None else visualizations)
    among, accentuated, visualized = {}, {}, {}
    for layer, vectors in natural.items():
        count = len(vectors)
        first, second = torch.triu_indices(count, count, offset=1)
        others = torch.arange(count)[None] != torch.tensor(seeds)[:, None]  # (A, N)
        among[layer] = _correlations(vectors, vectors, layer)[first, second]
        accentuated[layer] = _correlations(accentuations[layer], vectors, layer)[others]
        if visualizations is not None:
            visualized[layer] = _correlations(visualizations[layer], vectors, layer).flatten()
    return CircuitCorrelations(among, accentuated, visualized)


def pooled(parts: Sequence[CircuitCorrelations]) -> CircuitCorrelations:
    """The correlations of several features as one: their pairs put together, in every layer that a feature has.

    Args:
        parts: one for each feature; the layers come in the order in which they appear.
    """
    return CircuitCorrelations(
        _put_together([part.natural for part in parts]),
        _put_together([part.accentuation for part in parts]),
        _put_together([part.visualization for part in parts]),
    )


def _put_together(parts: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    layers = dict.fromkeys(layer for part in parts for layer in part)
    return {layer: torch.cat([part[layer] for part in parts if layer in part]) for layer in layers}


def _vectors(model: VisionModel, images: Tensor, feature: Feature, layers: Sequence[str]) -> dict[str, Tensor]:
    inputs = model.resize(images.to(model.device)).requires_grad_()
    outputs = read_layers(model, inputs, list(dict.fromkeys([*layers, *feature.layers])))
    # In evaluation mode no image touches another's value, so one pass of the sum gives every image's own gradient.
    value = feature_values(outputs, feature).sum()
    gradients = torch.autograd.grad(value, [outputs[layer] for layer in layers], allow_unused=True)
    vectors = {}
    for layer, gradient in zip(layers, gradients, strict=True):
        if gradient is None:
            raise FeatureError(f"`{layer}` does not lead to `{feature}`; name a layer before it.")
        shares = (outputs[layer] * gradient).detach()
        vectors[layer] = shares.flatten(2).sum(dim=2) if shares.ndim > 2 else shares
    return vectors


def _correlations(vectors: Tensor, others: Tensor, layer: str) -> Tensor:
    """Between every row of ``(A, units)`` and every row of ``(B, units)``: ``(A, B)``, on the CPU."""
    correlations: Tensor = _standardized(vectors, layer) @ _standardized(others, layer).T
    return correlations


def _standardized(vectors: Tensor, layer: str) -> Tensor:
    """Rows of mean 0 and length 1."""
    values = vectors.detach().cpu().double()
    centred: Tensor = values - values.mean(dim=1, keepdim=True)
    lengths: Tensor = torch.linalg.vector_norm(centred, dim=1, keepdim=True)
    # The mean of equal values need not be exact; 32-bit values that differ at all do so by more than this.
    if not bool((lengths > 1e-10 * torch.linalg.vector_norm(values, dim=1, keepdim=True)).all()):
        raise AccentuationError(
            f"In `{layer}` an image has the same share of the feature in every unit, so nothing correlates with it; "
            "leave out the image or the layer."
        )
    return centred / lengths


def _check_vectors(natural: Vectors, accentuations: Vectors, seeds: Sequence[int], visualizations: Vectors) -> None:
    if not natural.keys() == accentuations.keys() == visualizations.keys():
        raise AccentuationError("Circuits can only be compared in the same layers; read all images at the same ones.")
    for vectors in natural.values():
        if len(vectors) < 2:
            raise AccentuationError("Circuits are compared between natural images, so there must be at least two.")
        if not all(0 <= seed < len(vectors) for seed in seeds):
            raise AccentuationError(f"Every seed must be the number of a natural image, 0 to {len(vectors) - 1}.")
    for vectors in accentuations.values():
        if len(vectors) != len(seeds):
            raise AccentuationError(f"There are {len(vectors)} accentuations but {len(seeds)} seeds; give one to each.")
