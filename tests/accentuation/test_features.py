"""The text form of features, their values by hand, and what mistaken ones are told."""

import math
import re
from collections import OrderedDict
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from accentuation import (
    AccentuationConfig,
    AccentuationError,
    Channel,
    Direction,
    FeatureError,
    Logit,
    Neuron,
    SpatialMap,
    WeightedSum,
    accentuate,
    channel_activations,
    check_feature,
    latent_distance,
    measure,
    measure_on_crops,
    natural_levels,
    parse_feature,
)
from accentuation.features import Feature, feature_values

NAMES = st.from_regex(r"[a-z0-9_]+(\.[a-z0-9_]+)*", fullmatch=True)
UNITS = st.integers(0, 10**6)
WEIGHTS = st.floats(allow_nan=False, allow_infinity=False).filter(bool)
PLACES = st.one_of(st.tuples(UNITS), st.tuples(UNITS, UNITS))
SIMPLE = st.one_of(
    st.builds(Logit, UNITS),
    st.builds(Channel, NAMES, UNITS),
    st.builds(Neuron, NAMES, UNITS, st.one_of(st.none(), PLACES)),
    st.builds(
        Direction,
        NAMES,
        st.lists(st.tuples(UNITS, WEIGHTS), min_size=1, max_size=4).map(tuple),
        st.floats(0, 10, allow_subnormal=False),
    ),
    st.builds(SpatialMap, NAMES, st.lists(st.tuples(UNITS, PLACES, WEIGHTS), min_size=1, max_size=4).map(tuple)),
)
SUMS = st.lists(st.tuples(WEIGHTS, SIMPLE), min_size=2, max_size=3).map(lambda terms: WeightedSum(tuple(terms)))


@given(feature=st.one_of(SIMPLE, SUMS))
def test_a_feature_is_read_back_from_its_text(feature):
    assert parse_feature(str(feature)) == feature


def test_the_text_form_is_the_one_of_protocol_files():
    assert parse_feature("logit=285") == Logit(285)
    assert parse_feature(" blocks.4.2:channel=17 ") == Channel("blocks.4.2", 17)
    assert parse_feature("-logit=285") == WeightedSum(((-1.0, Logit(285)),))
    assert parse_feature("-0.5*logit=285") == WeightedSum(((-0.5, Logit(285)),))
    assert parse_feature("a:neuron=1 - 2*logit=3") == WeightedSum(((1.0, Neuron("a", 1)), (-2.0, Logit(3))))


def test_a_class_is_found_by_its_name():
    assert parse_feature("class=egyptian Cat", classes=("tabby", "Egyptian cat")) == Logit(1)
    with pytest.raises(
        FeatureError, match=r"`class=Egyptian hat` does not exist in this network; .* are `Egyptian cat`"
    ):
        parse_feature("class=Egyptian hat", classes=("tabby", "Egyptian cat"))
    with pytest.raises(FeatureError, match=r"No names of classes are known here.*give `classes=model\.classes`"):
        parse_feature("class=Egyptian cat")


@pytest.mark.parametrize("classes", [("tabby", "Cardigan", "cardigan"), ("crane", "crane")])
def test_a_name_of_several_classes_is_told_their_numbers(classes):
    name = classes[-1] if classes[0] == classes[1] else "CARDIGAN"
    first, second = len(classes) - 2, len(classes) - 1
    sentence = f"write `logit={first}` ({classes[first]}) or `logit={second}` ({classes[second]})."
    with pytest.raises(FeatureError, match=re.escape(sentence)):
        parse_feature(f"class={name}", classes=classes)


def test_of_two_names_that_differ_in_case_each_can_be_written():
    classes = ("tabby", "Cardigan", "cardigan")
    assert parse_feature("class=Cardigan", classes=classes) == Logit(1)
    assert parse_feature("class=cardigan", classes=classes) == Logit(2)


