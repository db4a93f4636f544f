"""Features: the scalars of a network that are accentuated.

Every feature says which layers it reads and computes its value for each image from their outputs, which come with
channels second: ``(B, C)``, ``(B, C, tokens)`` or ``(B, C, h, w)``.
"""

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral

import torch
from torch import Tensor
from typing_extensions import override

from accentuation.errors import FeatureError
from accentuation.reading import LOGIT

Outputs = Mapping[str, Tensor]
Shapes = Mapping[str, tuple[int, ...]]


class Feature(ABC):
    """A scalar read from a network; ``str(feature)`` is its text form, which :func:`parse_feature` reads back.

    It does not where the name of a layer holds a blank or one of ``: = * +``.
    """

    @property
    @abstractmethod
    def layers(self) -> tuple[str, ...]:
        """The layers whose outputs hold the feature, ``logit`` standing for the network's own output."""

    @abstractmethod
    def values(self, outputs: Outputs) -> Tensor:
        """The value for each image, ``(B,)``, in the network's own units."""

    @abstractmethod
    def check(self, shapes: Shapes) -> None:
        """Make sure that layers with outputs of these shapes hold the feature.

        Raises:
            FeatureError: they do not; the message gives the valid range.
        """


@dataclass(frozen=True)
class Logit(Feature):
    """One class, before the softmax: ``logit=285``."""

    index: int

    def __str__(self) -> str:
        return f"logit={self.index}"

    @property
    @override
    def layers(self) -> tuple[str, ...]:
        return (LOGIT,)

    @override
    def values(self, outputs: Outputs) -> Tensor:
        return outputs[LOGIT][:, self.index]

    @override
    def check(self, shapes: Shapes) -> None:
        shape = shapes[LOGIT]
        if len(shape) != 2:
            raise FeatureError(
                f"The network has no `{self}`, because its output has shape {shape}; wrap it in a module that returns "
                "logits, (B, classes)."
            )
        _check_range(self, "logit", self.index, shape[1])


@dataclass(frozen=True)
class _OfOneLayer(Feature):
    """A feature that one named layer holds."""

    layer: str

    @property
    @override
    def layers(self) -> tuple[str, ...]:
        return (self.layer,)


@dataclass(frozen=True)
class Channel(_OfOneLayer):
    """One channel of a layer, averaged over positions where it has some: ``blocks.4.2:channel=17``."""

    index: int

    def __str__(self) -> str:
        return f"{self.layer}:channel={self.index}"

    @override
    def values(self, outputs: Outputs) -> Tensor:
        return unit_values(outputs[self.layer][:, self.index : self.index + 1])[:, 0]

    @override
    def check(self, shapes: Shapes) -> None:
        require_channels(self.layer, shapes[self.layer])
        _check_range(self, "channel", self.index, shapes[self.layer][1])


@dataclass(frozen=True)
class Neuron(_OfOneLayer):
    """One channel at one position: ``blocks.4.2:neuron=17@3,4`` (row 3, column 4), or at the centre.

    Tokens have one number instead of row and column. Their centre is that of the grid of patches, which come after
    the class token and the like. A layer without positions has its channels at one place, which has no number.
    """

    channel: int
    position: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.position, list):
            object.__setattr__(self, "position", tuple(self.position))

    def __str__(self) -> str:
        place = "" if self.position is None else "@" + ",".join(map(str, self.position))
        return f"{self.layer}:neuron={self.channel}{place}"

    @override
    def values(self, outputs: Outputs) -> Tensor:
        output = outputs[self.layer]
        place = self.position or _centre(output.shape[2:])
        return output[:, self.channel].reshape(len(output), -1)[:, _flat(place, output.shape[2:])]

    @override
    def check(self, shapes: Shapes) -> None:
        shape = shapes[self.layer]
        require_channels(self.layer, shape)
        _check_range(self, "channel", self.channel, shape[1])
        if self.position is not None:
            require_positions(self.layer, shape)
            _check_place(self, self.position, shape[2:])


