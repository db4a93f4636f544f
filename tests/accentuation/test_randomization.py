"""The sanity check: the more of the network is random, the less is left of the accentuation."""

import pytest
import torch
from torch import nn

from accentuation import AccentuationConfig, AccentuationError, FeatureError, accentuate, parse_feature
from accentuation.randomization import cascade, correlation, randomize, stages_of

TINY = AccentuationConfig(steps=4, crops=2)


def picture(side=8):
    return torch.rand(3, side, side, generator=torch.Generator().manual_seed(4)) * 0.8 + 0.1


def test_the_first_result_is_the_accentuation_itself(tiny):
    feature = parse_feature("logit=1")
    first, *_ = cascade(tiny, picture(), feature, TINY, seed=3)
    assert first.stage is None
    assert torch.equal(first.accentuation.image, accentuate(tiny, picture(), feature, TINY, seed=3).image)
    assert (first.change_similarity, first.mask_similarity) == (pytest.approx(1), pytest.approx(1))


def test_the_network_of_the_user_stays_as_it_is(tiny):
    before = {name: value.clone() for name, value in tiny.module.state_dict().items()}
    cascade(tiny, picture(), parse_feature("logit=1"), TINY, seed=3)
    assert tiny.module.training
    assert all(torch.equal(value, before[name]) for name, value in tiny.module.state_dict().items())
    assert not any(module._forward_hooks for module in tiny.module.modules())


def test_stages_go_from_output_to_input_and_leave_out_what_has_no_weights_or_does_not_run(tiny, lite0, cat):
    assert stages_of(tiny, picture()) == ("head", "mix")
    blocks = [f"blocks.{number}" for number in range(6, -1, -1)]
    assert stages_of(lite0, cat) == ("classifier", "bn2", "conv_head", *blocks, "bn1", "conv_stem")


def test_randomised_weights_are_the_same_values_in_another_order():
    layer = nn.Conv2d(8, 8, 3)
    before = layer.weight.detach().clone()
    randomize(layer, torch.Generator().manual_seed(1))
    assert not torch.equal(layer.weight, before)
    assert torch.equal(layer.weight.flatten().sort().values, before.flatten().sort().values)


def test_stages_above_the_layer_of_the_feature_change_nothing(tiny):
    results = cascade(tiny, picture(), parse_feature("mix:channel=0"), TINY, stages=["head"], seed=3)
    assert torch.equal(results[1].accentuation.image, results[0].accentuation.image)
    assert results[1].stage == "head"


def test_the_same_seed_gives_the_same_cascade(tiny):
    runs = [cascade(tiny, picture(), parse_feature("logit=1"), TINY, seed=3) for _ in range(2)]
    assert [each.change_similarity for each in runs[0]] == [each.change_similarity for each in runs[1]]


def test_correlation_is_that_of_pearson_and_0_where_something_is_constant():
    first = torch.tensor([1.0, 2, 3, 4])
    assert correlation(first, 3 * first + 1) == pytest.approx(1)
    assert correlation(first, -first) == pytest.approx(-1)
    expected = torch.corrcoef(torch.stack([first, first**2]))[0, 1].item()
    assert correlation(first, first**2) == pytest.approx(expected, rel=1e-5)
    assert correlation(first, torch.ones(4)) == 0


@pytest.mark.parametrize(
    ("stage", "error", "sentence"),
    [("heed", FeatureError, "has no layer `heed`"), ("relu", AccentuationError, "`relu` of tiny has no weights")],
)
def test_a_stage_that_cannot_be_randomised_is_refused(tiny, stage, error, sentence):
    with pytest.raises(error, match=sentence):
        cascade(tiny, picture(), parse_feature("logit=1"), TINY, stages=[stage], seed=1)


def test_the_accentuation_of_the_real_network_is_lost_with_its_weights(lite0, cat):
    config = AccentuationConfig(steps=6, crops=4, regularization=0.3)
    results = cascade(lite0, cat, parse_feature("logit=285"), config, stages=["classifier", "blocks"], seed=1)
    assert [each.stage for each in results] == [None, "classifier", "blocks"]
    assert all(each.change_similarity < 0.5 for each in results[1:])
    # The randomised network is alive: it changes the image too.
    assert all((each.accentuation.image - cat).abs().mean() > 1e-3 for each in results)