def test_a_word_of_several_names_lists_them_and_a_number_is_told_to_be_a_logit():
    classes = ("catamaran", "cab", "can", "cot", "cut", "Egyptian cat", "hat", "tiger cat")
    with pytest.raises(FeatureError, match="the nearest names are `Egyptian cat`, `tiger cat`, `"):
        parse_feature("class=cat", classes=classes)
    with pytest.raises(FeatureError, match="`class=5` does not exist in this network; write `logit=5`"):
        parse_feature("class=5", classes=classes)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("285", "logit=285"),
        ("logit=285-0.5*logit=281", "logit=285 - 0.5*logit=281"),
        ("logit=285 -0.5*logit=281", "logit=285 - 0.5*logit=281"),
        ("blocks.4.2:channel=1+blocks.4.2:channel=2", "blocks.4.2:channel=1 + blocks.4.2:channel=2"),
        ("2 * logit=281", "2*logit=281"),
        (" logit = 3 ", "logit=3"),
        ("Logit=285", "logit=285"),
        ("Class = Egyptian cat", "class=Egyptian cat"),
        ("blocks.4.2.channel=17", "blocks.4.2:channel=17"),
        ("blocks.4.2:chanel=17", "blocks.4.2:channel=17"),
        ("blocks.4.2 : neuron = 17@3,4", "blocks.4.2:neuron=17@3,4"),
        ("logit 285", "logit=285"),
        ("logit:285", "logit=285"),
        ("+logit=281", "logit=281"),
        ("- logit=281", "-logit=281"),
        ("logit=285 - 0.5logit=281", "logit=285 - 0.5*logit=281"),
        ("logit=285, logit=281", "logit=285 + logit=281"),
        ("logit=285 and blocks.4.2:channel=3", "logit=285 + blocks.4.2:channel=3"),
        ("blocks.4.2 channel=17", "blocks.4.2:channel=17"),
        ("blocks.4.2/channel=17", "blocks.4.2:channel=17"),
        ("blocks.4.2:17", "blocks.4.2:channel=17"),
        ("class='Egyptian cat'", 'class="Egyptian cat"'),
    ],
)
def test_a_text_that_is_nearly_a_feature_is_told_the_right_spelling(text, meant):
    with pytest.raises(FeatureError) as raised:
        parse_feature(text, classes=("tabby", "Egyptian cat"))
    assert str(raised.value) == f"`{text.strip()}` is not a feature; write `{meant}`."
    parse_feature(meant, classes=("tabby", "Egyptian cat"))


@pytest.mark.parametrize("other", [None, 5, Logit(5)])
def test_what_is_no_text_is_no_feature(other):
    with pytest.raises(FeatureError, match=f"reads a text, not a {type(other).__name__}"):
        parse_feature(other)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The text of the feature is empty; write `logit=285`"),
        ("logit", "is not a feature"),
        ("logit=-1", "is not a feature, a logit being a whole number from 0 on; write `logit=285`"),
        ("logit=1.5", "is not a feature, a logit being a whole number from 0 on"),
        ("blocks.4.2:channel=-1", "a channel being a whole number from 0 on"),
        ("blocks.4.2:channel=", "is not a feature"),
        ("logit=1 + ", "is not a feature"),
        ("channel=17", "does not say in which layer; write for example `blocks.4.2:channel=17`"),
        ("neuron=17", "does not say in which layer; write for example `blocks.4.2:neuron=17@3,4`"),
        ("blocks.4.2:logit=3", "a logit has none; write `logit=3`"),
        ("blocks.4.2:nerve=3", "of the unknown kind `nerve`; the kinds are logit, class, channel, neuron"),
        ("blocks.4.2:neuron=3@", "is not a neuron"),
        ("blocks.4.2:direction=3,4", "is not a direction; write for example"),
        ("blocks.4.2:map=3@1*2;x", "is not a map; write for example"),
        ("blocks.4.2:direction=nowhere.npy", "There is no file nowhere.npy, which `blocks.4.2:direction=nowhere.npy`"),
    ],
)
def test_a_text_that_is_no_feature_is_told_the_form(text, sentence):
    with pytest.raises(FeatureError) as raised:
        parse_feature(text)
    assert sentence in str(raised.value)