@dataclass(frozen=True)
class Direction(_OfOneLayer):
    """A direction in the space of a layer's channels: ``blocks.4.2:direction=3*0.5,17*-1^2``.

    At each position the dot product with the activations, times their cosine (not below 0) to a power; averaged over
    positions. Power 0 is the dot product alone.

    Attributes:
        layer: its name.
        components: channels and their weights; all others weigh 0.
        cosine_power: 0 or more.
        channels: how many the layer must have; None where only some are named. Its text form does not keep it.
    """

    components: tuple[tuple[int, float], ...]
    cosine_power: float = 0.0
    channels: int | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "components", _tuples(self.components))
        object.__setattr__(self, "cosine_power", _number(self.cosine_power))

    @classmethod
    def of_vector(cls, layer: str, vector: Sequence[float], cosine_power: float = 0.0) -> "Direction":
        """From one weight for each channel of the layer.

        Raises:
            FeatureError: the vector has more than one dimension.
        """
        if any(isinstance(weight, Sequence) or getattr(weight, "ndim", 0) for weight in vector):
            raise FeatureError(f"A direction in `{layer}` needs one number for each channel; flatten the vector first.")
        components = tuple((channel, float(weight)) for channel, weight in enumerate(vector) if weight != 0)
        return cls(layer, components, cosine_power, len(vector))

    def __str__(self) -> str:
        parts = ",".join(f"{channel}*{weight!r}" for channel, weight in self.components)
        power = f"^{self.cosine_power!r}" if self.cosine_power else ""
        return f"{self.layer}:direction={parts}{power}"

    @override
    def values(self, outputs: Outputs) -> Tensor:
        output = outputs[self.layer].flatten(2) if outputs[self.layer].ndim > 2 else outputs[self.layer][..., None]
        channels = [channel for channel, _ in self.components]
        vector = output.new_tensor([weight for _, weight in self.components])
        dots = torch.einsum("bcp,c->bp", output[:, channels], vector)
        if self.cosine_power:
            # Where a position is silent its length is 0 and so is its dot product; the clamp keeps the quotient finite.
            lengths = torch.linalg.vector_norm(output, dim=1).clamp(min=1e-12) * vector.norm()
            dots = dots * (dots / lengths).clamp(min=0) ** self.cosine_power
        return dots.mean(dim=1)

    @override
    def check(self, shapes: Shapes) -> None:
        require_channels(self.layer, shapes[self.layer])
        count = shapes[self.layer][1]
        if self.channels not in {None, count}:
            raise FeatureError(
                f"The direction in `{self.layer}` has {self.channels} weights, but the layer has {count} channels; "
                "give one weight for each channel."
            )
        if not any(weight for _, weight in self.components):
            raise FeatureError(f"The direction in `{self.layer}` is zero everywhere; give it a component.")
        if not all(math.isfinite(weight) for _, weight in self.components):
            raise FeatureError(
                f"The direction in `{self.layer}` holds a value that is not finite; mend its components."
            )
        if not 0 <= self.cosine_power < math.inf:
            raise FeatureError(f"The cosine power of `{short_text(self)}` must be 0 or more.")
        channels = [channel for channel, _ in self.components]
        for channel in channels:
            _check_range(self, "channel", channel, count)
        _check_once(self, channels)


@dataclass(frozen=True)
class SpatialMap(_OfOneLayer):
    """A pattern over channels and positions: ``blocks.4.2:map=17@3,4*1.0;20@0,0*-0.5``.

    The dot product of the layer's activations with the pattern, which is 0 where it names nothing.

    Attributes:
        layer: its name.
        points: channel, position and weight of each entry.
        shape: the channels and positions that the layer must have; None where only some are named. Its text form does
            not keep it.
    """

    points: tuple[tuple[int, tuple[int, ...], float], ...]
    shape: tuple[int, ...] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", _tuples(self.points))

    @classmethod
    def of_array(cls, layer: str, array: Tensor) -> "SpatialMap":
        """From a weight for each channel and position of the layer, ``(C, h, w)`` or ``(C, tokens)``."""
        places = array.nonzero().tolist()
        points = tuple((place[0], tuple(place[1:]), float(array[tuple(place)])) for place in places)
        return cls(layer, points, tuple(array.shape))

    def __str__(self) -> str:
        points = ";".join(f"{channel}@{','.join(map(str, place))}*{weight!r}" for channel, place, weight in self.points)
        return f"{self.layer}:map={points}"

    @override
    def values(self, outputs: Outputs) -> Tensor:
        output = outputs[self.layer]
        places = [_flat((channel, *place), output.shape[1:]) for channel, place, _ in self.points]
        weights = output.new_tensor([weight for _, _, weight in self.points])
        return output.flatten(1)[:, places] @ weights

    @override
    def check(self, shapes: Shapes) -> None:
        shape = shapes[self.layer]
        require_positions(self.layer, shape)
        if self.shape not in {None, tuple(shape[1:])}:
            raise FeatureError(
                f"The map in `{self.layer}` has shape {self.shape}, but the layer's output has {tuple(shape[1:])}; "
                "give one weight for each channel and position."
            )
        if not any(weight for _, _, weight in self.points):
            raise FeatureError(f"The map in `{self.layer}` is zero everywhere; give it an entry.")
        for channel, place, weight in self.points:
            if not math.isfinite(weight):
                raise FeatureError(f"The map in `{self.layer}` holds a value that is not finite; mend its entries.")
            _check_range(self, "channel", channel, shape[1])
            _check_place(self, place, shape[2:])
        _check_once(self, [(channel, place) for channel, place, _ in self.points])


