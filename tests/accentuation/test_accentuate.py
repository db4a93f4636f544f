"""Accentuations of the real network, and the promises of the loop."""

import re
import sys
from dataclasses import replace

import pytest
import torch
from PIL import Image

from accentuation import (
    AccentuationConfig,
    AccentuationError,
    Channel,
    FeatureError,
    Job,
    Logit,
    ModelError,
    accentuate,
    accentuate_many,
    channel_activations,
    check_config,
    latent_distance,
    measure,
    parse_feature,
)
from accentuation.crops import CropSource
from accentuation.features import feature_values
from accentuation.folding import folded_copy
from accentuation.loop import _Run
from accentuation.reading import read_layers

# Small and short, but real: a few seconds on two cores.
QUICK = AccentuationConfig(steps=8, crops=4, learning_rate=0.1, regularization=0.3)
TINY = AccentuationConfig(steps=4, crops=2)


def crops_of(image, size, config, seed):
    return CropSource(*image.shape[1:], size, config, [seed]).draw().take(image[None])


def on_held_out_crops(model, image, feature):
    """The mean activation over crops that no optimisation has seen."""
    crops = crops_of(image, model.input_size, AccentuationConfig(crops=24), seed=987_654)
    with torch.no_grad():
        return feature_values(read_layers(model, crops, feature.layers), feature).mean().item()


@pytest.mark.parametrize("text", ["logit=285", "logit=967", "blocks.4.0:channel=17", "blocks.3.1:channel=40"])
def test_it_raises_the_feature_on_held_out_crops(lite0, cat, text):
    feature = parse_feature(text)
    result = accentuate(lite0, cat, feature, QUICK, seed=1)
    assert on_held_out_crops(lite0, result.image, feature) > on_held_out_crops(lite0, cat, feature)
    assert result.activation_after > result.activation_before
    assert result.activation_before == pytest.approx(measure(lite0, cat[None], feature).item(), rel=1e-4)
    assert result.activation_after == pytest.approx(measure(lite0, result.blend[None], feature).item(), rel=1e-4)


def test_the_regulariser_lowers_the_distance_in_its_layer_at_equal_steps(lite0, cat):
    feature = parse_feature("blocks.3.1:channel=40")
    free, balanced, strict = (
        accentuate(
            lite0, cat, feature, replace(QUICK, regularization=weight, regularization_layer="blocks.2.1"), seed=2
        )
        for weight in (0.0, 1.0, 4.0)
    )
    free, balanced, strict = (done.distances for done in (free, balanced, strict))
    assert free[-1] > balanced[-1] > strict[-1] > 0
    assert free[0] == balanced[0] == strict[0] == 0


def test_the_first_step_sees_the_seed_itself(tiny):
    image = torch.rand(3, 9, 7, generator=torch.Generator().manual_seed(1))
    feature, config = parse_feature("mix:channel=0"), AccentuationConfig(steps=1, crops=3)
    result = accentuate(tiny, image, feature, config, seed=5)
    crops = crops_of(image, 8, config, seed=5)
    # mix, channel 0: twice the normalised red
    assert result.activations[0].item() == pytest.approx((2 * (crops[:, 0] - 0.5) / 0.25).mean().item(), abs=0.01)
    assert result.distances.tolist() == [0.0]


def test_more_red_is_what_a_red_feature_asks_for(tiny):
    image = torch.full((3, 8, 8), 0.5) + 0.2 * torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(2))
    config = AccentuationConfig(steps=60, crops=4, learning_rate=0.2, regularization=0.0, crop_min=0.9)
    result = accentuate(tiny, image, parse_feature("mix:channel=0"), config, seed=1)
    # d feature / d image is 2 / 0.25 on red and nothing on green and blue, spread over the pixels by the crops
    assert result.activations[-5:].mean() > result.activations[:5].mean()


