"""The network runs no deeper than asked, and comes back as it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
import timm
import torch
import torchvision
from torch import nn

from accentuation import (
    AccentuationConfig,
    Channel,
    FeatureError,
    Logit,
    VisionModel,
    accentuate,
    channel_activations,
    latent_distance,
    mean_magnitude,
    measure,
    measure_on_crops,
    visualize,
)
from accentuation.attribution import AttributionMethod, attribute, deepest_layer
from accentuation.circuits import circuit_vectors
from accentuation.errors import is_out_of_memory
from accentuation.randomization import cascade
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


def _small(module: nn.Module, side: int, *, channels_last: bool | None = None) -> VisionModel:
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
    model = replace(_small(module, 160), channels_last=name == "test_mambaout" or None)
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


def _tokens_first() -> VisionModel:
    """A transformer's encoder whose tokens come before the images, as PyTorch's own has them unless told otherwise."""

    class Encoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.TransformerEncoderLayer(3, 1, 8, dropout=0)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.encoder(images.flatten(2).permute(2, 0, 1)).mean(dim=0)

    return _small(Encoder(), 4)


def test_a_layer_whose_first_dimension_is_not_that_of_the_images_is_refused():
    model, image = _tokens_first(), torch.rand(3, 4, 4)
    told = r"`encoder` of small has shape \(16, \d, 3\) for \d image\(s\)"
    with pytest.raises(FeatureError, match=told):
        measure(model, torch.rand(3, 3, 4, 4), Channel("encoder", 1))
    with pytest.raises(FeatureError, match=told):
        accentuate(model, image, Channel("encoder", 1), AccentuationConfig(regularization=0), seed=1)
    # as many crops as tokens, which hides it from a look at the crops alone
    config = AccentuationConfig(steps=1, crops=16, regularization_layer="encoder")
    with pytest.raises(FeatureError, match=told):
        accentuate(model, image, Logit(1), config, seed=1)
    assert measure(model, torch.rand(3, 3, 4, 4), Logit(1)).shape == (3,)


def test_grad_cam_passes_over_a_layer_whose_first_dimension_is_not_that_of_the_images(tiny):
    class Windows(nn.Module):
        def __init__(self, inner: nn.Module) -> None:
            super().__init__()
            self.inner, self.windows = inner, nn.Identity()

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            mixed = self.inner.mix(images)
            windows = self.windows(mixed.unfold(2, 4, 4).permute(0, 2, 1, 3, 4).flatten(0, 1))
            return self.inner.head(windows.reshape(len(images), -1, 2, 8, 4).mean(dim=(1, 3, 4)))

    assert deepest_layer(replace(tiny, module=Windows(tiny.module)), torch.rand(3, 8, 8), Logit(1)) == "inner.mix"


@pytest.mark.parametrize("channels_last", [False, None])
def test_one_dimensional_convolutions_are_read_with_channels_second_if_the_model_says_so(channels_last):
    module = nn.Sequential(nn.Flatten(2), nn.Conv1d(3, 7, 3), nn.BatchNorm1d(7), nn.ReLU())
    model = _small(module, 4, channels_last=channels_last)
    outputs = read_layers(model, torch.rand(2, 3, 4, 4), ["1", "2", "3"])
    assert outputs["1"].shape == outputs["2"].shape == (2, 7, 14)
    # Without a word a layer that is no convolution has the order of tokens.
    assert outputs["3"].shape == ((2, 7, 14) if channels_last is False else (2, 14, 7))


@contextmanager
def _default_dtype(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _everything(model: VisionModel, image: torch.Tensor) -> list[torch.Tensor]:
    """What every entry point makes of an image."""
    images, feature, config = torch.stack([image, image.flip(-1)]), Channel("relu", 0), AccentuationConfig(2, 2)
    done = accentuate(model, image, feature, replace(config, levels=(100.0,)), seed=1)
    spectrum = mean_magnitude(images)
    made = visualize(model, feature, spectrum, config, seed=1)
    return [
        *(done.image, done.mask, done.blend, done.activations, done.distances, spectrum.magnitude, made.image),
        torch.tensor([done.activation_before, done.activation_after, made.activation]).float(),
        measure(model, images, feature),
        measure_on_crops(model, images, feature, crops=2, seed=1),
        latent_distance(model, images, images.flip(0), "relu"),
        channel_activations(model, images, ["relu"])["relu"],
        circuit_vectors(model, images, Logit(1), ["relu"])["relu"],
        *(
            attribute(model, image, Logit(1), method, seed=1, steps=2, samples=2)
            for method in get_args(AttributionMethod)
        ),
        *(step.accentuation.image for step in cascade(model, image, Logit(1), config, stages=["head"], seed=1)),
    ]


@pytest.mark.parametrize(
    "mode",
    [
        lambda: torch.autocast("cpu", dtype=torch.bfloat16),
        torch.inference_mode,
        torch.no_grad,
        lambda: _default_dtype(torch.float64),
    ],
    ids=["autocast", "inference mode", "no gradients", "double precision"],
)
def test_every_entry_point_gives_the_same_in_every_mode_of_the_caller(tiny, mode):
    picture = np.random.default_rng(1).random((3, 8, 8), dtype=np.float32)
    expected = _everything(tiny, torch.from_numpy(picture))
    with mode():
        image = torch.from_numpy(picture).clone()  # in inference mode one that has no gradient
        found = _everything(tiny, image)
    for one, other in zip(found, expected, strict=True):
        assert torch.equal(one, other)


def test_images_in_another_precision_are_taken(tiny):
    image = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(
        measure(tiny, image.double()[None], Logit(1)), measure(tiny, image[None], Logit(1)), rtol=0, atol=1e-6
    )


def test_memory_that_runs_out_is_not_blamed_on_the_input_size(tiny):
    tiny.module.relu.register_forward_hook(lambda *_: torch.empty(2**60, dtype=torch.uint8))
    with pytest.raises(RuntimeError, match="memory") as raised:
        measure(tiny, torch.rand(1, 3, 8, 8), Logit(1))
    assert is_out_of_memory(raised.value)


class Viewing(nn.Module):
    """Flattens by `view`, as many tutorials do: the channels must come one after the other in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(4 * 8 * 8, 5)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.conv(images).view(len(images), -1))