def test_directions_and_maps_are_read_from_numpy_files(tmp_path):
    np.save(tmp_path / "vector.npy", np.array([0, 2.0, -1]))
    assert parse_feature(f"a:direction={tmp_path}/vector.npy^2") == Direction("a", ((1, 2.0), (2, -1.0)), 2.0)
    pattern = np.zeros((2, 3, 4))
    pattern[1, 2, 3] = 0.5
    np.save(tmp_path / "map.npy", pattern)
    assert parse_feature(f"a:map={tmp_path}/map.npy") == SpatialMap("a", ((1, (2, 3), 0.5),))
    with pytest.raises(FeatureError, match=r"must have 1 dimension\(s\), not 3; reshape it, now \(2, 3, 4\)"):
        parse_feature(f"a:direction={tmp_path}/map.npy")


def output(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def test_neurons_are_one_position_and_the_centre_by_default():
    acts = output(2, 3, 4, 5)
    torch.testing.assert_close(feature_values({"a": acts}, Neuron("a", 2)), acts[:, 2, 2, 2])
    torch.testing.assert_close(feature_values({"a": acts}, Neuron("a", 1, (0, 4))), acts[:, 1, 0, 4])


def test_the_centre_of_tokens_is_the_middle_patch_after_the_class_token():
    tokens = output(2, 3, 1 + 4 * 4)
    torch.testing.assert_close(feature_values({"a": tokens}, Neuron("a", 0)), tokens[:, 0, 1 + 2 * 4 + 2])


@pytest.mark.parametrize("power", [0.0, 1.0, 2.0])
def test_a_direction_is_the_dot_product_times_the_cosine_to_a_power(power):
    acts, vector = output(2, 3, 2, 2), np.array([1.0, 0, -2])
    expected = np.zeros(2)
    for image, y, x in np.ndindex(2, 2, 2):
        at = acts[image, :, y, x].double().numpy()
        cosine = at @ vector / (np.linalg.norm(at) * np.linalg.norm(vector))
        expected[image] += at @ vector * (max(cosine, 0) ** power if power else 1) / 4
    values = feature_values({"a": acts}, Direction.of_vector("a", vector.tolist(), power))
    np.testing.assert_allclose(values.numpy(), expected, rtol=1e-5, atol=1e-6)


def test_a_direction_has_a_finite_gradient_where_a_position_is_silent():
    acts = torch.zeros(1, 2, 1, 2)
    acts[0, :, 0, 0] = torch.tensor([1.0, 2])
    acts.requires_grad_()
    feature_values({"a": acts}, Direction("a", ((0, 1.0),), 2.0)).sum().backward()
    assert acts.grad.isfinite().all()


def test_a_map_is_the_dot_product_with_its_pattern():
    acts, pattern = output(2, 3, 2, 2), output(3, 2, 2)
    values = feature_values({"a": acts}, SpatialMap.of_array("a", pattern))
    torch.testing.assert_close(values, (acts * pattern).sum(dim=(1, 2, 3)))


def test_several_features_at_once_are_summed_with_their_weights():
    outputs = {"a": output(2, 3, 2, 2), "logit": output(2, 7)}
    feature = parse_feature("2*logit=3 - a:channel=1")
    assert feature.layers == ("logit", "a")
    expected = 2 * outputs["logit"][:, 3] - outputs["a"][:, 1].mean(dim=(1, 2))
    torch.testing.assert_close(feature_values(outputs, feature), expected)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("mix:neuron=2", "`mix:neuron=2` does not exist in tiny; the channel must be from 0 to 1"),
        ("mix:neuron=0@8,0", "the position must be 0..7,0..7"),
        ("mix:neuron=0@3", "the position must be 0..7,0..7"),
        ("mix:direction=0*1,5*1", "the channel must be from 0 to 1"),
        ("mix:map=0@9,9*1", "the position must be 0..7,0..7"),
        ("logit=0 - mix:channel=4", "the channel must be from 0 to 1"),
    ],
)
def test_parts_that_the_network_lacks_are_told_the_range(tiny, text, sentence):
    with pytest.raises(FeatureError) as raised:
        check_feature(tiny, parse_feature(text))
    assert sentence in str(raised.value)