def test_the_same_seed_gives_the_same_image_and_another_seed_another(lite0, cat):
    feature = parse_feature("blocks.3.0:channel=5")
    config = AccentuationConfig(steps=3, crops=2)
    first, again, other = (accentuate(lite0, cat, feature, config, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first.image, again.image)
    assert torch.equal(first.mask, again.mask)
    assert torch.equal(first.activations, again.activations)
    assert not torch.equal(first.image, other.image)


def test_it_does_not_move_the_global_random_state(tiny):
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    accentuate(tiny, torch.full((3, 8, 8), 0.4), parse_feature("mix:channel=0"), TINY, seed=1)
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize("shape", [(3, 1, 1), (3, 13, 6), (3, 5, 40)])
def test_images_of_any_shape_keep_it_and_stay_in_range(tiny, shape):
    image = torch.rand(shape, generator=torch.Generator().manual_seed(4))
    result = accentuate(tiny, image, parse_feature("logit=1"), TINY, seed=1)
    assert result.image.shape == result.blend.shape == shape
    assert result.mask.shape == (1, *shape[1:])
    for tensor in (result.image, result.blend, result.mask):
        assert tensor.min() >= 0
        assert tensor.max() <= 1
    assert result.activations.shape == result.distances.shape == (4,)


def test_the_blend_is_the_seed_where_the_mask_is_empty(lite0, cat):
    result = accentuate(lite0, cat, parse_feature("logit=285"), AccentuationConfig(steps=2, crops=2), seed=1)
    torch.testing.assert_close(result.blend, result.mask * result.image + (1 - result.mask) * cat)


def test_a_dead_feature_leaves_the_seed_as_it_is(tiny):
    with torch.no_grad():
        tiny.module.mix.weight[0] = 0
    seed = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(5))
    result = accentuate(tiny, seed, parse_feature("mix:channel=0"), TINY, seed=1)
    assert (result.image - seed).abs().max() < 1e-3
    assert torch.equal(result.mask, torch.zeros(1, 8, 8))
    assert torch.equal(result.blend, seed)


def test_each_step_is_reported(tiny):
    steps = []
    accentuate(tiny, torch.full((3, 8, 8), 0.4), parse_feature("logit=0"), TINY, seed=1, on_step=steps.append)
    assert steps == [1, 2, 3, 4]


def test_the_network_comes_back_as_it_was_also_after_an_interruption(tiny):
    tiny.module.relu.eval()
    tiny.module.mix.register_forward_hook(lambda *_: None)
    state = {name: value.clone() for name, value in tiny.module.state_dict().items()}

    def account():
        modules = list(tiny.module.modules())
        return (
            [part.training for part in modules],
            [len(part._forward_hooks) for part in modules],
            [(parameter.requires_grad, parameter.grad) for parameter in tiny.module.parameters()],
        )

    def interrupt(step):
        if step == 2:
            raise KeyboardInterrupt

    before = account()
    image, feature = torch.full((3, 8, 8), 0.4), parse_feature("logit=1")
    accentuate(tiny, image, feature, TINY, seed=1)
    assert account() == before
    with pytest.raises(KeyboardInterrupt):
        accentuate(tiny, image, feature, TINY, seed=1, on_step=interrupt)
    assert account() == before
    assert all(torch.equal(state[name], value) for name, value in tiny.module.state_dict().items())


def test_a_gradient_that_is_not_finite_is_an_error(tiny):
    with torch.no_grad():
        tiny.module.mix.weight.fill_(float("inf"))
    with pytest.raises(AccentuationError, match="gradient of `logit=0` is not finite"):
        accentuate(tiny, torch.full((3, 8, 8), 0.4), parse_feature("logit=0"), TINY, seed=1)


@pytest.mark.parametrize(
    ("image", "sentence"),
    [
        (torch.zeros(1, 3, 8, 8), r"must have shape \(3, height, width\), not \(1, 3, 8, 8\)"),
        (torch.zeros(8, 8, 3), r"must have shape \(3, height, width\), not \(8, 8, 3\)"),
        (torch.zeros(3, 0, 8), "must have shape"),
        (torch.full((3, 8, 8), 128.0), "values from 0 to 1, not from 128 to 128; divide 8-bit ones by 255"),
        (torch.zeros(3, 8, 8, dtype=torch.uint8), "values from 0 to 1"),
        (torch.full((3, 8, 8), float("nan")), r"not finite \(NaN or infinity\); mend"),
        (Image.new("RGB", (8, 8)), r"must be a tensor, not a PIL\.Image\.Image; `to_tensor` makes one"),
    ],
)
def test_a_seed_that_is_no_image_is_told_why(tiny, image, sentence):
    with pytest.raises(AccentuationError, match=sentence):
        accentuate(tiny, image, parse_feature("logit=0"), TINY, seed=1)