@dataclass(frozen=True)
class WeightedSum(Feature):
    """Several features at once: ``logit=285 - 0.5*logit=281``; one with a minus, ``-logit=285``."""

    terms: tuple[tuple[float, Feature], ...]

    def __post_init__(self) -> None:
        if not all(
            isinstance(term, Sequence) and len(term) == 2 and isinstance(term[1], Feature) for term in self.terms
        ):
            raise FeatureError("A sum is made of pairs of a weight and a feature, `((1.0, Logit(285)), ...)`.")
        object.__setattr__(self, "terms", _tuples(self.terms))
        if not self.terms or any(isinstance(feature, WeightedSum) for _, feature in self.terms):
            raise FeatureError("A sum needs at least one feature, none of them a sum itself; multiply its weights out.")
        if not all(math.isfinite(weight) for weight, _ in self.terms):
            raise FeatureError("The weights of a sum of features must be finite.")

    def __str__(self) -> str:
        words = [_signed(weight, str(feature)) for weight, feature in self.terms]
        first = words[0].removeprefix("+ ")
        if re.match(r"- \d", first) and abs(self.terms[0][0]) == 1:
            first = f"- 1*{first[2:]}"  # the digit is that of a layer's name
        return " ".join([f"-{first[2:]}" if first.startswith("- ") else first, *words[1:]])

    @property
    @override
    def layers(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(layer for _, feature in self.terms for layer in feature.layers))

    @override
    def values(self, outputs: Outputs) -> Tensor:
        return torch.stack([weight * feature.values(outputs) for weight, feature in self.terms]).sum(dim=0)

    @override
    def check(self, shapes: Shapes) -> None:
        for _, feature in self.terms:
            feature.check(shapes)


def feature_values(outputs: Outputs, feature: Feature) -> Tensor:
    """The feature's value for each image of a batch.

    Args:
        outputs: what :func:`~accentuation.reading.read_layers` returned, the feature's layers among it.
        feature: what is read.

    Returns:
        ``(B,)``, in the network's own units.

    Raises:
        FeatureError: the feature gives anything else, as one that you wrote yourself may.
    """
    values, images = feature.values(outputs), len(outputs[feature.layers[0]])
    if values.shape != (images,):
        raise FeatureError(
            f"`{short_text(feature)}` must give one value for each of {images} image(s), not shape "
            f"{tuple(values.shape)}; mend its `values`."
        )
    return values


def unit_values(output: Tensor) -> Tensor:
    """One value per unit: ``(B, C, ...)`` averaged over positions, ``(B, units)`` as it is."""
    return output.flatten(2).mean(dim=2) if output.ndim > 2 else output


def require_positions(layer: str, shape: Sequence[int]) -> None:
    """Make sure that a layer has positions.

    Raises:
        FeatureError: it has none.
    """
    if len(shape) < 3:
        raise FeatureError(f"`{layer}` is not a layer with positions; name one before it.")


def require_channels(layer: str, shape: Sequence[int]) -> None:
    """Make sure that a layer has channels, with or without positions.

    Raises:
        FeatureError: it has none.
    """
    if len(shape) < 2:
        raise FeatureError(f"`{layer}` has one value for each image and no channels; name a layer before it.")


def _tuples(entries: Sequence[Sequence[object]]) -> tuple[object, ...]:
    """Entries of a list or tuple as tuples, which do not change and can be told apart by their hash.

    Numbers become Python's own, whose text can be read back.
    """
    return tuple(tuple(tuple(part) if isinstance(part, list) else _number(part) for part in entry) for entry in entries)


def _number(part: object) -> object:
    """A number of NumPy's or a tensor's as one of Python's; anything else as it is."""
    item = getattr(part, "item", None)
    return item() if callable(item) and getattr(part, "ndim", None) == 0 else part


def _signed(weight: float, text: str) -> str:
    size = abs(weight)
    return f"{'-' if weight < 0 else '+'} {text if size == 1 else f'{size!r}*{text}'}"


def _centre(positions: Sequence[int]) -> tuple[int, ...]:
    if len(positions) != 1:
        return tuple(length // 2 for length in positions)
    side = math.isqrt(positions[0])
    return (positions[0] - side * side + (side // 2) * side + side // 2,)


def _flat(place: Sequence[int], shape: Sequence[int]) -> int:
    """Where an entry stands once the dimensions are flattened."""
    flat = 0
    for at, length in zip(place, shape, strict=True):
        flat = flat * length + at
    return flat


def short_text(feature: Feature) -> str:
    """The text form for a message, which a direction of a thousand channels would drown."""
    text = str(feature)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _check_range(feature: Feature, what: str, index: int, count: int) -> None:
    if not isinstance(index, Integral):
        raise FeatureError(f"The {what} of `{short_text(feature)}` must be a whole number, not {index!r}.")
    if not 0 <= index < count:
        raise FeatureError(f"`{short_text(feature)}` does not exist here; the {what} must be from 0 to {count - 1}.")


def _check_place(feature: Feature, place: Sequence[int], positions: Sequence[int]) -> None:
    if not isinstance(place, tuple) or not all(isinstance(at, Integral) for at in place):
        raise FeatureError(f"The position must be a tuple of whole numbers such as `(3, 4)`, not {place!r}.")
    if len(place) != len(positions) or not all(0 <= at < length for at, length in zip(place, positions, strict=True)):
        valid = ",".join(f"0..{length - 1}" for length in positions)
        raise FeatureError(f"`{short_text(feature)}` does not exist here; the position must be {valid}.")


def _check_once(feature: Feature, places: Sequence[object]) -> None:
    """An entry that stands twice adds up in the dot product, but not in the length that the cosine divides by."""
    if len(set(places)) != len(places):
        raise FeatureError(f"`{short_text(feature)}` names an entry more than once; add up its weights.")
