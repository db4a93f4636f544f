"""The text form of features, and what mistaken ones are told."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from accentuation import Feature, FeatureError, channel_activations, check_feature, measure, parse_feature

NAMES = st.from_regex(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*", fullmatch=True)
FEATURES = st.one_of(
    st.builds(Feature, st.just("logit"), st.none(), st.integers(0, 10**6)),
    st.builds(Feature, st.just("channel"), NAMES, st.integers(0, 10**6)),
)


@given(feature=FEATURES)
def test_a_feature_is_read_back_from_its_text(feature):
    assert parse_feature(str(feature)) == feature


def test_the_text_form_is_the_one_of_protocol_files():
    assert parse_feature("logit=285") == Feature("logit", None, 285)
    assert parse_feature(" blocks.4.2:channel=17 ") == Feature("channel", "blocks.4.2", 17)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is not a feature; write `logit=285`"),
        ("logit", "is not a feature"),
        ("logit=-1", "is not a feature"),
        ("logit=1.5", "is not a feature"),
        ("blocks.4.2:channel=", "is not a feature"),
        ("channel=17", "does not say in which layer; write for example `blocks.4.2:channel=17`"),
        ("blocks.4.2:logit=3", "a logit has none; write `logit=3`"),
        ("blocks.4.2:neuron=3", "of the unknown kind `neuron`"),
    ],
)
def test_a_text_that_is_no_feature_is_told_the_form(text, sentence):
    with pytest.raises(FeatureError) as raised:
        parse_feature(text)
    assert sentence in str(raised.value)


def test_an_unknown_layer_is_told_the_nearest_names(lite0):
    with pytest.raises(FeatureError) as raised:
        check_feature(lite0, parse_feature("block.4.2:channel=17"))
    assert "efficientnet_lite0 has no layer `block.4.2`; the nearest names are" in str(raised.value)
    assert "`blocks.4.2`" in str(raised.value)


@pytest.mark.parametrize(
    ("text", "largest"), [("logit=1000", 999), ("blocks.4.2:channel=112", 111), ("blocks.3.0:channel=5000", 79)]
)
def test_a_unit_out_of_range_is_told_the_range(lite0, text, largest):
    with pytest.raises(FeatureError, match=f"`{text}` does not exist in efficientnet_lite0; .* from 0 to {largest}"):
        check_feature(lite0, parse_feature(text))
    check_feature(lite0, parse_feature(f"{text.partition('=')[0]}={largest}"))


def test_a_layer_without_positions_has_no_channels(lite0):
    with pytest.raises(FeatureError, match="`classifier` of efficientnet_lite0 is not a convolutional layer"):
        check_feature(lite0, Feature("channel", "classifier", 3))


def test_a_layer_that_never_runs_cannot_be_read(tiny):
    with pytest.raises(FeatureError, match="`idle` is part of tiny but does not run"):
        check_feature(tiny, Feature("channel", "idle", 0))


def test_activations_are_those_computed_by_hand(tiny):
    images = torch.stack([torch.full((3, 8, 8), 0.75), torch.full((3, 8, 8), 0.25)])
    images[1, 0, :, :4] = 1.0  # the left half of the second image has red 1
    # Normalised: the first is 1 everywhere. The second is -1, but for red, which is 2 on the left half.
    # mix: first (2, -1); second red: 4 and -2 by halves, mean 1; green: 1. relu: first (2, 0); second (2, 1).
    torch.testing.assert_close(channel_activations(tiny, images, ["mix"])["mix"], torch.tensor([[2.0, -1], [1, 1]]))
    torch.testing.assert_close(channel_activations(tiny, images, ["relu"])["relu"], torch.tensor([[2.0, 0], [2, 1]]))
    torch.testing.assert_close(
        channel_activations(tiny, images, ["logit"])["logit"], torch.tensor([[12.0, 2], [12, 3]])
    )
    torch.testing.assert_close(measure(tiny, images, parse_feature("logit=1")), torch.tensor([2.0, 3]))
    torch.testing.assert_close(measure(tiny, images, parse_feature("mix:channel=1")), torch.tensor([-1.0, 1]))


def test_images_of_any_size_are_measured_whole(tiny):
    image = torch.full((1, 3, 5, 17), 0.5)
    image[:, 0] = torch.linspace(0, 1, 17)  # red from 0 to 1 has mean 0.5 at every size
    torch.testing.assert_close(measure(tiny, image, parse_feature("mix:channel=0")), torch.zeros(1), atol=1e-5, rtol=0)


def test_one_feature_measured_is_one_column_of_all_activations(lite0, cat, coffee):
    images = torch.stack([cat, coffee])
    activations = channel_activations(lite0, images, ["blocks.3.1"])["blocks.3.1"]
    assert activations.shape == (2, 80)
    torch.testing.assert_close(activations[:, 7], measure(lite0, images, parse_feature("blocks.3.1:channel=7")))