def test_a_batch_tells_about_a_picture_too(tiny):
    with pytest.raises(AccentuationError, match="must be a tensor"):
        list(accentuate_many(tiny, [Job(Image.new("RGB", (8, 8)), Logit(0), 1)], TINY))


def test_a_blend_that_rounding_led_out_of_range_is_an_image(tiny):
    accentuate(tiny, torch.full((3, 8, 8), 1 + 1e-6), Logit(0), TINY, seed=1)


def test_a_level_that_the_seed_already_has_gives_the_seed_itself(lite0, cat):
    start = measure(lite0, cat[None], Logit(285)).item()
    steps = []
    config = replace(QUICK, levels=(start - 1, start - 2))
    result = accentuate(lite0, cat, Logit(285), config, seed=1, on_step=steps.append)
    assert [(shot.step, shot.level) for shot in result.snapshots] == [(0, start - 1), (0, start - 2)]
    assert all(torch.equal(shot.blend, cat) for shot in result.snapshots)
    assert steps == []
    assert result.activation_after == pytest.approx(start, abs=1e-3)


def test_a_feature_that_is_still_text_is_told_to_be_parsed(tiny):
    with pytest.raises(FeatureError, match=r"must be a Feature, not 'logit=0'; .*`parse_feature\(text, classes="):
        accentuate(tiny, torch.full((3, 8, 8), 0.4), "logit=0", TINY, seed=1)
    with pytest.raises(FeatureError, match="must be a Feature"):
        measure(tiny, torch.full((1, 3, 8, 8), 0.4), "logit=0")


def test_an_input_size_that_the_network_cannot_take_is_said(tiny):
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 2, 5), torch.nn.Flatten(), torch.nn.Linear(32, 2))  # 8 x 8
    model = replace(tiny, module=module, input_size=4, regularization_layer="0")
    told = r"tiny does not run on an input of 4 x 4 pixels \(.*\); give its VisionModel another input_size"
    image = torch.full((3, 8, 8), 0.4)
    for call in (
        lambda: accentuate(model, image, Logit(0), TINY, seed=1),
        lambda: check_config(model, TINY),
        lambda: channel_activations(model, image[None], ["logit"]),
        lambda: latent_distance(model, image[None], image[None], "0"),
    ):
        with pytest.raises(ModelError, match=told):
            call()
    accentuate(replace(model, input_size=8), image, Logit(0), TINY, seed=1)


def test_unknown_features_and_layers_are_told_before_the_first_step(tiny):
    image = torch.full((3, 8, 8), 0.4)
    with pytest.raises(FeatureError, match="must be from 0 to 1"):
        accentuate(tiny, image, Logit(2), TINY, seed=1)
    with pytest.raises(FeatureError, match="tiny has no layer `mux`; the nearest names are `mix`"):
        accentuate(tiny, image, Logit(0), AccentuationConfig(regularization_layer="mux"), seed=1)


def test_a_model_without_a_known_regularisation_layer_asks_for_one(tiny):
    with pytest.raises(AccentuationError, match="name one in regularization_layer"):
        accentuate(
            replace(tiny, regularization_layer=None), torch.full((3, 8, 8), 0.4), parse_feature("logit=0"), TINY, seed=1
        )


