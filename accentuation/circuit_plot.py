"""The correlations of natural circuits as a figure."""

import torch
from matplotlib.figure import Figure
from torch import Tensor

from accentuation.circuits import CircuitCorrelations

# Colours that colour-blind eyes tell apart (Okabe and Ito, "Color Universal Design"), and markers for grey print.
_LOOKS = (("#000000", "o", "-"), ("#D55E00", "s", "-"), ("#0072B2", "^", "--"))
_LABELS = ("natural - natural", "accentuation - natural", "visualisation - natural")


def circuit_plot(correlations: CircuitCorrelations) -> Figure:
    """Median correlation by layer, and a band that holds the middle half of the pairs.

    Args:
        correlations: of one feature, or of several :func:`~accentuation.circuits.pooled`; a kind without pairs is left
            out.

    Returns:
        A figure that belongs to nobody: save it by its ``savefig``.
    """
    layers = list(correlations.natural)
    # Slanted names take their height from the plot: long ones get a higher figure.
    figure = Figure(figsize=(7.5, 3.8 + 0.035 * max(map(len, layers))), layout="constrained")
    axes = figure.add_subplot()
    places = list(range(len(layers)))
    kinds = (correlations.natural, correlations.accentuation, correlations.visualization)
    for values, label, (color, marker, line) in zip(kinds, _LABELS, _LOOKS, strict=True):
        if not all(len(values.get(layer, ())) for layer in layers):
            continue
        quartiles = [_quartiles(values[layer]) for layer in layers]
        low, median, high = zip(*quartiles, strict=True)
        axes.plot(places, median, color=color, marker=marker, linestyle=line, label=f"{label}: median")
        axes.fill_between(places, low, high, color=color, alpha=0.15, linewidth=0, label=f"{label}: middle half")
    axes.set_xticks(places, layers, rotation=30, ha="right")
    axes.set_xlabel("Layer, from first to last")
    axes.set_ylabel("Pearson correlation of circuits")
    axes.axhline(0, color="0.7", linewidth=0.8, zorder=0)
    figure.legend(fontsize="small", ncols=len(axes.collections), loc="outside upper center", frameon=False)
    return figure


def _quartiles(values: Tensor) -> tuple[float, float, float]:
    low, median, high = torch.quantile(values.double(), torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64)).tolist()
    return low, median, high
