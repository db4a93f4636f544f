"""Feature accentuation: an image that raises a feature of a network and stays close to its seed in a hidden layer.

Hamblin, Fel, Saha, Konkle and Alvarez, "Feature Accentuation: Revealing 'What' Features Respond to in Natural Images",
arXiv 2402.10039.
"""

import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from numbers import Integral, Real

import torch
from torch import Tensor, nn

from accentuation.config import AccentuationConfig
from accentuation.errors import AccentuationError
from accentuation.features import Feature
from accentuation.folding import folded_copy
from accentuation.images import check_image
from accentuation.loop import Snapshot, Track, optimize
from accentuation.measuring import check_feature, check_layer, check_model, read_values
from accentuation.memory import fitting_batch_size, in_batches
from accentuation.models import VisionModel
from accentuation.parametrization import parametrize
from accentuation.reading import frozen, read_shapes


@dataclass(frozen=True)
class Job:
    """One accentuation to make.

    Attributes:
        seed_image: ``(3, H, W)`` in [0, 1], any height and width.
        feature: what to raise.
        seed: of all its randomness.
        levels: activations at which this image is kept, instead of those of the config; None for the config's.

    Raises:
        AccentuationError: the levels are no finite numbers.
    """

    seed_image: Tensor
    feature: Feature
    seed: int
    levels: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if self.levels is not None and not (
            isinstance(self.levels, Sequence) and all(isinstance(level, Real) for level in self.levels)
        ):
            raise AccentuationError(f"levels must be a tuple of numbers, or None, not {self.levels!r}.")
        if not all(math.isfinite(level) for level in self.levels or ()):
            raise AccentuationError(f"levels must be finite, not {self.levels!r}.")


@dataclass(frozen=True)
class Accentuation:
    """What :func:`accentuate` made. Tensors are on the model's device.

    Attributes:
        image: ``(3, H, W)`` in [0, 1], the optimised image.
        mask: ``(1, H, W)`` in [0, 1], where the feature was worked on; blurred, so that small spots stay below 1.
        blend: ``(3, H, W)`` in [0, 1], strength times mask of the image over the seed: the one to show.
        activation_before: of the whole seed image, in the network's units.
        activation_after: of the whole blend, in the network's units.
        activations: ``(steps,)``, mean over the crops of each step, before that step moved the image; shorter than
            the config's steps where the run ended early.
        distances: ``(steps,)``, the distance to the seed in the regularisation layer, likewise; 0 where none is taken.
        snapshots: the images kept on the way, in the order in which they were reached. A level without one was never
            reached; one that the seed already has has the seed itself, at step 0.
    """

    image: Tensor
    mask: Tensor
    blend: Tensor
    activation_before: float
    activation_after: float
    activations: Tensor
    distances: Tensor
    snapshots: tuple[Snapshot, ...] = ()


def accentuate(
    model: VisionModel,
    seed_image: Tensor,
    feature: Feature,
    config: AccentuationConfig = AccentuationConfig(),  # noqa: B008 - frozen
    *,
    seed: int,
    on_step: Callable[[int], None] | None = None,
) -> Accentuation:
    """Raise (or, if the config says so, suppress) a feature in an image.

    The model comes back as it was, its flags and hooks restored, also after an exception. The same seed gives the
    same image on the same device, on a CPU with the same number of threads; the crops are the same everywhere.

    Crops are shares of the image, so one that is smaller than the network's input is enlarged. A feature without
    gradient (a dead one) leaves the image as it is, and its mask empty.

    Args:
        model: the network.
        seed_image: ``(3, H, W)`` in [0, 1], any height and width.
        feature: what to raise.
        config: how.
        seed: of all randomness.
        on_step: called after each step with the number of steps done.

    Raises:
        FeatureError: the network has no such feature, or no such regularisation layer.
        ModelError: the network does not run on images of its input size.
        AccentuationError: the seed image is not an image, no regularisation layer is known for the model, the seed is
            none, or an activation or a gradient is not finite.
    """
    check_image(seed_image)
    return _Batches(model, config).accentuate([Job(seed_image, feature, seed)], on_step)[0]


def accentuate_many(
    model: VisionModel,
    jobs: Iterable[Job],
    config: AccentuationConfig = AccentuationConfig(),  # noqa: B008 - frozen
    *,
    batch_size: int | None = None,
) -> Iterator[Accentuation]:
    """Accentuate many images, several at once where that is faster, in the order of the jobs.

    Jobs and results stream, so memory does not grow with their number. Consecutive jobs whose images have one size
    share a batch, unless they read different convolutions. Each result is that of :func:`accentuate`, within rounding.

    Args:
        model: the network, which must stay as it is until the last result.
        jobs: what to make.
        config: how.
        batch_size: at most so many at once; None for what fits into the free memory of a GPU, and for 1 on a CPU, where
            one image already keeps all cores busy. Halved, and the batch made again, where memory runs out.

    Raises:
        FeatureError, AccentuationError: as for :func:`accentuate`; those of the batches before were yielded.
    """
    if batch_size is not None and not (isinstance(batch_size, Integral) and batch_size >= 1):
        raise AccentuationError(f"batch_size must be at least 1, or None, not {batch_size!r}.")
    if not isinstance(jobs, Iterable):
        raise AccentuationError(f"accentuate_many takes several jobs, `[Job(...), ...]`, not a {type(jobs).__name__}.")
    batches = _Batches(model, config)
    for _, group in groupby(jobs, key=lambda job: (_image_shape(job), batches.unfolded(job.feature))):
        yield from in_batches(batches.accentuate, group, lambda job: batch_size or batches.fitting_size(job))