def test_a_direction_or_map_must_be_finite_and_somewhere(tiny):
    for feature in (Direction("mix", ()), SpatialMap("mix", ())):
        with pytest.raises(FeatureError, match="is zero everywhere"):
            check_feature(tiny, feature)
    for feature in (Direction("mix", ((0, math.nan),)), SpatialMap("mix", ((0, (0, 0), math.inf),))):
        with pytest.raises(FeatureError, match="not finite"):
            check_feature(tiny, feature)


def test_levels_are_percentiles_of_natural_activations():
    assert natural_levels(torch.arange(101.0), [0, 50, 99.5]) == (0.0, 50.0, 99.5)


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


def test_a_layer_without_positions_has_its_channels_at_one_place(tiny):
    images = torch.stack([torch.full((3, 8, 8), value) for value in (0.25, 0.75)])
    logits = channel_activations(tiny, images, ["logit", "head"])
    torch.testing.assert_close(logits["head"], logits["logit"])
    for feature in (Channel("head", 1), Neuron("head", 1), Direction("head", ((1, 1.0),))):
        torch.testing.assert_close(measure(tiny, images, feature), logits["logit"][:, 1])
    with pytest.raises(FeatureError, match="the channel must be from 0 to 1"):
        check_feature(tiny, Channel("head", 2))
    for feature in (Neuron("head", 1, (0,)), SpatialMap("head", ((1, (0, 0), 1.0),))):
        with pytest.raises(FeatureError, match="`head` is not a layer with positions"):
            check_feature(tiny, feature)


def test_a_layer_that_never_runs_cannot_be_read(tiny):
    with pytest.raises(FeatureError, match="`idle` is part of tiny but does not run"):
        check_feature(tiny, Channel("idle", 0))


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


def test_a_class_is_told_from_another_that_differs_in_a_capital():
    assert parse_feature("class=cardigan", classes=("Cardigan", "cardigan")) == Logit(1)


def test_a_sum_of_sums_has_no_text_and_is_refused():
    with pytest.raises(FeatureError, match="multiply its weights out"):
        WeightedSum(((-1.0, WeightedSum(((2.0, Logit(1)),))),))
    with pytest.raises(FeatureError, match="at least one feature"):
        WeightedSum(())
    with pytest.raises(FeatureError, match="must be finite"):
        parse_feature("1e999*logit=1")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x93NUMPY\x01\x00\x06\x00{'a':\n", b"words"])
def test_a_file_that_is_no_array_is_told(tmp_path, content):
    (tmp_path / "x.npy").write_bytes(content)
    with pytest.raises(FeatureError, match="cannot be read as a NumPy array"):
        parse_feature(f"a:direction={tmp_path}/x.npy")


def test_a_number_longer_than_any_network_is_no_feature():
    with pytest.raises(FeatureError, match="is not a feature"):
        parse_feature("logit=" + "9" * 5000)


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (np.array([1.0, np.nan]), "holds values that are not finite"),
        (np.array([1.0, np.inf]), "holds values that are not finite"),
        (np.zeros(2), "is zero everywhere; give it a weight"),
        (np.zeros((2, 1)), r"must have 1 dimension\(s\), not 2"),
        (np.array(1.0), r"must have 1 dimension\(s\), not 0"),
        (np.array([1j, 2]), "must hold real numbers, not complex128"),
        (np.array(["a", "b"]), "must hold real numbers, not <U1"),
        (np.array([True, False]), "must hold real numbers, not bool"),
        (np.array([{}, []], dtype=object), "cannot be read as a NumPy array"),
    ],
)
def test_an_array_that_holds_no_weights_is_told_why(tmp_path, array, sentence):
    np.save(tmp_path / "x.npy", array)
    with pytest.raises(FeatureError, match=sentence):
        parse_feature(f"a:direction={tmp_path}/x.npy")