def test_a_config_can_be_checked_before_anything_is_made(tiny):
    check_config(tiny, TINY)
    with pytest.raises(FeatureError, match="tiny has no layer `mux`"):
        check_config(tiny, AccentuationConfig(regularization_layer="mux"))
    with pytest.raises(FeatureError, match="`idle` is part of tiny but does not run"):
        check_config(tiny, AccentuationConfig(regularization_layer="idle"))
    with pytest.raises(AccentuationError, match="name one in regularization_layer"):
        check_config(replace(tiny, regularization_layer=None), TINY)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("steps", 0),
        ("crops", 0),
        ("crop_min", 0.0),
        ("crop_max", 1.5),
        ("crop_max", 0.01),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("regularization", -1.0),
        ("regularization", float("inf")),
        ("mask_percentile", 0.0),
        ("mask_percentile", 101.0),
        ("gaussian_noise", -0.1),
        ("uniform_noise", 2.0),
        ("strength", 1.5),
        ("patience", 0),
        ("patience", 1.5),
        ("steps", "3"),
        ("steps", 2.0),
        ("crops", 1.5),
        ("strength", "full"),
        ("levels", 0.1),
        ("levels", ("high",)),
        ("snapshot_steps", 2),
        ("snapshot_steps", (1.5,)),
        ("parametrization", "paint"),
        ("precision", "float8"),
    ],
)
def test_a_setting_out_of_its_range_is_named(setting, value):
    with pytest.raises(AccentuationError, match=f"{setting} must be .*, not {re.escape(repr(value))}"):
        AccentuationConfig(**{setting: value})


@pytest.mark.parametrize("parametrization", ["fourier_phase", "fourier", "pixel"])
def test_every_parametrization_raises_the_feature(lite0, cat, parametrization):
    feature = parse_feature("blocks.3.1:channel=40")
    result = accentuate(lite0, cat, feature, replace(QUICK, parametrization=parametrization), seed=1)
    assert on_held_out_crops(lite0, result.image, feature) > on_held_out_crops(lite0, cat, feature)


@pytest.mark.parametrize(
    "text",
    [
        "blocks.3.1:neuron=40",
        "blocks.3.1:direction=40*1.0,7*-1.0^1",
        "blocks.3.1:map=40@7,7*1.0;3@2,2*-0.5",
        "logit=285 - logit=281",
    ],
)
def test_every_kind_of_feature_can_be_raised(lite0, cat, text):
    feature = parse_feature(text)
    result = accentuate(lite0, cat, feature, QUICK, seed=1)
    assert on_held_out_crops(lite0, result.image, feature) > on_held_out_crops(lite0, cat, feature)


def test_suppression_lowers_the_feature(lite0, cat):
    feature = parse_feature("logit=285")
    result = accentuate(lite0, cat, feature, replace(QUICK, suppress=True), seed=1)
    assert on_held_out_crops(lite0, result.image, feature) < on_held_out_crops(lite0, cat, feature)
    assert result.activation_after < result.activation_before


def test_suppressing_is_accentuating_the_negative(lite0, cat):
    config = replace(QUICK, steps=3)
    suppressed = accentuate(lite0, cat, parse_feature("logit=285"), replace(config, suppress=True), seed=1)
    negative = accentuate(lite0, cat, parse_feature("-logit=285"), config, seed=1)
    torch.testing.assert_close(suppressed.image, negative.image, atol=1e-4, rtol=0)


def test_a_batch_gives_what_its_members_give_one_by_one(lite0, cat, coffee):
    jobs = [
        Job(cat, parse_feature("logit=285"), 1),
        Job(coffee, parse_feature("blocks.3.1:channel=40"), 2),
        Job(cat, parse_feature("blocks.4.0:channel=17"), 3),
    ]
    config = replace(QUICK, steps=3)
    together = list(accentuate_many(lite0, jobs, config, batch_size=2))
    for job, result in zip(jobs, together, strict=True):
        alone = accentuate(lite0, job.seed_image, job.feature, config, seed=job.seed)
        # Adam divides by the gradient's size, so rounding shows where the gradient is nearly zero.
        assert (result.image - alone.image).abs().mean() < 1e-3
        torch.testing.assert_close(result.activations, alone.activations, rtol=0.02, atol=0.01)
        assert result.activation_before == pytest.approx(alone.activation_before, rel=1e-3, abs=1e-3)
        assert result.activation_after == pytest.approx(alone.activation_after, rel=0.02, abs=0.02)


