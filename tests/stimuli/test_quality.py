"""A stimulus against the bounds of a protocol: each bound alone, at its edge and over it."""

import pytest

from stimuli.models import Stimulus
from stimuli.protocol import QualityTable
from stimuli.quality import against_their_aim, flags, gain


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
    ("kind", "after", "told"),
    [
        ("accentuation", 1.9, ["1 of 2 accentuations do not raise the activation."]),
        ("accentuation", 2.0, ["1 of 2 accentuations do not raise the activation."]),
        ("accentuation", 2.1, []),
        ("suppression", 2.1, ["1 of 1 suppressions do not lower the activation."]),
        ("suppression", 2.0, ["1 of 1 suppressions do not lower the activation."]),
        ("suppression", 1.9, []),
    ],
)
def test_what_does_not_move_its_feature_as_it_should_is_counted(kind: str, after: float, told: list[str]) -> None:
    assert against_their_aim([stimulus(), stimulus(kind, activation_after=after)]) == told


def continuation(percentile: float, after: float, *, feature: int = 1, image: int = 1) -> Stimulus:
    made = stimulus("continuation", activation_after=after)
    made.config = {"level_percentile": percentile}
    made.feature_id, made.image_id = feature, image
    return made


@pytest.mark.parametrize(("weak", "is_less"), [(5.0, True), (6.0, False), (6.5, False)])
def test_a_weak_continuation_must_activate_less_than_the_strong_one_of_its_seed(weak: float, is_less: bool) -> None:
    others = [continuation(90, 7.0, image=2), continuation(99, 8.0, image=2), continuation(99, 1e3, feature=2)]
    told = against_their_aim([continuation(99, 6.0), continuation(90, weak), *others])
    sentence = "1 of 2 weak continuations activate their feature no less than the strong ones of their seeds."
    assert told == ([] if is_less else [sentence])


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


def test_the_gain_of_an_accentuation_is_its_rise() -> None:
    assert gain(stimulus(activation_after=1.5)) == -0.5


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