@pytest.mark.parametrize("length", [1, 111, 113, 2000])
def test_a_vector_of_the_wrong_length_is_told_the_right_one(lite0, tmp_path, length):
    np.save(tmp_path / "x.npy", np.ones(length))
    with pytest.raises(FeatureError, match=f"has {length} weights, but the layer has 112 channels; give") as raised:
        check_feature(lite0, parse_feature(f"blocks.4.2:direction={tmp_path}/x.npy"))
    assert len(str(raised.value)) < 200
    np.save(tmp_path / "x.npy", np.ones(112))
    check_feature(lite0, parse_feature(f"blocks.4.2:direction={tmp_path}/x.npy"))


@pytest.mark.parametrize("shape", [(1, 8, 8), (2, 7, 8), (2, 64)])
def test_a_map_of_the_wrong_shape_is_told_the_right_one(tiny, tmp_path, shape):
    np.save(tmp_path / "x.npy", np.ones(shape))
    with pytest.raises(FeatureError) as raised:
        check_feature(tiny, parse_feature(f"mix:map={tmp_path}/x.npy"))
    assert f"has shape {shape}, but the layer's output has (2, 8, 8)" in str(raised.value)


def test_a_long_direction_is_cut_in_messages(tiny):
    with pytest.raises(FeatureError, match=r"\.\.\.` does not exist in tiny") as raised:
        check_feature(tiny, Direction("mix", tuple((channel, 1.0) for channel in range(500))))
    assert len(str(raised.value)) < 200


CLASSES = ("salt", "salt - pepper", "espresso", "Egyptian cat")


def test_names_that_hold_a_plus_or_minus_stand_in_quotes(tmp_path):
    assert parse_feature('class="salt - pepper"', classes=CLASSES) == Logit(1)
    assert parse_feature('class="salt" - 2*class="salt - pepper"', classes=CLASSES) == WeightedSum(
        ((1.0, Logit(0)), (-2.0, Logit(1)))
    )
    np.save(tmp_path / "a - b.npy", np.array([0, 1.0]))
    assert parse_feature(f'a:direction="{tmp_path}/a - b.npy"^2') == Direction("a", ((1, 1.0),), 2.0)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("espresso", "is not a feature; write `class=espresso`"),
        ("expresso", "is not a feature; write `class=espresso`"),
        ("egyptian_cat", "is not a feature; write `class=Egyptian cat`"),
        ("logit=espresso", "a logit being a number; write `class=espresso`"),
        ("class=salt - pepper", 'is not a feature; write `class="salt - pepper"`'),
        ("nonsense", "is not a feature; write `logit=285`"),
    ],
)
def test_a_class_that_is_meant_is_suggested(text, hint):
    with pytest.raises(FeatureError) as raised:
        parse_feature(text, classes=CLASSES)
    assert hint in str(raised.value)


class WithLogit(torch.nn.Module):
    """A module called ``logit`` that is not the output, which is its double."""

    def __init__(self):
        super().__init__()
        self.logit = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())

    def forward(self, images):
        return 2 * self.logit(images)


