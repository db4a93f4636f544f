"""Circuits, against hand computation and NumPy's correlation."""

import io

import numpy as np
import pytest
import torch

from accentuation import AccentuationError, FeatureError, parse_feature
from accentuation.circuit_plot import circuit_plot
from accentuation.circuits import circuit_correlations, circuit_vectors, pooled
from accentuation.measuring import measure

LOGIT_1 = parse_feature("logit=1")  # of the tiny network: mean(relu(2r)) + mean(relu(-g)), for normalised r and g


def random_vectors(count, seed):
    return {"layer": torch.rand(count, 7, generator=torch.Generator().manual_seed(seed))}


def test_a_units_share_is_activation_times_gradient_summed_over_positions(tiny):
    # Normalised r = 1, g = -1 on the left half; r = -1, g = 1 on the right one, where nothing passes the ReLU.
    image = torch.full((3, 8, 8), 0.5)
    image[0, :, :4], image[0, :, 4:] = 0.75, 0.25
    image[1, :, :4], image[1, :, 4:] = 0.25, 0.75
    vectors = circuit_vectors(tiny, torch.stack([image, torch.full((3, 8, 8), 0.5)]), LOGIT_1, ["mix", "relu"])
    # 32 positions, with activations 2 and 1 and gradient 1 / 64; grey has no activation at all.
    torch.testing.assert_close(vectors["mix"], torch.tensor([[1.0, 0.5], [0, 0]]))
    torch.testing.assert_close(vectors["relu"], torch.tensor([[1.0, 0.5], [0, 0]]))


def test_the_shares_of_a_layer_that_is_read_linearly_sum_to_the_feature(lite0, cat, coffee):
    images, feature = torch.stack([cat, coffee]), parse_feature("logit=285")
    (vectors,) = circuit_vectors(lite0, images, feature, ["global_pool"]).values()
    assert vectors.shape == (2, 1280)
    bias = lite0.module.classifier.bias[285]
    torch.testing.assert_close(vectors.sum(dim=1) + bias, measure(lite0, images, feature), atol=1e-3, rtol=1e-3)


def test_an_image_has_the_same_circuit_alone_and_in_a_batch(lite0, cat, coffee):
    feature, layers = parse_feature("blocks.4.2:channel=29"), ["blocks.2.1", "blocks.4.0"]
    together = circuit_vectors(lite0, torch.stack([cat, coffee] * 5), feature, layers)
    alone = circuit_vectors(lite0, coffee[None], feature, layers)
    for layer in layers:
        assert len(together[layer]) == 10
        torch.testing.assert_close(together[layer][9], alone[layer][0], atol=1e-5, rtol=1e-3)


def test_the_model_comes_back_as_it_was(tiny):
    with torch.no_grad():
        circuit_vectors(tiny, torch.rand(2, 3, 9, 5), LOGIT_1, ["mix"])
    assert tiny.module.training
    assert all(parameter.requires_grad and parameter.grad is None for parameter in tiny.module.parameters())
    assert not any(part._forward_hooks for part in tiny.module.modules())


def test_layers_and_images_that_cannot_be_read_are_named(tiny):
    images = torch.rand(1, 3, 8, 8)
    with pytest.raises(FeatureError, match="`relu` does not lead to `mix:channel=0`"):
        circuit_vectors(tiny, images, parse_feature("mix:channel=0"), ["relu"])
    with pytest.raises(FeatureError, match="no layer `max`"):
        circuit_vectors(tiny, images, LOGIT_1, ["max"])
    with pytest.raises(AccentuationError, match=r"shape \(batch, 3, height, width\), not \(3, 8, 8\)"):
        circuit_vectors(tiny, images[0], LOGIT_1, ["mix"])


def test_correlations_are_pearsons_and_no_accentuation_meets_its_seed():
    natural, accentuated, visualized = random_vectors(3, 1), random_vectors(2, 2), random_vectors(2, 3)
    made = circuit_correlations(natural, accentuated, [2, 0], visualized)

    def pearson(first, second):
        return float(np.corrcoef(first.numpy(), second.numpy())[0, 1])

    n, a, v = natural["layer"], accentuated["layer"], visualized["layer"]
    assert made.natural["layer"].tolist() == pytest.approx([pearson(n[i], n[j]) for i, j in ((0, 1), (0, 2), (1, 2))])
    assert made.accentuation["layer"].tolist() == pytest.approx(
        [pearson(a[i], n[j]) for i, j in ((0, 0), (0, 1), (1, 1), (1, 2))]
    )
    assert made.visualization["layer"].tolist() == pytest.approx(
        [pearson(v[i], n[j]) for i in (0, 1) for j in range(3)]
    )