def test_many_jobs_stream_and_images_of_several_sizes_keep_their_order(tiny):
    asked = []

    def jobs():
        for number, side in enumerate([5, 5, 5, 9, 5]):
            asked.append(number)
            yield Job(torch.full((3, side, side), 0.4), Logit(1), number)

    results = accentuate_many(tiny, jobs(), TINY, batch_size=2)
    assert next(results).image.shape == (3, 5, 5)
    assert asked == [0, 1]
    assert [result.image.shape[-1] for result in results] == [5, 5, 9, 5]


def test_snapshots_are_the_ends_of_shorter_runs(lite0, cat):
    feature, config = parse_feature("logit=285"), replace(QUICK, steps=4, snapshot_steps=(2, 4))
    long = accentuate(lite0, cat, feature, config, seed=1)
    short = accentuate(lite0, cat, feature, replace(config, steps=2, snapshot_steps=()), seed=1)
    assert [shot.step for shot in long.snapshots] == [2, 4]
    torch.testing.assert_close(long.snapshots[0].image, short.image)
    torch.testing.assert_close(long.snapshots[0].blend, short.blend)
    torch.testing.assert_close(long.snapshots[1].image, long.image)


def test_a_level_is_kept_when_it_is_first_reached_and_the_last_one_ends_the_run(lite0, cat):
    feature, config = parse_feature("logit=285"), replace(QUICK, steps=30)
    start = measure(lite0, cat[None], feature).item()
    result = accentuate(lite0, cat, feature, replace(config, levels=(start + 0.3, start - 1, start + 0.8)), seed=1)
    low, middle, high = sorted(result.snapshots, key=lambda shot: shot.level)
    assert low.step == 0
    assert 0 < middle.step <= high.step < 30
    assert len(result.activations) == high.step
    for shot in (low, middle, high):
        assert shot.activation >= shot.level
        assert measure(lite0, shot.blend[None], feature).item() == pytest.approx(shot.activation, abs=1e-2)
    torch.testing.assert_close(result.blend, high.blend)


def test_a_level_that_is_never_reached_has_no_snapshot(tiny):
    result = accentuate(tiny, torch.full((3, 8, 8), 0.4), Logit(0), replace(TINY, levels=(1e6,)), seed=1)
    assert result.snapshots == ()
    assert len(result.activations) == TINY.steps


def test_a_feature_that_reads_a_convolution_changes_nothing_of_what_its_neighbours_are_made_by(lite0, cat, coffee):
    jobs = [Job(cat, Logit(285), seed=1), Job(coffee, Channel("blocks.2.1.conv_dw", 3), seed=2)]
    config = replace(QUICK, steps=3, crops=2)
    for job, result in zip(jobs, accentuate_many(lite0, jobs, config, batch_size=2), strict=True):
        assert torch.equal(result.image, accentuate(lite0, job.seed_image, job.feature, config, seed=job.seed).image)


def test_members_that_reach_their_level_leave_and_the_others_go_on_as_if_alone(lite0, cat, coffee):
    feature = parse_feature("logit=285")
    level = measure(lite0, cat[None], feature).item() + 0.1
    config = replace(QUICK, steps=6, levels=(level,))
    jobs = [Job(cat, feature, 1), Job(coffee, feature, 2)]
    first, second = accentuate_many(lite0, jobs, config, batch_size=2)
    alone = accentuate(lite0, coffee, feature, config, seed=2)
    assert len(first.activations) < len(second.activations) == 6
    assert (second.image - alone.image).abs().mean() < 1e-3


def test_a_run_without_progress_ends_after_its_patience(tiny):
    with torch.no_grad():
        tiny.module.mix.weight[0] = 0  # dead: it never gets better
    result = accentuate(tiny, torch.full((3, 8, 8), 0.4), Logit(0), replace(TINY, steps=50, patience=5), seed=1)
    assert len(result.activations) == 6


def test_the_strength_fades_the_blend_into_the_seed(lite0, cat):
    config = replace(QUICK, steps=2)
    full, none = (
        accentuate(lite0, cat, Logit(285), replace(config, strength=strength), seed=1) for strength in (1.0, 0.0)
    )
    torch.testing.assert_close(none.blend, cat)
    torch.testing.assert_close(full.image, none.image)


