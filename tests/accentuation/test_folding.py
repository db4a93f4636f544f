"""The faster copy computes the same, touches nothing of the original, and is given up where it would be wrong."""

import threading

import pytest
import torch
from torch import nn

from accentuation import VisionModel
from accentuation.errors import ModelError
from accentuation.folding import folded_copy
from accentuation.reading import read_layers


class Normalized(nn.Module):
    """A convolution, batch normalisation with statistics of its own, and optionally the bare convolution added."""

    def __init__(self, *, uses_convolution_twice: bool) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
        self.uses_convolution_twice = uses_convolution_twice
        generator = torch.Generator().manual_seed(1)
        with torch.no_grad():
            for values in (self.norm.weight, self.norm.bias, self.norm.running_mean, self.norm.running_var):
                values.copy_(torch.rand(4, generator=generator) + 0.5)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        convolved = self.conv(images)
        normalized = self.norm(convolved)
        return (normalized + convolved if self.uses_convolution_twice else normalized).mean(dim=(2, 3))


def vision_model(module: nn.Module) -> VisionModel:
    return VisionModel(name="normalized", module=module.eval(), input_size=8, mean=(0.5,) * 3, std=(0.25,) * 3)


def test_the_copy_of_the_real_network_computes_the_same_and_has_no_batch_normalisation(lite0, cat):
    layers = ["blocks.2.1", "blocks.4.0.bn2", "logit"]
    fast = folded_copy(lite0, layers)
    assert not any(isinstance(part, nn.BatchNorm2d) for part in fast.module.modules())
    images = lite0.resize(cat[None])
    expected, outputs = (read_layers(model, images, layers) for model in (lite0, fast))
    for layer in layers:
        torch.testing.assert_close(outputs[layer], expected[layer], atol=2e-4, rtol=1e-3)


def test_the_original_keeps_its_parameters(lite0):
    before = {name: value.clone() for name, value in lite0.module.state_dict().items()}
    folded_copy(lite0, ["logit"])
    after = lite0.module.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not any(part._forward_hooks for part in lite0.module.modules())


@pytest.mark.parametrize(("twice", "folds"), [(False, True), (True, False)])
def test_a_convolution_used_twice_is_not_folded(twice, folds):
    model = vision_model(Normalized(uses_convolution_twice=twice))
    fast = folded_copy(model, ["logit"])
    assert (fast is not model) == folds
    images = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(fast.module(images), model.module(images), atol=1e-5, rtol=1e-4)


def test_a_convolution_that_is_read_is_not_folded():
    model = vision_model(Normalized(uses_convolution_twice=False))
    assert folded_copy(model, ["conv", "logit"]) is model


def test_a_network_without_batch_normalisation_is_used_as_it_is(tiny):
    assert folded_copy(tiny, ["logit"]) is tiny


class Awkward(Normalized):
    """A network that folding cannot copy or change, in one of several ways."""

    def __init__(self, how: str) -> None:
        super().__init__(uses_convolution_twice=False)
        self.how = how
        if how == "holds a lock":
            self.lock = threading.Lock()
        if how == "computes its weights":
            nn.utils.parametrizations.weight_norm(self.conv)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if self.how == "reads what is folded away":
            return self.norm(self.conv(images)).mean(dim=(2, 3)) + self.norm.weight.sum()
        if self.how == "calls by keyword":
            return self.norm(input=self.conv(images)).mean(dim=(2, 3))
        return super().forward(images)


@pytest.mark.parametrize(
    "how",
    [
        "holds a lock",
        "computes its weights",
        "reads what is folded away",
        "calls by keyword",
    ],
)
def test_a_network_that_cannot_be_copied_or_changed_is_used_as_it_is(how):
    model = vision_model(Awkward(how))
    assert folded_copy(model, ["logit"]) is model


class Gated(Normalized):
    """Adds the bare convolution to bright images only."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        convolved = self.conv(images)
        gate = nn.functional.hardsigmoid(20 * (images.mean(dim=(1, 2, 3), keepdim=True) - 1))
        return (self.norm(convolved) + gate * convolved).mean(dim=(2, 3))


def test_a_network_that_only_bright_images_show_to_use_a_convolution_twice_is_not_folded():
    model = vision_model(Gated(uses_convolution_twice=False))
    assert folded_copy(model, ["logit"]) is model


class OneByOne(nn.Module):
    """Takes a single image."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.conv(images).view(1, 4, 36).mean(dim=2)


def test_a_network_that_takes_one_image_at_a_time_is_told():
    with pytest.raises(ModelError, match="does not run on 3 images at once"):
        folded_copy(vision_model(OneByOne()), ["logit"])