def test_correlations_do_not_depend_on_size_or_offset():
    natural = random_vectors(2, 1)
    moved = {"layer": 1000 * natural["layer"] + 5}
    made = circuit_correlations(natural, moved, [1, 0], moved)
    across = float(made.natural["layer"])
    assert made.visualization["layer"].tolist() == pytest.approx([1, across, across, 1])
    assert made.accentuation["layer"].tolist() == pytest.approx([1, 1])


@pytest.mark.parametrize(
    ("vectors", "seeds", "message"),
    [
        ((random_vectors(1, 1), random_vectors(1, 2), random_vectors(1, 3)), [0], "at least two"),
        ((random_vectors(2, 1), random_vectors(1, 2), random_vectors(1, 3)), [2], "0 to 1"),
        ((random_vectors(2, 1), random_vectors(2, 2), random_vectors(1, 3)), [0], "2 accentuations but 1 seeds"),
        ((random_vectors(2, 1), {"other": torch.rand(1, 7)}, random_vectors(1, 3)), [0], "same layers"),
        ((random_vectors(2, 1), {"layer": torch.ones(1, 7)}, random_vectors(1, 3)), [0], "In `layer` an image has"),
    ],
)
def test_circuits_that_cannot_be_compared_are_named(vectors, seeds, message):
    natural, accentuated, visualized = vectors
    with pytest.raises(AccentuationError, match=message):
        circuit_correlations(natural, accentuated, seeds, visualized)


def test_the_plot_shows_the_medians_and_names_its_axes_and_bands():
    made = circuit_correlations(random_vectors(3, 1), random_vectors(2, 2), [2, 0], random_vectors(2, 3))
    (axes,) = circuit_plot(made).axes
    assert axes.get_xlabel().startswith("Layer")
    assert axes.get_ylabel() == "Pearson correlation of circuits"
    assert [text.get_text() for text in axes.get_xticklabels()] == ["layer"]
    shown = [float(line.get_ydata()[0]) for line in axes.lines[:3]]
    expected = [np.median(each["layer"].numpy()) for each in (made.natural, made.accentuation, made.visualization)]
    assert shown == pytest.approx(expected)
    assert "accentuation - natural: middle half" in legend_of(axes.figure)


def legend_of(figure):
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


@pytest.mark.parametrize("layers", [["blocks.2.1"], [f"encoder.layers.encoder_layer_{n}.mlp" for n in range(12)]])
def test_the_plot_cuts_off_none_of_its_words_and_its_legend_covers_no_point(layers):
    vectors = random_vectors(3, 1)["layer"]
    named = dict.fromkeys(layers, vectors)
    figure = circuit_plot(circuit_correlations(named, named, [0, 1, 2], named))
    figure.savefig(io.BytesIO())  # only drawing lays it out
    (axes,) = figure.axes
    words = [axes.xaxis.label, axes.yaxis.label, *axes.get_xticklabels()]
    legend = figure.legends[0].get_window_extent()
    assert not any(legend.overlaps(each.get_window_extent()) for each in [axes, *words])
    for extent in (legend, *(each.get_window_extent() for each in words)):
        assert extent.x0 >= 0
        assert extent.y0 >= 0
        assert extent.x1 <= figure.bbox.x1
        assert extent.y1 <= figure.bbox.y1


def test_visualizations_may_be_left_out():
    made = circuit_correlations(random_vectors(3, 1), random_vectors(2, 2), [2, 0])
    with_them = circuit_correlations(random_vectors(3, 1), random_vectors(2, 2), [2, 0], random_vectors(2, 3))
    assert torch.equal(made.natural["layer"], with_them.natural["layer"])
    assert torch.equal(made.accentuation["layer"], with_them.accentuation["layer"])
    assert made.visualization == {}
    assert not any("visualisation" in words for words in legend_of(circuit_plot(made)))


def test_a_kind_of_which_there_is_none_is_not_drawn():
    none = {"layer": torch.zeros(0, 7)}
    legend = legend_of(circuit_plot(circuit_correlations(random_vectors(3, 1), none, [], none)))
    assert legend == ["natural - natural: median", "natural - natural: middle half"]


def test_the_pairs_of_several_features_are_put_together_where_both_have_the_layer():
    first = circuit_correlations(random_vectors(3, 1), random_vectors(2, 2), [2, 0], random_vectors(1, 3))
    vectors = {"early": random_vectors(2, 4)["layer"], "layer": random_vectors(2, 5)["layer"]}
    second = circuit_correlations(vectors, vectors, [0, 1])
    both = pooled([second, first])
    assert list(both.natural) == ["early", "layer"]
    assert torch.equal(both.natural["early"], second.natural["early"])
    assert torch.equal(both.natural["layer"], torch.cat([second.natural["layer"], first.natural["layer"]]))
    assert torch.equal(both.visualization["layer"], first.visualization["layer"])