def test_a_module_called_logit_is_refused_until_the_network_is_wrapped(tiny):
    model = replace(tiny, module=WithLogit(), mean=(0.0,) * 3, std=(1.0,) * 3)
    image = torch.full((1, 3, 8, 8), 0.25)
    direction = parse_feature("logit:direction=0*1")
    torch.testing.assert_close(measure(model, image, Logit(0)), torch.tensor([0.5]))
    torch.testing.assert_close(channel_activations(model, image, ["logit"])["logit"], torch.full((1, 3), 0.5))
    with pytest.raises(FeatureError, match=r"`logit` stands for the output of tiny.*; wrap the network.*`net\.logit`"):
        measure(model, image, direction)
    wrapped = replace(model, module=torch.nn.Sequential(OrderedDict(net=model.module)))
    torch.testing.assert_close(measure(wrapped, image, direction), torch.tensor([0.5]))
    torch.testing.assert_close(measure(wrapped, image, replace(direction, layer="net.logit")), torch.tensor([0.25]))


@pytest.mark.parametrize(
    ("images", "sentence"),
    [
        (Image.new("RGB", (8, 8)), "must be a tensor"),
        (torch.zeros(3, 8, 8), r"must have shape \(batch, 3, height, width\), not \(3, 8, 8\)"),
        (torch.zeros(1, 3, 8, 8, dtype=torch.uint8), "floating point values"),
        (torch.full((1, 3, 8, 8), 255.0), "not from 255 to 255; divide"),
        (torch.full((1, 3, 8, 8), math.inf), "not finite"),
    ],
)
def test_what_is_measured_must_be_images(tiny, images, sentence):
    for call in (
        lambda: measure(tiny, images, Logit(0)),
        lambda: measure_on_crops(tiny, images, Logit(0), crops=1, seed=1),
        lambda: channel_activations(tiny, images, ["mix"]),
        lambda: latent_distance(tiny, images, images, "mix"),
    ):
        with pytest.raises(AccentuationError, match=sentence):
            call()


def test_a_direction_of_a_table_is_refused_in_one_sentence():
    with pytest.raises(FeatureError, match="one number for each channel; flatten the vector first"):
        Direction.of_vector("blocks.4.2", torch.zeros(2, 3))
    with pytest.raises(FeatureError, match="flatten the vector first"):
        Direction.of_vector("blocks.4.2", [[1.0], [2.0]])
    assert Direction.of_vector("blocks.4.2", torch.tensor([0.0, 2.0])).components == ((1, 2.0),)


@pytest.mark.parametrize("module", [torch.nn.Identity(), torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Flatten(0))])
def test_a_network_whose_output_is_no_table_of_logits_has_no_logit(tiny, module):
    model, images = replace(tiny, module=module, input_size=1), torch.full((1, 3, 1, 1), 0.4)
    with pytest.raises(FeatureError, match=r"output.* has shape \(.*\)"):
        measure(model, images, Logit(0))


def test_a_unit_of_an_output_with_positions_is_a_channel_of_it(tiny):
    model = replace(tiny, module=torch.nn.Conv2d(3, 4, 1))
    assert channel_activations(model, torch.rand(2, 3, 8, 8), ["logit"])["logit"].shape == (2, 4)
    assert measure(model, torch.rand(2, 3, 8, 8), Channel("logit", 3)).shape == (2,)
    with pytest.raises(FeatureError, match=r"has shape \(1, 4, 8, 8\); wrap it in a module that returns logits"):
        measure(model, torch.rand(2, 3, 8, 8), Logit(3))


def test_a_feature_of_your_own_need_not_be_hashable(tiny):
    @dataclass
    class Mine(Feature):
        index: int

        @property
        def layers(self):
            return ("mix",)

        def values(self, outputs):
            return outputs["mix"][:, self.index].mean(dim=(1, 2))

        def check(self, shapes):
            pass

    config = AccentuationConfig(steps=1, crops=1)
    image = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(0))
    done, same = (accentuate(tiny, image, each, config, seed=1) for each in (Mine(0), Channel("mix", 0)))
    assert torch.equal(done.image, same.image)


