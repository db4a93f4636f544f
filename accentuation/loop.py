"""The optimisation: many images at once, each with its own feature, seed and end."""

import math
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
    """What one member of the batch has come to: the levels that it has still to reach, its end, and the way there.

    ``best`` is the highest activation that a step has seen, to suppress the lowest with its sign turned; it was first
    seen by step ``best_step``, from 1.
    """

    levels: tuple[float, ...]
    end: Snapshot | None = None
    best: float = -math.inf
    best_step: int = 0
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
        AccentuationError: an activation or a gradient is not finite.
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
        self.pull = layer is not None and config.regularization > 0
        self.balanced = not self.pull

    def step(self) -> None:
        """Move every image once."""
        images = self.parametrization()
        crops = self.source.draw()
        seen = look(
            self.model, images, self.start, crops, self.features, self.layer, self.config.precision, pull=self.pull
        )
        self._check_finite(seen)
        self.importance += seen.feature_gradient.abs()
        if not self.balanced:
            self._balance(images, seen)
        gradient = self.config.sign * seen.feature_gradient
        if self.pull:
            factors = (self.config.regularization * self.factors)[:, None, None, None]
            gradient = gradient - factors * seen.distance_gradient
        self.optimizer.zero_grad()
        images.backward(-gradient)  # Adam descends
        self.optimizer.step()
        for row, activation, distance in zip(self.rows, seen.activations, seen.distances, strict=True):
            self.tracks[row].activations.append(activation)
            self.tracks[row].distances.append(distance)
        if self.config.patience is not None:
            self._note_best(seen.activations)

    def watch(self, step: int) -> None:
        """Keep the snapshots that are due after this many steps, and let go of the members that have ended."""
        last, asked = step == self.config.steps, step in self.config.snapshot_steps
        tracks = [self.tracks[row] for row in self.rows]
        tired = [self._is_tired(track, step) for track in tracks]
        due = [place for place, track in enumerate(tracks) if last or asked or tired[place] or track.levels]
        for place, shot in zip(due, self._shots(step, due), strict=True):
            track = tracks[place]
            if asked:
                track.snapshots.append(shot)
            if self._reach_levels(track, shot) or last or tired[place]:
                track.end = shot
        staying = [place for place, track in enumerate(tracks) if track.end is None]
        if len(staying) < len(tracks):
            self._keep(staying)

    def _shots(self, step: int, places: Sequence[int]) -> list[Snapshot]:
        """The members at these places as they are now; measured are those that have levels to reach."""
        if not places:
            return []
        index = torch.tensor(places, device=self.importance.device)
        with torch.no_grad():
            images = self.parametrization()[index]
            masks = opacity_masks(self.importance[index], self.config.mask_percentile)
            blends = blend(images, self.seed_images[index], masks, self.config.strength)
            measured = [number for number, place in enumerate(places) if self.tracks[self.rows[place]].levels]
            found = self._measure(blends[measured], [self.features[places[number]] for number in measured])
        activations = dict(zip(measured, found, strict=True))
        return [
            Snapshot(step, None, activations.get(number), *parts)
            for number, parts in enumerate(zip(images, masks, blends, strict=True))
        ]

    def _measure(self, images: Tensor, features: Sequence[Feature]) -> list[float]:
        if not features:
            return []
        layers = list(dict.fromkeys(layer for feature in features for layer in feature.layers))
        outputs = read_layers(self.model, self.model.resize(images), layers)
        parts = {layer: outputs[layer].tensor_split(len(images)) for layer in layers}
        return [
            float(feature_values({layer: parts[layer][place] for layer in feature.layers}, feature))
            for place, feature in enumerate(features)
        ]

    def _reach_levels(self, track: Track, shot: Snapshot) -> bool:
        """Keep the image for each level that it is the first to reach. True when it has reached the last one."""
        if not track.levels or shot.activation is None:
            return False
        reached = [level for level in track.levels if self.config.sign * (shot.activation - level) >= 0]
        track.snapshots += [replace(shot, level=level) for level in dict.fromkeys(reached)]
        track.levels = tuple(level for level in track.levels if level not in reached)
        return not track.levels

    def _note_best(self, activations: Tensor) -> None:
        for row, activation in zip(self.rows, (self.config.sign * activations).tolist(), strict=True):
            track = self.tracks[row]
            if activation > track.best:
                track.best, track.best_step = activation, len(track.activations)

    def _is_tired(self, track: Track, step: int) -> bool:
        patience = self.config.patience
        return patience is not None and track.best_step > 0 and step - track.best_step >= patience

    def _balance(self, images: Tensor, seen: Look) -> None:
        """Set the factor of each image once, at the first step at which it has left its start.

        At the start itself the distance has no direction; what rounding would make of it must not set the balance.
        """
        waiting = (self.factors == 0) & (images.detach() != self.start).flatten(1).any(dim=1)
        if not bool(waiting.any()):
            return
        feature = torch.autograd.grad(images, self.parameters, seen.feature_gradient, retain_graph=True)
        distance = torch.autograd.grad(images, self.parameters, seen.distance_gradient, retain_graph=True)
        self.factors = torch.where(waiting, balance(feature, distance), self.factors)
        self.balanced = bool((self.factors != 0).all())

    def _check_finite(self, seen: Look) -> None:
        parts = (seen.feature_gradient, seen.activations, seen.distance_gradient)
        finite = torch.stack([part.isfinite().reshape(len(part), -1).all(dim=1) for part in parts])  # (3, B)
        if not bool(finite.all()):
            part, place = (~finite).nonzero()[0].tolist()
            feature = f"`{short_text(self.features[place])}`"
            names = (
                f"gradient of {feature}",
                f"activation of {feature}",
                f"gradient of the distance in `{self.layer}`",
            )
            raise AccentuationError(f"The {names[part]} is not finite; check the network's weights.")

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
