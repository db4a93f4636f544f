"""Attribution maps, against hand computation, completeness, and Captum's own Grad-CAM."""

import pytest
import torch
from captum.attr import LayerGradCam
from torch import nn

from accentuation import AccentuationError, FeatureError, VisionModel, parse_feature
from accentuation.attribution import attribute, deepest_layer
from accentuation.measuring import measure
from accentuation.reading import read_layers

METHODS = ("gradient_x_input", "integrated_gradients", "grad_cam", "smooth_grad")
LOGIT_1 = parse_feature("logit=1")  # of the tiny network: mean(relu(2r)) + mean(relu(-g)), for normalised r and g
EGYPTIAN_CAT, ESPRESSO = parse_feature("logit=285"), parse_feature("logit=967")


def bright_and_dark():
    """Normalised r = 1 and g = -1 on the left, where both parts are active; the opposite right, where none is."""
    image = torch.full((3, 8, 8), 0.5)
    image[0, :, :4], image[0, :, 4:] = 0.75, 0.25
    image[1, :, :4], image[1, :, 4:] = 0.25, 0.75
    return image


def test_gradient_times_input_is_as_computed_by_hand(tiny):
    # On the left one pixel's gradient is 2 / 0.25 / 64 for red and -1 / 0.25 / 64 for green; times 0.75 and 0.25.
    expected = torch.zeros(1, 8, 8)
    expected[:, :, :4] = (8 * 0.75 - 4 * 0.25) / 64
    made = attribute(tiny, bright_and_dark(), LOGIT_1, "gradient_x_input", seed=0)
    torch.testing.assert_close(made, expected)


def test_integrated_gradients_are_as_computed_by_hand(tiny):
    # From black (-2) red is active once it passes 0: at (2, of 3) thirds of the way, so its 2 * 1 / 64 is all it gives.
    # Green loses what black had in it: on the left from 2 to 1, on the right from 2 to 0.
    expected = torch.empty(1, 8, 8)
    expected[:, :, :4], expected[:, :, 4:] = (2 - 1) / 64, -2 / 64
    made = attribute(tiny, bright_and_dark(), LOGIT_1, "integrated_gradients", seed=0, steps=2000)
    torch.testing.assert_close(made, expected, atol=1e-4, rtol=0)


def test_integrated_gradients_sum_to_what_the_image_adds_to_black(lite0, cat):
    small = lite0.resize(cat[None])[0].clamp(0, 1)
    made = attribute(lite0, small, EGYPTIAN_CAT, "integrated_gradients", seed=0, steps=128)
    activations = measure(lite0, torch.stack([small, torch.zeros_like(small)]), EGYPTIAN_CAT)
    added = float(activations[0] - activations[1])
    assert float(made.sum()) == pytest.approx(added, abs=0.05 * abs(added))


def test_smooth_grad_without_noise_is_the_saliency(lite0, cat):
    pixels = cat[None].clone().requires_grad_()
    read_layers(lite0, lite0.resize(pixels), ["logit"])["logit"][0, 285].backward()
    saliency = pixels.grad[0].abs().amax(dim=0, keepdim=True)
    made = attribute(lite0, cat, EGYPTIAN_CAT, "smooth_grad", seed=0, samples=3, noise=0.0)
    torch.testing.assert_close(made, saliency, atol=1e-5, rtol=1e-3)


def test_smooth_grad_averages_over_both_sides_of_a_kink(tiny):
    # Grey: normalised 0, where noise lets half of all copies through; the gradient of red is then half of 8 / 64.
    grey = torch.full((3, 8, 8), 0.5)
    made = attribute(tiny, grey, LOGIT_1, "smooth_grad", seed=0, samples=400)
    torch.testing.assert_close(made.mean(), torch.tensor(4 / 64), atol=2e-3, rtol=0)


