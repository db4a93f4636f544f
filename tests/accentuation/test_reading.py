"""The network runs no deeper than asked, and comes back as it was."""

import pytest
import torch

from accentuation import FeatureError
from accentuation.reading import frozen, read_layers, read_shape


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
    assert read_shape(tiny, "mix") == (1, 2, 8, 8)
    assert read_shape(tiny, "logit") == (1, 2)


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
