"""The views of the paper: accentuations beside what they are to be compared with, as one picture and its numbers.

Hamblin et al. (arXiv 2402.10039), section 5 and figures 2 to 5. The blend is shown unless a view says otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral

from PIL import Image
from torch import Tensor

from accentuation.accentuate import Accentuation, Job, accentuate_many
from accentuation.attribution import AttributionMethod, attribute
from accentuation.config import AccentuationConfig
from accentuation.errors import AccentuationError
from accentuation.feature_name import feature_name
from accentuation.features import Feature, Logit, short_text
from accentuation.grid import Cell, grid
from accentuation.measuring import channel_activations, measure
from accentuation.models import VisionModel
from accentuation.overlay import overlay
from accentuation.panel import to_picture
from accentuation.reading import LOGIT
from accentuation.visualize import MagnitudeSpectrum, visualize

Numbers = dict[str, str | float]


@dataclass(frozen=True)
class View:
    """What a view shows and says.

    Attributes:
        picture: labelled, in rows and columns.
        rows: the numbers of each row of the picture; activations are in the network's units, of whole images.
    """

    picture: Image.Image
    rows: tuple[Numbers, ...]


def where_and_what(
    model: VisionModel,
    seed_image: Tensor,
    features: Sequence[Feature],
    spectrum: MagnitudeSpectrum,
    config: AccentuationConfig = AccentuationConfig(),  # noqa: B008 - frozen
    *,
    seed: int,
    method: AttributionMethod = "integrated_gradients",
) -> View:
    """Figure 2: an attribution map says where, a visualisation says what, an accentuation says both.

    One row a feature: the seed, its attribution map, the noise-seeded visualisation, the accentuation.

    Args:
        model: the network.
        seed_image: ``(3, H, W)`` in [0, 1].
        features: one for each row.
        spectrum: of natural images, for the visualisation.
        config: of accentuation and visualisation.
        seed: of all randomness.
        method: of attribution.

    Raises:
        AccentuationError: there is no feature, or one of the pictures cannot be made.
    """
    if isinstance(features, Feature):
        raise AccentuationError(f"features must be a list with one feature for each row, not `{short_text(features)}`.")
    accentuations = accentuate_many(model, _jobs([seed_image], features, seed), config)
    rows, cells = [], []
    for feature, done in zip(features, accentuations, strict=True):
        attribution = attribute(model, seed_image, feature, method, seed=seed)
        visualization = visualize(model, feature, spectrum, config, seed=seed)
        numbers = _before_and_after(model, feature, done) | {"activation_visualization": visualization.activation}
        rows.append(numbers)
        cells.append(
            [
                _cell(seed_image, f"{numbers['name']}: {done.activation_before:.2f}"),
                _cell(overlay(seed_image, attribution), f"attribution: {method}"),
                _cell(visualization.image, f"visualization: {visualization.activation:.2f}"),
                _cell(done.blend, f"accentuation: {done.activation_after:.2f}"),
            ]
        )
    return View(grid(cells), tuple(rows))


def misclassification(
    model: VisionModel,
    seed_image: Tensor,
    truth: int,
    config: AccentuationConfig = AccentuationConfig(),  # noqa: B008 - frozen
    *,
    seed: int,
) -> View:
    """What the network took the image for, and what it saw of the truth: the seed, and both logits accentuated.

    Args:
        model: the network.
        seed_image: ``(3, H, W)`` in [0, 1].
        truth: index of the true class.
        config: of the accentuations.
        seed: of all randomness.

    Returns:
        One row of pictures; the rows of numbers are those of the predicted class and of the true one.

    Raises:
        AccentuationError: the network is right, has no such class, or the image cannot be accentuated.
    """
    if not isinstance(truth, Integral):  # NumPy's whole numbers are, too
        raise AccentuationError(f"truth must be the number of the true class, not {truth!r}.")
    predicted = Logit(int(_logits(model, seed_image).argmax()))
    if predicted.index == truth:
        raise AccentuationError(f"{model.name} sees the true class {truth} here; give an image that it gets wrong.")
    features = (predicted, Logit(truth))
    accentuations = list(accentuate_many(model, _jobs([seed_image], features, seed), config))
    rows = [_before_and_after(model, *pair) for pair in zip(features, accentuations, strict=True)]
    cells = [
        _cell(done.blend, f"{role}: {numbers['name']}\n{_arrow(done)}")
        for role, numbers, done in zip(("predicted", "true"), rows, accentuations, strict=True)
    ]
    return View(grid([[_cell(seed_image, "seed"), *cells]]), tuple(rows))


def one_feature(
    model: VisionModel,
    seed_images: Sequence[Tensor],
    feature: Feature,
    config: AccentuationConfig = AccentuationConfig(),  # noqa: B008 - frozen
    *,
    seed: int,
) -> View:
    """One feature in many images: each seed above its accentuation.

    Args:
        model: the network.
        seed_images: each ``(3, H, W)`` in [0, 1], of any sizes.
        feature: what is raised in all.
        config: of the accentuations.
        seed: of all randomness, the same for each image.

    Returns:
        Two rows of pictures; the rows of numbers are those of the images.

    Raises:
        AccentuationError: there is no image, or one cannot be accentuated.
    """
    accentuations = list(accentuate_many(model, _jobs(seed_images, [feature], seed), config))
    name = feature_name(model, feature)
    seeds = [
        _cell(image, f"{name}: {done.activation_before:.2f}")
        for image, done in zip(seed_images, accentuations, strict=True)
    ]
    blends = [_cell(done.blend, f"accentuation: {done.activation_after:.2f}") for done in accentuations]
    return View(grid([seeds, blends]), tuple(_before_and_after(model, feature, done) for done in accentuations))


def most_inhibited(
    model: VisionModel,
    seed_image: Tensor,
    config: AccentuationConfig = AccentuationConfig(),  # noqa: B008 - frozen
    *,
    count: int = 3,
    seed: int,
) -> View:
    """Figure 5: even what the network sees least of can be painted into an image; the mask says how much was meant.

    One row for each of the lowest logits: the seed, its accentuation without mask, the mask, the blend.

    Args:
        model: the network.
        seed_image: ``(3, H, W)`` in [0, 1].
        config: of the accentuations.
        count: of logits, the lowest first.
        seed: of all randomness.

    Returns:
        With ``activation_unmasked`` of the accentuation without mask, and ``change_unmasked`` and ``change_masked``,
        the mean absolute changes of the seed in image range [0, 1].

    Raises:
        AccentuationError: the network has fewer logits, or the image cannot be accentuated.
    """
    logits = _logits(model, seed_image)
    if not isinstance(count, int) or not 1 <= count <= len(logits):
        raise AccentuationError(f"count must be from 1 to {len(logits)}, the number of logits, not {count!r}.")
    features = [Logit(index) for index in logits.argsort()[:count].tolist()]
    accentuations = accentuate_many(model, _jobs([seed_image], features, seed), config)
    rows, cells = [], []
    for feature, done in zip(features, accentuations, strict=True):
        numbers = _before_and_after(model, feature, done) | _what_the_mask_does(model, seed_image, feature, done)
        rows.append(numbers)
        cells.append(
            [
                _cell(seed_image, f"{numbers['name']}: {done.activation_before:.2f}"),
                _cell(done.image, f"without mask: {numbers['activation_unmasked']:.2f}"),
                _cell(done.mask, "mask"),
                _cell(done.blend, f"blend: {done.activation_after:.2f}"),
            ]
        )
    return View(grid(cells), tuple(rows))


def _jobs(seed_images: Sequence[Tensor], features: Sequence[Feature], seed: int) -> list[Job]:
    return [Job(image, feature, seed) for image in seed_images for feature in features]


def _logits(model: VisionModel, image: Tensor) -> Tensor:
    """All logits of one image, ``(classes,)``."""
    return channel_activations(model, image[None], [LOGIT])[LOGIT][0]


def _before_and_after(model: VisionModel, feature: Feature, done: Accentuation) -> Numbers:
    return {
        "feature": str(feature),
        "name": feature_name(model, feature),
        "activation_before": done.activation_before,
        "activation_after": done.activation_after,
    }


def _what_the_mask_does(model: VisionModel, seed_image: Tensor, feature: Feature, done: Accentuation) -> Numbers:
    seed_image = seed_image.to(done.image.device)
    return {
        "activation_unmasked": float(measure(model, done.image[None], feature)),
        "change_unmasked": float((done.image - seed_image).abs().mean()),
        "change_masked": float((done.blend - seed_image).abs().mean()),
    }


def _cell(image: Tensor, caption: str) -> Cell:
    return Cell(to_picture(image), caption)


def _arrow(done: Accentuation) -> str:
    return f"{done.activation_before:.2f} to {done.activation_after:.2f}"