def test_grad_cam_is_as_computed_by_hand(tiny):
    # Both channels of relu weigh 1 / 64. There they are 2 and 1 on the left and 0 on the right.
    expected = torch.zeros(1, 8, 8)
    expected[:, :, :4] = 3 / 64
    torch.testing.assert_close(attribute(tiny, bright_and_dark(), LOGIT_1, "grad_cam", seed=0), expected)
    # In mix only the left half has a gradient, so both weigh half of that, and -2 - 1 on the right is cut at 0.
    torch.testing.assert_close(
        attribute(tiny, bright_and_dark(), LOGIT_1, "grad_cam", seed=0, layer="mix"), expected / 2
    )


def test_grad_cam_on_convolutions_is_captums(lite0, cat):
    lite0.module.eval()
    layer = lite0.module.get_submodule("blocks.5.2")
    images = lite0.resize(cat[None])
    theirs = LayerGradCam(lambda inputs: lite0.module(lite0.normalize(inputs)), layer).attribute(
        images, target=285, relu_attributions=True
    )
    theirs = nn.functional.interpolate(theirs.detach(), size=(96, 96), mode="bilinear")[0]
    ours = attribute(lite0, cat, EGYPTIAN_CAT, "grad_cam", seed=0, layer="blocks.5.2")
    assert float(theirs.max()) > 0
    torch.testing.assert_close(ours, theirs)


def test_grad_cam_puts_each_class_where_its_object_is(lite0, cat, coffee):
    both = torch.cat([cat, coffee], dim=2)  # (3, 96, 192), the cat on the left
    cat_map = attribute(lite0, both, EGYPTIAN_CAT, "grad_cam", seed=0)
    coffee_map = attribute(lite0, both, ESPRESSO, "grad_cam", seed=0)
    assert cat_map.shape == (1, 96, 192)
    assert float(cat_map[..., :96].sum() / cat_map.sum()) > 0.7
    assert float(coffee_map[..., 96:].sum() / coffee_map.sum()) > 0.7


def test_the_default_layer_is_the_last_with_positions(lite0, cat, tiny):
    assert deepest_layer(tiny, bright_and_dark(), LOGIT_1) == "relu"
    assert read_layers(lite0, lite0.resize(cat[None]), [deepest_layer(lite0, cat, EGYPTIAN_CAT)]).popitem()[
        1
    ].shape == (1, 1280, 7, 7)


def test_the_default_layer_does_not_run_after_the_feature(lite0, cat):
    assert deepest_layer(lite0, cat, parse_feature("blocks.3.1:channel=5")) == "blocks.3.1"


class FirstToken(nn.Module):
    """Patches mixed by attention's simplest form, a mean, and read at the first token, which is the class token."""

    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, 4, kernel_size=2, stride=2)
        self.tokens = nn.Identity()
        self.mixed = nn.Identity()
        self.head = nn.Linear(4, 2)

    def forward(self, images):
        patches = self.patch(images).flatten(2).mT  # (B, 16, 4)
        tokens = self.tokens(torch.cat([patches.new_zeros(len(images), 1, 4), patches], dim=1))
        mixed = self.mixed(tokens + tokens.mean(dim=1, keepdim=True))
        return self.head(mixed[:, 0])