def test_a_feature_of_your_own_must_give_one_value_for_each_image(tiny):
    class Whole(Channel):
        def values(self, outputs):
            return outputs[self.layer]

    with pytest.raises(FeatureError, match=r"must give one value for each of 2 image\(s\), not shape \(2, 2, 8, 8\)"):
        measure(tiny, torch.rand(2, 3, 8, 8), Whole("mix", 0))


@pytest.mark.parametrize("text", ["mix:direction=0*1,0*1^2", "mix:map=0@3,4*1;1@0,0*1;0@3,4*-1"])
def test_an_entry_that_stands_twice_is_refused(tiny, text):
    with pytest.raises(FeatureError, match="names an entry more than once; add up its weights"):
        check_feature(tiny, parse_feature(text))


@pytest.mark.parametrize(
    ("feature", "sentence"),
    [
        (Logit(1.0), "The logit of `logit=1.0` must be a whole number, not 1.0"),
        (Channel("mix", "1"), "The channel of .* must be a whole number, not '1'"),
        (Neuron("mix", 1, 3), r"position must be a tuple of whole numbers such as `\(3, 4\)`, not 3"),
        (Neuron("mix", 1, (0, 0.5)), "position must be a tuple of whole numbers"),
    ],
)
def test_a_number_of_the_wrong_kind_is_told(tiny, feature, sentence):
    with pytest.raises(FeatureError, match=sentence):
        check_feature(tiny, feature)
    check_feature(tiny, Logit(np.int64(1)))


def test_lists_of_entries_serve_as_well_as_tuples(tiny):
    assert Direction("mix", [[0, 1.0]]) == Direction("mix", ((0, 1.0),))
    assert hash(SpatialMap("mix", [(0, [3, 4], 1.0)])) == hash(SpatialMap("mix", ((0, (3, 4), 1.0),)))


def test_activations_that_are_not_finite_are_an_error(tiny):
    with torch.no_grad():
        tiny.module.head.bias.fill_(math.nan)
    for call in (
        lambda: measure(tiny, torch.rand(1, 3, 8, 8), Logit(1)),
        lambda: measure_on_crops(tiny, torch.rand(1, 3, 8, 8), Logit(1), crops=1, seed=1),
    ):
        with pytest.raises(AccentuationError, match="activation of `logit=1` is not finite"):
            call()


@pytest.mark.parametrize(
    ("activations", "percentiles", "sentence"),
    [
        ([1.0, 2.0], [101], "numbers from 0 to 100"),
        ([1.0, 2.0], 99, "numbers from 0 to 100"),
        ([], [50], "one finite activation for each"),
        ([math.nan], [50], "one finite activation for each"),
    ],
)
def test_levels_of_nothing_are_refused(activations, percentiles, sentence):
    with pytest.raises(AccentuationError, match=sentence):
        natural_levels(torch.tensor(activations), percentiles)


def test_distances_are_between_as_many_images(tiny):
    with pytest.raises(AccentuationError, match=r"must have one shape, not \(2, 3, 8, 8\) and \(1, 3, 8, 8\)"):
        latent_distance(tiny, torch.rand(2, 3, 8, 8), torch.rand(1, 3, 8, 8), "mix")


@pytest.mark.parametrize(
    "feature",
    [
        WeightedSum(((-1.0, Channel("0", 3)),)),
        WeightedSum(((1.0, Channel("0", 3)), (-1.0, Channel("1.2", 4)))),
        WeightedSum([(np.float64(-0.5), Channel("0", 3))]),
        Direction("0", [(1, np.float64(0.5)), (np.int64(2), np.float32(0.25))], np.float64(2.0)),
        Direction("0", ((1, torch.tensor(0.5)),)),
    ],
)
def test_layers_that_are_called_by_a_number_and_numbers_of_other_libraries_are_read_back(feature):
    assert parse_feature(str(feature)) == feature
    assert isinstance(hash(feature), int)
