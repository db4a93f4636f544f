"""One stimulus in full: its figures, its curve, where it came from, and what may be done with it."""

from dataclasses import dataclass
from typing import Any

from stimuli.models import Stimulus, WorkingPlan
from studyapp.gallery.curve import Curve, draw
from studyapp.gallery.feature import Tile
from studyapp.gallery.rejections import plans_of
from studyapp.services.rejection import why_not_reject, why_not_take_back

OF_NO_MAP = "not measured for this kind"


@dataclass(frozen=True)
class Figure:
    """A measured figure in words, with what it was for the seed image where it has one."""

    name: str
    value: str
    before: str | None = None


@dataclass(frozen=True)
class Details:
    """What the gallery shows of one stimulus.

    Attributes:
        tile: the stimulus, judged.
        figures: of quality control.
        curve: None where no optimisation ran or none was kept.
        config: every parameter, by name.
        plans: the protocols that are worked on and use or used it.
        why_not: the sentence that says why it cannot be rejected, or for a rejected one, not be taken back.
    """

    tile: Tile
    figures: tuple[Figure, ...]
    curve: Curve | None
    config: dict[str, Any]
    plans: tuple[WorkingPlan, ...]
    why_not: str | None


def details(tile: Tile, images: int | None) -> Details:
    """Everything about a stimulus; ``images`` is how many the survey of its pool ranked, None where that is unknown."""
    stimulus = tile.stimulus
    return Details(
        tile=tile,
        figures=_figures(stimulus, images),
        curve=draw(stimulus.curve),
        config=dict(sorted(stimulus.config.items())),
        plans=plans_of([stimulus])[stimulus.pk],
        why_not=why_not_take_back(stimulus) if tile.rejected else why_not_reject(stimulus),
    )


def _figures(stimulus: Stimulus, images: int | None) -> tuple[Figure, ...]:
    if stimulus.kind == Stimulus.Kind.ATTRIBUTION:
        return _figures_of_a_map(stimulus)
    rank = "not measured" if stimulus.rank_after is None else str(stimulus.rank_after)
    of_all = f" among {images} images" if images and stimulus.rank_after else ""
    return (
        Figure("Activation", _number(stimulus.activation_after), _seed_number(stimulus, stimulus.activation_before)),
        Figure(
            "On clean crops",
            _number(stimulus.crop_activation_after),
            _seed_number(stimulus, stimulus.crop_activation_before),
        ),
        Figure("Rank it reaches", rank + of_all),
        Figure("Distance to the seed", _number(stimulus.distance)),
        Figure("SSIM to the seed", _number(stimulus.ssim)),
        Figure("Newly saturated values", _share(stimulus.saturation)),
    )


def _figures_of_a_map(stimulus: Stimulus) -> tuple[Figure, ...]:
    """A map explains its seed; what the network makes of the colours over it says nothing."""
    return (
        Figure("Activation", OF_NO_MAP, _seed_number(stimulus, stimulus.activation_before)),
        Figure("Rank, distance, SSIM, saturation", OF_NO_MAP),
    )


def _seed_number(stimulus: Stimulus, value: float | None) -> str | None:
    return _number(value) if stimulus.image_id and value is not None else None


def _number(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.4g}"


def _share(value: float | None) -> str:
    return "not measured" if value is None else f"{100 * value:.3g} %"
