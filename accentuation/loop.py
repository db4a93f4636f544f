"""The optimisation: many images at once, each with its own feature, seed and end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from accentuation.config import AccentuationConfig
from accentuation.crops import CropSource
from accentuation.errors import AccentuationError
from accentuation.features import Feature, feature_values, short_text
from accentuation.mask import blend, opacity_masks
from accentuation.models import VisionModel
from accentuation.objective import Look, look
from accentuation.parametrization import Parametrization
from accentuation.reading import read_layers
from accentuation.regularization import balance


@dataclass(frozen=True)
class Snapshot:
    """An image on its way.

    Attributes:
        step: how many steps had been done.
        level: the activation that it was kept for reaching; None where it was kept for its step.
        activation: of the whole blend, in the network's units; None where it was not measured.
        image: ``(3, H, W)`` in [0, 1], the optimised image.
        mask: ``(1, H, W)`` in [0, 1], its opacity mask.
        blend: ``(3, H, W)`` in [0, 1], what is shown.
    """

    step: int
    level: float | None
    activation: float | None
    image: Tensor
    mask: Tensor
    blend: Tensor


@dataclass
class Track:
    """What one member of the batch has come to: the levels that it has still to reach, its end, and the way there."""

    levels: tuple[float, ...]
    end: Snapshot | None = None
    activations: list[Tensor] = field(default_factory=list)
    distances: list[Tensor] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)


def optimize(
    model: VisionModel,
    parametrization: Parametrization,
    seed_images: Tensor,
    features: Sequence[Feature],
    regularization_layer: str | None,
    config: AccentuationConfig,
    *,
    seeds: Sequence[int],
    levels: Sequence[tuple[float, ...]] | None = None,
    on_step: Callable[[int], None] | None = None,
) -> list[Track]:
    """Run the loop. The members of the batch do not touch each other; one that has ended costs nothing any more.

    Args:
        model: frozen, in evaluation mode.
        parametrization: of the batch; it is optimised in place.
        seed_images: ``(B, 3, H, W)`` in [0, 1], for the blends.
        features: one for each image.
        regularization_layer: None for no distance.
        config: how.
        seeds: one for each image.
        levels: those of each image; None for the config's.
        on_step: called after each step with the number of steps done.

    Raises:
        AccentuationError: a gradient is not finite.
    """
    tracks = [Track(own) for own in (levels or [config.levels] * len(features))]
    run = _Run(model, parametrization, seed_images, features, regularization_layer, config, seeds, tracks)
    with torch.enable_grad():
        run.watch(0)
        for step in range(1, config.steps + 1):
            if not run.rows:
                break
            run.step()
            run.watch(step)
            if on_step is not None:
                on_step(step)
    return run.tracks


class _Run:
    """The state of one batch. ``rows`` are the places of the members that still run."""

    def __init__(
        self,
        model: VisionModel,
        parametrization: Parametrization,
        seed_images: Tensor,
        features: Sequence[Feature],
        layer: str | None,
        config: AccentuationConfig,
        seeds: Sequence[int],
        tracks: list[Track],
    ) -> None:
        self.model, self.config, self.layer = model, config, layer
        self.parametrization = parametrization
        self.parameters = list(parametrization.parameters())
        self.optimizer = torch.optim.Adam(self.parameters, lr=config.learning_rate)
        self.seed_images, self.features = seed_images, list(features)
        height, width = seed_images.shape[-2:]
        self.source = CropSource(height, width, model.input_size, config, seeds, seed_images.device)
        with torch.no_grad():
            self.start = parametrization()  # the seed within rounding: from here the distance begins at exactly zero
        self.importance = torch.zeros_like(seed_images)
        self.factors = seed_images.new_zeros(len(features))  # that balance the two gradients; 0 until both exist
        self.rows = list(range(len(features)))
        self.tracks = tracks
        self.measured = any(track.levels for track in tracks)

    def step(self) -> None:
        """Move every image once."""
        images = self.parametrization()
        seen = look(
            self.model, images, self.start, self.source.draw(), self.features, self.layer, self.config.precision
        )
        self.importance += seen.feature_gradient.abs()
        self._balance(images, seen)
        pull = (self.config.regularization * self.factors)[:, None, None, None] * seen.distance_gradient
        gradient = self.config.sign * seen.feature_gradient - pull
        self._check_finite(gradient)
        self.optimizer.zero_grad()
        images.backward(-gradient)  # Adam descends
        self.optimizer.step()
        for row, activation, distance in zip(self.rows, seen.activations, seen.distances, strict=True):
            self.tracks[row].activations.append(activation)
            self.tracks[row].distances.append(distance)

    def watch(self, step: int) -> None:
        """Keep the snapshots that are due after this many steps, and let go of the members that have ended."""
        last = step == self.config.steps
        wanted = last or step in self.config.snapshot_steps or self.measured
        tired = [step > 0 and self._is_tired(self.tracks[row]) for row in self.rows]
        if not (wanted or any(tired)):
            return
        shots = self._shots(step)
        ended = []
        for row, shot, is_tired in zip(self.rows, shots, tired, strict=True):
            track = self.tracks[row]
            if step in self.config.snapshot_steps:
                track.snapshots.append(shot)
            if self._reach_levels(track, shot) or last or is_tired:
                track.end = shot
            ended.append(track.end is not None)
        if any(ended):
            self._keep([place for place, is_over in enumerate(ended) if not is_over])

    def _shots(self, step: int) -> list[Snapshot]:
        with torch.no_grad():
            images = self.parametrization()
            masks = opacity_masks(self.importance, self.config.mask_percentile)
            blends = blend(images, self.seed_images, masks, self.config.strength)
            activations = self._measure(blends) if self.measured else [None] * len(images)
        return [
            Snapshot(step, None, *parts) for parts in zip(activations, images, masks, blends, strict=True)
        ]  # fmt: skip

    def _measure(self, images: Tensor) -> list[float]:
        layers = list(dict.fromkeys(layer for feature in self.features for layer in feature.layers))
        outputs = read_layers(self.model, self.model.resize(images), layers)
        parts = {layer: outputs[layer].tensor_split(len(images)) for layer in layers}
        return [
            float(feature_values({layer: parts[layer][place] for layer in feature.layers}, feature))
            for place, feature in enumerate(self.features)
        ]

    def _reach_levels(self, track: Track, shot: Snapshot) -> bool:
        """Keep the image for each level that it is the first to reach. True when it has reached the last one."""
        if not track.levels or shot.activation is None:
            return False
        reached = [level for level in track.levels if self.config.sign * (shot.activation - level) >= 0]
        track.snapshots += [replace(shot, level=level) for level in dict.fromkeys(reached)]
        track.levels = tuple(level for level in track.levels if level not in reached)
        return not track.levels

    def _is_tired(self, track: Track) -> bool:
        patience = self.config.patience
        if patience is None or len(track.activations) <= patience:
            return False
        values = self.config.sign * torch.stack(track.activations)
        return bool(values[-patience:].max() <= values[:-patience].max())

    def _balance(self, images: Tensor, seen: Look) -> None:
        """Set the factor of each image once, at the first step at which it has left its start.

        At the start itself the distance has no direction; what rounding would make of it must not set the balance.
        """
        if self.layer is None or self.config.regularization == 0:
            return
        waiting = (self.factors == 0) & (images.detach() != self.start).flatten(1).any(dim=1)
        if not bool(waiting.any()):
            return
        feature = torch.autograd.grad(images, self.parameters, seen.feature_gradient, retain_graph=True)
        distance = torch.autograd.grad(images, self.parameters, seen.distance_gradient, retain_graph=True)
        self.factors = torch.where(waiting, balance(feature, distance), self.factors)

    def _check_finite(self, gradient: Tensor) -> None:
        finite = gradient.isfinite().flatten(1).all(dim=1)
        if not bool(finite.all()):
            feature = self.features[int((~finite).nonzero()[0, 0])]
            raise AccentuationError(
                f"The gradient of `{short_text(feature)}` is not finite; check the network's weights."
            )

    def _keep(self, places: list[int]) -> None:
        index = torch.tensor(places, dtype=torch.long, device=self.importance.device)
        self.parametrization.keep(index)
        for state in self.optimizer.state.values():
            state["exp_avg"], state["exp_avg_sq"] = state["exp_avg"][index], state["exp_avg_sq"][index]
        self.seed_images, self.start = self.seed_images[index], self.start[index]
        self.importance, self.factors = self.importance[index], self.factors[index]
        self.source.keep(places)
        self.features = [self.features[place] for place in places]
        self.rows = [self.rows[place] for place in places]
