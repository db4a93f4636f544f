"""What is of the wrong kind is told in one sentence, by every function that people call."""

import pytest
import torch

from accentuation import (
    AccentuationConfig,
    AccentuationError,
    Channel,
    Job,
    Logit,
    Neuron,
    WeightedSum,
    accentuate,
    accentuate_many,
    channel_activations,
    mean_magnitude,
    measure,
    natural_levels,
    visualize,
)
from accentuation.circuits import circuit_vectors
from accentuation.randomization import cascade

FIRST = Logit(1)
IMAGE = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda model: accentuate(model.module, IMAGE, FIRST, seed=1), "The model must be a VisionModel, not a Tiny"),
        (lambda model: measure("resnet50", IMAGE[None], FIRST), "The model must be a VisionModel, not a str"),
        (lambda model: accentuate(model, IMAGE, FIRST, {"steps": 3}, seed=1), "must be an AccentuationConfig"),
        (lambda model: accentuate_many(model, Job(IMAGE, FIRST, 1)), r"`\[Job\(...\), ...\]`, not a Job"),
        (lambda model: accentuate_many(model, 7), "takes several jobs"),
        (lambda model: Job(IMAGE, FIRST, 1, levels=3.0), "levels must be a tuple of numbers"),
        (lambda model: Job(IMAGE, FIRST, 1, levels=("a",)), "levels must be a tuple of numbers"),
        (lambda model: AccentuationConfig(suppress="no"), "suppress must be True or False"),
        (lambda model: AccentuationConfig(steps=True), "steps must be a whole number"),
        (lambda model: accentuate(model, IMAGE, Channel("mix", 1), AccentuationConfig(regularization_layer=3), seed=1),
         "A layer is given by its name"),
        (lambda model: channel_activations(model, IMAGE[None], "logit"), r"a list of names, `\['logit'\]`"),
        (lambda model: circuit_vectors(model, IMAGE[None], FIRST, "mix"), "a list of names"),
        (lambda model: cascade(model, IMAGE, FIRST, stages="head", seed=1), "The stages are a list of names"),
        (lambda model: natural_levels([1.0], [50]), "a tensor of activations, as `measure` gives it, not from a list"),
        (lambda model: natural_levels(torch.ones(2), ["50"]), "percentiles must be numbers"),
        (lambda model: visualize(model, FIRST, IMAGE, seed=1), "must be a MagnitudeSpectrum, not a Tensor"),
        (lambda model: mean_magnitude(IMAGE), "that of several images"),
        (lambda model: WeightedSum((1.0, Logit(1))), "pairs of a weight and a feature"),
    ],
)  # fmt: skip
def test_what_is_of_the_wrong_kind_is_told_in_one_sentence(tiny, ask, sentence):
    with pytest.raises(AccentuationError, match=sentence):
        list(ask(tiny))


def test_a_position_in_a_list_serves_as_well_as_a_tuple(tiny):
    assert measure(tiny, IMAGE[None], Neuron("mix", 1, [2, 2])) == measure(tiny, IMAGE[None], Neuron("mix", 1, (2, 2)))