def test_a_network_that_cannot_take_channels_last_gets_the_usual_order():
    torch.manual_seed(0)
    model = _small(Viewing(), 8)
    images = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    expected = model.module(model.normalize(images))
    for _ in range(2):
        last = images.contiguous(memory_format=torch.channels_last).requires_grad_()
        outputs = read_layers(model, last, ["conv", "logit"])
        torch.testing.assert_close(outputs["logit"], expected)
        (gradient,) = torch.autograd.grad(outputs["logit"].sum(), outputs["conv"], retain_graph=True)
        assert gradient.abs().sum() > 0
    config = AccentuationConfig(steps=2, crops=2, regularization_layer="conv")
    done = accentuate(model, torch.rand(3, 12, 12), Logit(1), config, seed=1)
    assert done.image.isfinite().all()


class Shortcut(nn.Module):
    """Works in place on what a shortcut has passed on as it was."""

    def __init__(self, shortcut: nn.Module) -> None:
        super().__init__()
        self.stem, self.shortcut, self.conv = nn.Conv2d(3, 4, 1), shortcut, nn.Conv2d(4, 4, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        stem = self.stem(images)
        kept = self.shortcut(stem)
        return (self.conv(nn.functional.relu(stem, inplace=True)) + kept).mean(dim=(2, 3))


@pytest.mark.parametrize("shortcut", [nn.Identity(), nn.Dropout(0.5)])
def test_reading_what_is_passed_on_and_changed_in_place_later_gives_what_was_passed_and_changes_nothing(shortcut):
    torch.manual_seed(0)
    model = _small(Shortcut(shortcut), 8)
    images = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(1), requires_grad=True)
    expected = model.module(model.normalize(images))
    outputs = read_layers(model, images, ["shortcut", "logit"])
    torch.testing.assert_close(outputs["logit"], expected)
    torch.testing.assert_close(outputs["shortcut"], model.module.stem(model.normalize(images)))
    assert outputs["shortcut"].min() < 0
    torch.testing.assert_close(read_layers(model, images, ["shortcut", "conv"])["shortcut"], outputs["shortcut"])
    assert torch.autograd.grad(outputs["shortcut"].sum(), images)[0].abs().sum() > 0


class Merging(nn.Linear):
    """Merges further weights when it is put into evaluation, and takes them out again for training, as LoRA does."""

    merged = False

    def train(self, mode: bool = True) -> "Merging":
        super().train(mode)
        if mode == self.merged:
            with torch.no_grad():
                self.weight += -1.0 if mode else 1.0
            self.merged = not mode
        return self


def test_a_module_that_does_more_than_set_a_flag_comes_back_as_it_was():
    layer = Merging(4, 2)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), layer).train()
    model = _small(network, 8)
    network.train()
    before = layer.weight.clone()
    accentuate(
        model, torch.rand(3, 9, 9), Logit(0), AccentuationConfig(steps=1, crops=1, regularization_layer="0"), seed=1
    )
    assert layer.training
    assert not layer.merged
    assert torch.equal(layer.weight, before)


def test_tokens_first_are_refused_also_where_there_are_as_many_images_as_tokens():
    with pytest.raises(FeatureError, match=r"`encoder` of small has shape \(16, 1, 3\) for 1 image"):
        channel_activations(_tokens_first(), torch.rand(16, 3, 4, 4), ["encoder"])


def test_maps_that_are_not_square_are_read_as_they_are_if_the_model_says_so():
    model = _small(nn.Sequential(nn.Conv2d(3, 8, 3, stride=(4, 8), padding=1), nn.ReLU()), 32, channels_last=False)
    images = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    assert torch.equal(read_layers(model, images, ["1"])["1"], _raw(model, images, "1"))


class Counting(nn.Module):
    """Numbers of another kind on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.signs = nn.Conv2d(3, 4, 3), Signs()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        convolved = self.conv(images)
        return convolved.mean(dim=(2, 3)) + self.signs(convolved).float().mean(dim=(2, 3))


class Signs(nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images > 0


def test_a_layer_of_other_than_real_numbers_is_refused():
    with pytest.raises(FeatureError, match=r"`signs` of small is in torch\.bool"):
        read_layers(_small(Counting(), 8), torch.rand(1, 3, 8, 8), ["signs"])
