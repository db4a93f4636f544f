"""A stimulus against the bounds of a protocol: each bound alone, at its edge and over it."""

import pytest

from stimuli.models import Stimulus
from stimuli.protocol import QualityTable
from stimuli.quality import flags, gain


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


@pytest.mark.parametrize(
    ("kind", "after", "is_against"),
    [
        ("accentuation", 1.9, True),
        ("accentuation", 2.0, False),
        ("suppression", 2.1, True),
        ("suppression", 1.0, False),
    ],
)
def test_what_moved_its_feature_the_wrong_way_has_a_gain_below_0(kind: str, after: float, is_against: bool) -> None:
    found = gain(stimulus(kind, activation_after=after))
    assert found is not None
    assert (found < 0) == is_against


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


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("accentuation", {"gain", "rank", "distance", "ssim", "saturation"}),
        ("suppression", {"gain", "distance", "ssim", "saturation"}),
        ("continuation", {"distance", "ssim", "saturation"}),
        ("visualization", {"rank", "saturation"}),
        ("attribution", set()),
    ],
)
def test_a_kind_is_asked_only_what_means_something_for_it(kind: str, asked: set[str]) -> None:
    nobody = QualityTable(min_gain=1e6, max_rank=1, max_distance=0.0, min_ssim=1.0, max_saturation=0.0)
    assert {words.split()[0] for words in flags(stimulus(kind), nobody)} == asked


def test_the_gain_of_a_suppression_is_its_fall() -> None:
    fallen = stimulus("suppression", activation_before=5.0, activation_after=2.0)
    assert flags(fallen, QualityTable(min_gain=3.0)) == []
    assert flags(fallen, QualityTable(min_gain=3.1)) == ["gain is 3, min_gain is 3.1"]


def test_what_a_kind_does_not_have_is_no_fault() -> None:
    made = stimulus("visualization", activation_before=None, crop_activation_before=None, distance=None, ssim=None)
    assert flags(made, QualityTable(min_gain=1.0, max_distance=1.0, min_ssim=0.5)) == []


@pytest.mark.parametrize(
    ("steps_taken", "after", "words"),
    [
        (3, 9.0, []),
        (3, 7.9, []),  # stopped there; the file's rounding moved the figure
        (10, 8.0, []),
        (10, 7.9, ["level 8 (percentile 95 of the natural images) was never reached, activation is 7.9"]),
        (0, 9.0, ["level 8 (percentile 95 of the natural images) was there before the first step"]),
    ],
)
def test_a_continuation_must_have_been_stopped_at_its_level(steps_taken: int, after: float, words: list[str]) -> None:
    made = stimulus("continuation", activation_after=after)
    made.config = {"steps": 10, "level": 8.0, "level_percentile": 95.0}
    made.curve = [1.0] * steps_taken
    assert flags(made, QualityTable()) == words
