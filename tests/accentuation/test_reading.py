"""The network runs no deeper than asked, and comes back as it was."""

from dataclasses import replace

import pytest
import timm
import torch
import torchvision
from torch import nn

from accentuation import FeatureError, VisionModel
from accentuation.reading import frozen, read_layers, read_shapes


def test_the_pass_ends_at_the_deepest_layer_read(lite0, cat):
    ran = []
    handles = [
        lite0.module.get_submodule(name).register_forward_hook(lambda *_, name=name: ran.append(name))
        for name in ("blocks.2.1", "blocks.3.0", "conv_head")
    ]
    read_layers(lite0, lite0.resize(cat[None]), ["blocks.3.0", "blocks.2.1"])
    for handle in handles:
        handle.remove()
    assert ran == ["blocks.2.1", "blocks.3.0"]


def test_a_layer_is_read_before_the_next_one_works_on_it_in_place(tiny):
    images = torch.full((1, 3, 8, 8), 0.75)  # 1 when normalised, so green comes out at -1 and the ReLU makes it 0
    outputs = read_layers(tiny, images, ["mix", "relu", "logit"])
    torch.testing.assert_close(outputs["mix"][0, :, 0, 0], torch.tensor([2.0, -1]))
    torch.testing.assert_close(outputs["relu"][0, :, 0, 0], torch.tensor([2.0, 0]))
    torch.testing.assert_close(outputs["logit"], torch.tensor([[12.0, 2]]))


def test_reading_leaves_the_outputs_of_the_network_alone(lite0, cat):
    images = lite0.resize(cat[None])
    plain = lite0.module(lite0.normalize(images))
    outputs = read_layers(lite0, images, ["blocks.0.0.bn1", "blocks.3.0", "logit"])
    assert torch.equal(outputs["logit"], plain)


def _small(module: nn.Module, side: int, *, channels_last: bool = False) -> VisionModel:
    """With random weights, in evaluation mode."""
    return VisionModel("small", module.eval(), side, (0.5,) * 3, (0.5,) * 3, channels_last=channels_last)


def _raw(model: VisionModel, images: torch.Tensor, layer: str) -> torch.Tensor:
    """A layer's output in the network's own order."""
    kept: list[torch.Tensor] = []
    handle = model.module.get_submodule(layer).register_forward_hook(lambda *arguments: kept.append(arguments[2]))
    model.module(model.normalize(images))
    handle.remove()
    return kept[0]


def test_tokens_come_with_channels_second():
    model = _small(timm.create_model("test_vit"), 160)
    images = torch.rand(2, 3, 160, 160)
    outputs = read_layers(model, images, ["patch_embed.proj", "blocks.1", "head"])
    assert outputs["patch_embed.proj"].shape == (2, 64, 10, 10)
    assert outputs["blocks.1"].shape == (2, 64, 101)
    assert outputs["head"].shape == (2, 1000)
    torch.testing.assert_close(outputs["blocks.1"], _raw(model, images, "blocks.1").transpose(1, 2))


def test_networks_that_keep_channels_last_are_read_with_channels_second():
    swin = torchvision.models.SwinTransformer([4, 4], 8, [1, 1], [1, 2], [7, 7])
    model = _small(swin, 112, channels_last=True)
    images = torch.rand(1, 3, 112, 112)
    layers = ["features.0.0", "features.1.0.mlp.0", "features.3", "permute", "avgpool"]
    outputs = read_layers(model, images, layers)
    shapes = [(1, 8, 28, 28), (1, 32, 28, 28), (1, 16, 14, 14), (1, 16, 14, 14), (1, 16, 1, 1)]
    assert [tuple(outputs[layer].shape) for layer in layers] == shapes
    torch.testing.assert_close(outputs["features.3"], _raw(model, images, "features.3").permute(0, 3, 1, 2))
    torch.testing.assert_close(outputs["features.0.0"], _raw(model, images, "features.0.0"))


def test_a_network_of_mixed_order_is_read_with_channels_second_throughout():
    model = _small(timm.create_model("test_convnext"), 160)
    outputs = read_layers(model, torch.rand(1, 3, 160, 160), ["stages.0.blocks.0.mlp.fc1", "stages.0"])
    assert outputs["stages.0.blocks.0.mlp.fc1"].shape == (1, 96, 40, 40)
    assert outputs["stages.0"].shape == (1, 24, 40, 40)


def test_where_all_sizes_are_alike_the_model_says_where_its_channels_are():
    module = nn.Sequential(nn.Conv2d(3, 8, kernel_size=1), nn.Identity())
    first, last = _small(module, 8), _small(module, 8, channels_last=True)
    images = torch.rand(1, 3, 8, 8)
    raw = module(first.normalize(images))
    torch.testing.assert_close(read_layers(first, images, ["1"])["1"], raw)
    torch.testing.assert_close(read_layers(last, images, ["1"])["1"], raw.permute(0, 3, 1, 2))
    # A convolution puts channels first in every network.
    torch.testing.assert_close(read_layers(last, images, ["0"])["0"], raw)


@pytest.mark.parametrize("name", ["test_vit", "test_mambaout"])
def test_the_network_goes_on_in_its_own_order_and_gradients_flow(name):
    module = timm.create_model(name)
    model = replace(_small(module, 160), channels_last=name == "test_mambaout")
    layer = "blocks.1" if name == "test_vit" else "stages.1"
    images = torch.rand(1, 3, 160, 160, requires_grad=True)
    outputs = read_layers(model, images, [layer, "logit"])
    torch.testing.assert_close(outputs["logit"], module(model.normalize(images)))
    (gradient,) = torch.autograd.grad(outputs[layer][:, 3].mean(), images)
    (expected,) = torch.autograd.grad(_raw(model, images, layer)[..., 3].mean(), images)
    assert gradient.abs().max() > 0
    torch.testing.assert_close(gradient, expected)


def test_hooks_are_gone_afterwards_and_those_of_the_caller_stay(tiny):
    calls = []
    tiny.module.mix.register_forward_hook(lambda *_: calls.append("mine"))
    read_layers(tiny, torch.rand(1, 3, 8, 8), ["mix"])
    tiny.module.head = torch.nn.Linear(5, 2)  # takes what the layers before it do not give
    with pytest.raises(RuntimeError):
        read_layers(tiny, torch.rand(1, 3, 8, 8), ["mix", "logit"])
    assert len(tiny.module.mix._forward_hooks) == 1
    assert calls == ["mine", "mine"]


def test_a_layer_that_does_not_run_is_named(tiny):
    with pytest.raises(FeatureError, match="`idle` is part of tiny but does not run"):
        read_layers(tiny, torch.rand(1, 3, 8, 8), ["mix", "idle"])
    assert not tiny.module.mix._forward_hooks


def test_the_shape_is_that_of_one_image(tiny):
    assert read_shapes(tiny, ["mix", "logit"]) == {"mix": (1, 2, 8, 8), "logit": (1, 2)}


def test_flags_come_back_as_they_were_also_after_an_exception(tiny):
    tiny.module.relu.eval()
    tiny.module.mix.requires_grad_(False)
    before = [part.training for part in tiny.module.modules()], [p.requires_grad for p in tiny.module.parameters()]

    def interrupt():
        assert not any(part.training for part in tiny.module.modules())
        assert not any(parameter.requires_grad for parameter in tiny.module.parameters())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), frozen(tiny.module):
        interrupt()
    assert before == (
        [part.training for part in tiny.module.modules()],
        [p.requires_grad for p in tiny.module.parameters()],
    )
    assert True in before[0]
    assert False in before[0]