def _image_shape(job: Job) -> tuple[int, ...]:
    if not isinstance(job, Job):
        raise AccentuationError(f"The jobs must be Jobs, `Job(seed_image, feature, seed)`, not a {type(job).__name__}.")
    check_image(job.seed_image)
    return tuple(job.seed_image.shape)


def check_config(model: VisionModel, config: AccentuationConfig) -> None:
    """Make sure that the network can be accentuated with this config, without making anything.

    Raises:
        ModelError: the model is no VisionModel.
        FeatureError: the network has no such regularisation layer, or it cannot be read.
        AccentuationError: the config is none, or no regularisation layer is named and none is known for the model.
    """
    check_model(model)
    if not isinstance(config, AccentuationConfig):
        raise AccentuationError(f"The config must be an AccentuationConfig, not a {type(config).__name__}.")
    layer = _regularization_layer(model, config)
    if layer is not None:
        read_shapes(model, [layer])


class _Batches:
    """Makes one batch after the other with one network and config; what they have in common is done once.

    The features that were checked last, and the faster copy that was made last, are remembered: no more, so that
    memory does not grow with the number of jobs.
    """

    def __init__(self, model: VisionModel, config: AccentuationConfig) -> None:
        check_config(model, config)
        self._model, self._config, self._layer = model, config, _regularization_layer(model, config)
        self._convolutions = frozenset(
            name for name, part in model.module.named_modules() if isinstance(part, nn.Conv2d)
        )
        self._check_once = lru_cache(maxsize=64)(lambda feature: check_feature(model, feature))
        self._folded = lru_cache(maxsize=1)(lambda layers: folded_copy(model, layers))

    def _check(self, feature: Feature) -> None:
        if isinstance(feature, Hashable):
            self._check_once(feature)
        else:  # of a user's own class
            check_feature(self._model, feature)

    def unfolded(self, feature: Feature) -> frozenset[str]:
        """The convolutions that a feature reads, which no batch normalisation is folded into.

        Rounding is another with and without, and a hundred steps make much of it: a batch has one such set only.
        """
        read = feature.layers if isinstance(feature, Feature) else ()
        return self._convolutions.intersection(read)

    def fitting_size(self, job: Job) -> int:
        """How many jobs of this kind fit into memory at once."""
        self._check(job.feature)
        return fitting_batch_size(self._model, job.seed_image, job.feature, self._config)

    def accentuate(self, jobs: Sequence[Job], on_step: Callable[[int], None] | None = None) -> list[Accentuation]:
        """The accentuations of images of one size, which have been checked, at once."""
        model, config, layer = self._model, self._config, self._layer
        features = [job.feature for job in jobs]
        for feature in features:
            self._check(feature)
        layers = dict.fromkeys(each for feature in features for each in feature.layers)
        with frozen(model.module):
            images = torch.stack([job.seed_image.detach() for job in jobs])
            images = images.to(device=model.device, dtype=torch.float32)
            tracks = optimize(
                self._folded(tuple(layers | ({layer: None} if layer else {}))),
                parametrize(config.parametrization, images),
                images,
                features,
                layer,
                config,
                seeds=[job.seed for job in jobs],
                levels=[config.levels if job.levels is None else job.levels for job in jobs],
                on_step=on_step,
            )
            return [_result(model, track, job, image) for track, job, image in zip(tracks, jobs, images, strict=True)]


def _result(model: VisionModel, track: Track, job: Job, seed_image: Tensor) -> Accentuation:
    assert track.end is not None
    end = _alone(track.end)
    before, after = read_values(model, torch.stack([seed_image, end.blend]), job.feature).tolist()
    return Accentuation(
        image=end.image,
        mask=end.mask,
        blend=end.blend,
        activation_before=before,
        activation_after=after,
        activations=torch.stack(track.activations) if track.activations else torch.zeros(0),
        distances=torch.stack(track.distances) if track.distances else torch.zeros(0),
        snapshots=tuple(_alone(shot) for shot in track.snapshots),
    )


def _alone(shot: Snapshot) -> Snapshot:
    """Copies, not views: who keeps one result shall not keep its whole batch in memory."""
    return replace(shot, image=shot.image.clone(), mask=shot.mask.clone(), blend=shot.blend.clone())


def _regularization_layer(model: VisionModel, config: AccentuationConfig) -> str | None:
    """The layer of the distance; None where none is taken."""
    if config.regularization == 0 and config.regularization_layer is None:
        return None
    layer = config.regularization_layer or model.regularization_layer
    if layer is None:
        raise AccentuationError(
            f"No regularization layer is known to be good for {model.name}; name one in regularization_layer."
        )
    check_layer(model, layer)
    return layer