def test_half_precision_raises_the_feature_too(lite0, cat):
    result = accentuate(lite0, cat, Logit(285), replace(QUICK, precision="bfloat16"), seed=1)
    assert result.image.dtype == torch.float32
    assert on_held_out_crops(lite0, result.image, Logit(285)) > on_held_out_crops(lite0, cat, Logit(285))


def test_it_works_where_the_caller_has_switched_gradients_off(tiny):
    with torch.no_grad():
        result = accentuate(tiny, torch.full((3, 8, 8), 0.4), Logit(1), TINY, seed=1)
    assert result.activations.shape == (4,)


def test_a_result_does_not_hold_its_batch_in_memory(tiny):
    jobs = [Job(torch.full((3, 8, 8), 0.4), Logit(1), seed) for seed in range(4)]
    for result in accentuate_many(tiny, jobs, replace(TINY, snapshot_steps=(2,)), batch_size=4):
        for tensor in (result.image, result.mask, result.blend, result.snapshots[0].image):
            assert tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size()


def test_it_works_in_the_callers_inference_mode(tiny):
    with torch.inference_mode():
        result = accentuate(tiny, torch.full((3, 8, 8), 0.4), Logit(1), TINY, seed=1)
    assert result.activations.shape == (4,)


def test_each_job_of_a_batch_is_kept_at_its_own_levels_as_it_is_alone(tiny):
    image, config = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(3)), replace(TINY, steps=12)
    start = accentuate(tiny, image, Logit(1), config, seed=1).activation_before
    near, far = (start + 1e-4,), (start + 1e-4, start + 1e6)
    jobs = [Job(image, Logit(1), 1, near), Job(image, Logit(1), 2, far), Job(image, Logit(1), 3)]
    together = list(accentuate_many(tiny, jobs, config, batch_size=3))
    assert [[shot.level for shot in done.snapshots] for done in together] == [[near[0]], [far[0]], []]
    assert len(together[0].activations) < len(together[1].activations) == len(together[2].activations) == 12
    for job, done in zip(jobs, together, strict=True):
        (alone,) = accentuate_many(tiny, [job], config)
        torch.testing.assert_close(done.blend, alone.blend, atol=1e-5, rtol=1e-4)
        assert len(done.activations) == len(alone.activations)


def test_a_level_that_is_not_a_number_is_refused():
    with pytest.raises(AccentuationError, match="levels must be finite"):
        Job(torch.full((3, 8, 8), 0.4), Logit(1), 1, (float("nan"),))


@pytest.mark.parametrize("size", [0, -1, "3", 1.5])
def test_a_batch_of_nothing_is_refused(tiny, size):
    with pytest.raises(AccentuationError, match="batch_size must be at least 1"):
        list(accentuate_many(tiny, [], TINY, batch_size=size))


def test_a_network_that_cuts_the_gradient_or_returns_no_tensor_is_told(tiny):
    class Cut(torch.nn.Module):
        def __init__(self, inner, end):
            super().__init__()
            self.inner, self.end = inner, end

        def forward(self, images):
            return self.end(self.inner(images))

    image = torch.full((3, 8, 8), 0.4)
    config = replace(TINY, regularization_layer="inner.mix")
    with pytest.raises(AccentuationError, match="passes no gradient from this feature on to its input"):
        accentuate(replace(tiny, module=Cut(tiny.module, torch.Tensor.detach)), image, Logit(1), config, seed=1)
    with pytest.raises(FeatureError, match="wrap it in a module that returns logits"):
        accentuate(replace(tiny, module=Cut(tiny.module, list)), image, Logit(1), config, seed=1)