def test_layers_whose_patches_play_no_part_any_more_are_passed_over():
    torch.manual_seed(0)
    model = VisionModel("tokens", FirstToken().eval(), 8, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    image = torch.rand(3, 8, 8)
    assert deepest_layer(model, image, LOGIT_1) == "tokens"
    # The gradient at each of the 17 tokens is head / 17, at the class token, which is 0, head more. So every channel
    # weighs head * 2 / 17 up to that: (17 / 17 + 1) / 17.
    patches = model.module.patch(model.normalize(image[None]))  # (1, 4, 4, 4)
    weights = model.module.head.weight[1] * 2 / 17
    expected = torch.einsum("bchw,c->bhw", patches, weights).relu()[None]
    expected = nn.functional.interpolate(expected, size=(8, 8), mode="bilinear")[0].detach()
    torch.testing.assert_close(attribute(model, image, LOGIT_1, "grad_cam", seed=0), expected)


@pytest.mark.parametrize("method", METHODS)
def test_every_map_has_the_size_of_its_image_and_leaves_the_model_as_it_was(tiny, method):
    calls = []
    tiny.module.mix.register_forward_hook(lambda *_: calls.append("mine"))
    state = torch.get_rng_state()
    with torch.no_grad():
        made = attribute(
            tiny, torch.rand(3, 11, 6, generator=torch.Generator().manual_seed(1)), LOGIT_1, method, seed=0
        )
    assert made.shape == (1, 11, 6)
    assert bool(made.isfinite().all())
    assert not made.requires_grad
    assert torch.equal(torch.get_rng_state(), state)
    assert tiny.module.training
    assert all(parameter.requires_grad and parameter.grad is None for parameter in tiny.module.parameters())
    assert [len(part._forward_hooks) for part in tiny.module.modules()] == [0, 1, 0, 0, 0]


def test_the_same_seed_gives_the_same_map_and_another_one_another(tiny):
    image = torch.full((3, 8, 8), 0.5)
    maps = [attribute(tiny, image, LOGIT_1, "smooth_grad", seed=seed, samples=4) for seed in (1, 1, 2)]
    assert torch.equal(maps[0], maps[1])
    assert not torch.equal(maps[0], maps[2])


@pytest.mark.parametrize("method", ["gradient_x_input", "integrated_gradients", "grad_cam"])
def test_a_method_without_chance_needs_no_seed(tiny, method):
    image = bright_and_dark()
    assert torch.equal(attribute(tiny, image, LOGIT_1, method), attribute(tiny, image, LOGIT_1, method, seed=3))


def test_a_dead_feature_has_an_empty_map(tiny):
    # Red dark and green bright: nothing passes the ReLU.
    image = torch.zeros(3, 8, 8)
    image[1] = 1
    assert not attribute(tiny, image, LOGIT_1, "grad_cam", seed=0).any()
    assert not attribute(tiny, image, LOGIT_1, "gradient_x_input", seed=0).any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "lime"}, "no attribution method `lime`; take one of gradient_x_input"),
        ({"method": "integrated_gradients", "steps": 0}, "at least 1"),
        ({"method": "smooth_grad", "samples": 0}, "at least 1"),
        ({"method": "smooth_grad", "noise": -0.1}, "0 or more"),
        ({"method": "grad_cam", "image": torch.zeros(1, 8, 8)}, r"shape \(3, height, width\), not \(1, 8, 8\)"),
        ({"method": "grad_cam", "image": torch.full((3, 8, 8), 255.0)}, "from 0 to 1"),
        ({"method": "smooth_grad", "seed": 2**70}, "seed must be a whole number from 0"),
        ({"method": "smooth_grad", "seed": None}, "smooth_grad draws its noise at random; give it a seed"),
    ],
)
def test_what_cannot_be_used_is_named(tiny, options, message):
    with pytest.raises(AccentuationError, match=message):
        attribute(tiny, **{"image": torch.zeros(3, 8, 8), "feature": LOGIT_1, "seed": 0, **options})


@pytest.mark.parametrize(
    ("layer", "feature", "message"),
    [
        ("head", "logit=1", "not a layer with positions"),
        ("logit", "logit=1", "`logit` is not a layer with positions"),
        ("heat", "logit=1", "no layer `heat`"),
        ("relu", "mix:channel=0", "`relu` does not lead to `mix:channel=0`"),
    ],
)
def test_a_layer_that_grad_cam_cannot_take_is_named(tiny, layer, feature, message):
    with pytest.raises(FeatureError, match=message):
        attribute(tiny, torch.zeros(3, 8, 8), parse_feature(feature), "grad_cam", seed=0, layer=layer)
