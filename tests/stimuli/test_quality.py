"""A stimulus against the bounds of a protocol: each bound alone, at its edge and over it."""

import pytest

from stimuli.models import Stimulus
from stimuli.protocol import QualityTable
from stimuli.quality import flags


def stimulus(kind: str = "accentuation", **changed: float | None) -> Stimulus:
    figures = {
        "activation_before": 2.0,
        "activation_after": 5.0,
        "crop_activation_before": 1.0,
        "crop_activation_after": 2.0,
        "rank_after": 4,
        "distance": 0.5,
        "ssim": 0.9,
        "saturation": 0.01,
    }
    return Stimulus(kind=kind, **(figures | changed))


@pytest.mark.parametrize(
    ("key", "kept", "broken", "words"),
    [
        ("min_gain", 3.0, 3.01, "gain is 3, min_gain is 3.01"),
        ("max_rank", 4, 3, "rank is 4, max_rank is 3"),
        ("max_distance", 0.5, 0.49, "distance is 0.5, max_distance is 0.49"),
        ("min_ssim", 0.9, 0.91, "ssim is 0.9, min_ssim is 0.91"),
        ("max_saturation", 0.01, 0.009, "saturation is 0.01, max_saturation is 0.009"),
    ],
)
def test_a_bound_is_kept_at_its_edge_and_broken_beyond(key: str, kept: float, broken: float, words: str) -> None:
    assert flags(stimulus(), QualityTable(**{key: kept})) == []
    assert flags(stimulus(), QualityTable(**{key: broken})) == [words]


def test_every_broken_bound_is_named() -> None:
    assert len(flags(stimulus(), QualityTable(min_gain=9.0, max_rank=1, min_ssim=1.0))) == 3


def test_what_was_not_measured_breaks_a_bound_and_is_no_fault_without_one() -> None:
    assert flags(stimulus(distance=None), QualityTable()) == []
    assert flags(stimulus(distance=None), QualityTable(max_distance=1.0)) == [
        "distance was not measured, max_distance is 1"
    ]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_figure_that_is_no_number_is_flagged_without_any_bound(value: float) -> None:
    assert flags(stimulus(activation_after=value), QualityTable()) == ["activation_after is not finite"]
