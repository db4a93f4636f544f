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
        correlations: of one feature, or of several with their pairs put together.

    Returns:
        A figure that belongs to nobody: save it by its ``savefig``.
    """
    figure = Figure(figsize=(7.0, 4.2), layout="constrained")
    axes = figure.add_subplot()
    layers = list(correlations.natural)
    places = list(range(len(layers)))
    kinds = (correlations.natural, correlations.accentuation, correlations.visualization)
    for values, label, (color, marker, line) in zip(kinds, _LABELS, _LOOKS, strict=True):
        quartiles = [_quartiles(values[layer]) for layer in layers]
        low, median, high = zip(*quartiles, strict=True)
        axes.plot(places, median, color=color, marker=marker, linestyle=line, label=f"{label}: median")
        axes.fill_between(places, low, high, color=color, alpha=0.15, linewidth=0, label=f"{label}: middle half")
    axes.set_xticks(places, layers, rotation=30, ha="right")
    axes.set_xlabel("Layer, from first to last")
    axes.set_ylabel("Pearson correlation of circuits")
    axes.axhline(0, color="0.7", linewidth=0.8, zorder=0)
    axes.legend(fontsize="small", ncols=2, loc="upper center", bbox_to_anchor=(0.5, 1.3), frameon=False)
    return figure


def _quartiles(values: Tensor) -> tuple[float, float, float]:
    low, median, high = torch.quantile(values.double(), torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64)).tolist()
    return low, median, high
