"""The views of the paper: their numbers are those of the network, and their pictures have a place for everything."""

from dataclasses import replace

import pytest
import torch

from accentuation import (
    AccentuationConfig,
    AccentuationError,
    Direction,
    Logit,
    SpatialMap,
    WeightedSum,
    accentuate,
    channel_activations,
    mean_magnitude,
    measure,
    parse_feature,
)
from accentuation.feature_name import feature_name
from accentuation.grid import GAP, LINE_HEIGHT, SIDE
from accentuation.views import misclassification, most_inhibited, one_feature, where_and_what

QUICK = AccentuationConfig(steps=2, crops=2)
TINY = AccentuationConfig(steps=3, crops=2)


def columns(picture):
    return (picture.width - GAP) // (SIDE + GAP)


def reading(model, image, text):
    return pytest.approx(measure(model, image[None], parse_feature(text)).item(), rel=1e-4)


def test_a_logit_is_called_by_its_class_where_the_network_names_its_classes(tiny):
    named = replace(tiny, classes=("tabby", "espresso"))
    assert feature_name(named, Logit(1)) == "espresso"
    assert feature_name(replace(tiny, classes=()), Logit(1)) == "logit=1"
    assert feature_name(named, parse_feature("mix:channel=0")) == "mix:channel=0"


def test_a_feature_of_many_numbers_is_called_shortly(tiny):
    many = [1 / 3] * 112
    assert feature_name(tiny, Direction.of_vector("blocks.4.2", many)) == "blocks.4.2: direction of 112 channels"
    entries = SpatialMap.of_array("mix", torch.ones(2, 8, 8))
    assert feature_name(tiny, entries) == "mix: map of 128 entries"
    few = parse_feature("mix:direction=0*1,1*-2.5")
    assert feature_name(tiny, few) == str(few)
    assert len(feature_name(tiny, WeightedSum(((1.0, entries), (-1.0, few))))) <= 80


def test_a_view_of_a_map_has_no_digits_in_its_caption_and_all_in_its_rows(tiny):
    long = SpatialMap("mix", tuple((0, (0, column), 1 / 3) for column in range(4)))
    view = one_feature(tiny, [torch.rand(3, 8, 8)], long, TINY, seed=1)
    assert view.rows[0]["name"] == "mix: map of 4 entries"
    assert view.rows[0]["feature"] == str(long)


def test_what_is_no_list_and_no_number_is_said(tiny):
    image = torch.full((3, 8, 8), 0.5)
    with pytest.raises(AccentuationError, match="features must be a list with one feature for each row, not `logit=0`"):
        where_and_what(tiny, image, Logit(0), mean_magnitude([image]), TINY, seed=1)
    for truth in (Logit(0), "tench"):
        with pytest.raises(AccentuationError, match="truth must be the number of the true class"):
            misclassification(tiny, image, truth, TINY, seed=1)
    with pytest.raises(AccentuationError, match="count must be from 1 to 2"):
        most_inhibited(tiny, image, TINY, count=1.5, seed=1)


def test_several_logits_stand_beside_attribution_and_visualization(lite0, cat, coffee):
    features = [Logit(285), Logit(967)]
    view = where_and_what(lite0, cat, features, mean_magnitude([cat, coffee]), QUICK, seed=1, method="gradient_x_input")
    assert [row["feature"] for row in view.rows] == ["logit=285", "logit=967"]
    assert columns(view.picture) == 4
    for row, feature in zip(view.rows, features, strict=True):
        done = accentuate(lite0, cat, feature, QUICK, seed=1)
        assert row["activation_before"] == reading(lite0, cat, str(feature))
        assert row["activation_after"] == reading(lite0, done.blend, str(feature))
        assert "activation_visualization" in row


def test_a_misclassification_shows_what_was_seen_of_both_classes(lite0, cat):
    logits = channel_activations(lite0, cat[None], ["logit"])["logit"][0]
    predicted = int(logits.argmax())
    view = misclassification(lite0, cat, 967, QUICK, seed=1)
    assert [row["feature"] for row in view.rows] == [f"logit={predicted}", "logit=967"]
    assert view.rows[0]["activation_before"] == pytest.approx(logits[predicted].item(), rel=1e-4)
    assert view.rows[1]["activation_before"] == pytest.approx(logits[967].item(), rel=1e-4)
    assert columns(view.picture) == 3


def test_what_the_network_gets_right_is_no_misclassification(tiny):
    with pytest.raises(AccentuationError, match="sees the true class 0"):
        misclassification(tiny, torch.full((3, 8, 8), 0.5), 0, TINY, seed=1)


def test_one_feature_is_accentuated_in_images_of_any_sizes(lite0, cat, coffee):
    images = [cat, coffee[:, :60], cat[:, :, :70]]
    view = one_feature(lite0, images, parse_feature("blocks.3.1:channel=40"), QUICK, seed=1)
    assert len(view.rows) == columns(view.picture) == 3
    for row, image in zip(view.rows, images, strict=True):
        assert row["activation_before"] == reading(lite0, image, "blocks.3.1:channel=40")
    # Two rows, with one line of words or more each.
    assert view.picture.height >= GAP + 2 * (SIDE + LINE_HEIGHT + GAP)


def test_the_most_inhibited_logits_are_the_lowest_and_the_mask_lessens_the_change(lite0, cat):
    logits = channel_activations(lite0, cat[None], ["logit"])["logit"][0]
    view = most_inhibited(lite0, cat, QUICK, count=2, seed=1)
    assert [row["feature"] for row in view.rows] == [f"logit={index}" for index in logits.argsort()[:2].tolist()]
    assert columns(view.picture) == 4
    for row in view.rows:
        done = accentuate(lite0, cat, parse_feature(str(row["feature"])), QUICK, seed=1)
        assert row["activation_before"] == reading(lite0, cat, row["feature"])
        assert row["activation_unmasked"] == reading(lite0, done.image, row["feature"])
        assert row["activation_after"] == reading(lite0, done.blend, row["feature"])
        assert row["change_masked"] < row["change_unmasked"]


def test_more_logits_than_there_are_cannot_be_the_most_inhibited(tiny):
    with pytest.raises(AccentuationError, match="from 1 to 2"):
        most_inhibited(tiny, torch.full((3, 8, 8), 0.5), TINY, count=3, seed=1)


def test_a_view_of_nothing_is_refused(tiny):
    with pytest.raises(AccentuationError, match="at least one picture"):
        one_feature(tiny, [], Logit(0), TINY, seed=1)