def test_without_regularisation_no_distance_is_taken_unless_its_layer_is_named(tiny, monkeypatch):
    passes = []
    tiny.module.mix.register_forward_hook(lambda _module, inputs, _output: passes.append(len(inputs[0])))
    image, config = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(6)), replace(TINY, regularization=0)
    free = accentuate(tiny, image, Logit(1), config, seed=1)
    assert passes.count(TINY.crops) == TINY.steps + 1  # one pass a step, and the measurement of seed and blend
    assert free.distances.tolist() == [0.0] * TINY.steps
    passes.clear()
    watched = accentuate(tiny, image, Logit(1), replace(config, regularization_layer="mix"), seed=1)
    assert passes.count(TINY.crops) == 2 * TINY.steps + 1
    assert torch.equal(watched.image, free.image)
    assert watched.distances[-1] > 0


class _BadAt(torch.nn.Module):
    """A network that goes wrong in one place: its logits are not finite, or a layer's distance has no finite slope."""

    def __init__(self, inner, where):
        super().__init__()
        self.inner, self.where, self.held = inner, where, torch.nn.Identity()

    def forward(self, images):
        logits = self.inner(images)
        if self.where == "activation":
            return logits + torch.full_like(logits, float("nan"))
        return logits + 0 * self.held(images.sum(dim=1).sub(images.sum(dim=1).detach()).sqrt()).detach().mean()


def test_an_activation_that_is_not_finite_is_an_error_though_its_gradient_is_none(tiny):
    model = replace(tiny, module=_BadAt(tiny.module, "activation"), regularization_layer="inner.mix")
    with pytest.raises(AccentuationError, match="The activation of `logit=0` is not finite"):
        accentuate(model, torch.full((3, 8, 8), 0.4), Logit(0), TINY, seed=1)


def test_a_distance_whose_gradient_is_not_finite_is_named_and_not_the_feature(tiny):
    model = replace(tiny, module=_BadAt(tiny.module, "distance"), regularization_layer="held")
    with pytest.raises(AccentuationError, match="gradient of the distance in `held` is not finite"):
        accentuate(model, torch.full((3, 8, 8), 0.4), Logit(0), TINY, seed=1)


@pytest.mark.parametrize("seed", [1.5, -1, 2**64, "1", None])
def test_a_seed_that_is_none_is_told(tiny, seed):
    with pytest.raises(AccentuationError, match=r"seed must be a whole number from 0 to 2\*\*64 - 1, not"):
        accentuate(tiny, torch.full((3, 8, 8), 0.4), Logit(0), TINY, seed=seed)


def test_jobs_that_are_none_are_told(tiny):
    with pytest.raises(AccentuationError, match=r"jobs must be Jobs, .*, not a tuple"):
        list(accentuate_many(tiny, [(torch.full((3, 8, 8), 0.4), Logit(0), 1)], TINY))


def test_a_job_without_levels_is_measured_on_its_way_as_little_beside_one_with_levels_as_alone(tiny):
    image = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(3))
    jobs = [Job(image, Logit(1), 1, (1e6,)), Job(image, Logit(1), 2)]
    with_levels, without = accentuate_many(tiny, jobs, replace(TINY, snapshot_steps=(2,)), batch_size=2)
    assert with_levels.snapshots[0].activation is not None
    assert without.snapshots[0].activation is None


def test_the_network_is_copied_once_for_many_jobs_of_one_feature(lite0, cat, monkeypatch):
    made = []
    module = sys.modules["accentuation.accentuate"]
    monkeypatch.setattr(module, "folded_copy", lambda *asked: made.append(asked) or folded_copy(*asked))
    jobs = [Job(cat, Channel("blocks.1.0", 3), seed) for seed in (1, 2)]
    config = AccentuationConfig(steps=1, crops=1, regularization=0)
    first, _ = accentuate_many(lite0, jobs, config, batch_size=1)
    assert len(made) == 1
    assert torch.equal(first.image, accentuate(lite0, cat, jobs[0].feature, config, seed=1).image)


def test_the_image_is_not_compared_with_its_start_any_more_once_the_balance_is_set(tiny, monkeypatch):
    asked, balance = [], _Run._balance
    monkeypatch.setattr(_Run, "_balance", lambda *arguments: asked.append(1) or balance(*arguments))
    image = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(3))
    accentuate(tiny, image, Logit(1), replace(TINY, steps=6), seed=1)
    assert len(asked) == 2  # the first step sees the start itself
