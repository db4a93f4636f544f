"""The text form of features, for protocol files and the command line."""

import re
from collections.abc import Sequence
from pathlib import Path
from tokenize import TokenError
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray

from accentuation.errors import FeatureError
from accentuation.features import Channel, Direction, Feature, Logit, Neuron, SpatialMap, WeightedSum
from accentuation.names import nearest_names

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?"
_TERM = re.compile(
    rf"(?:(?P<weight>{_NUMBER})\*)?(?P<minus>-)?(?:(?P<layer>[^:=\s*]+):)?(?P<kind>[a-z]+)=(?P<rest>.+)", re.IGNORECASE
)
# Longer numbers count nothing that a network has, and Python refuses to read the longest.
_INDEX = re.compile(r"\d{1,12}", re.ASCII)
_NEURON = re.compile(r"(\d{1,12})(?:@(\d{1,12}(?:,\d{1,12})?))?", re.ASCII)
_COMPONENT = re.compile(rf"(\d{{1,12}})\*({_NUMBER})", re.IGNORECASE | re.ASCII)
_POINT = re.compile(rf"(\d{{1,12}})@(\d{{1,12}}(?:,\d{{1,12}})?)\*({_NUMBER})", re.IGNORECASE | re.ASCII)
_POWER = re.compile(rf"(.*)\^({_NUMBER})", re.IGNORECASE)

FORMS = "write `logit=285` or `blocks.4.2:channel=17`"
_EXAMPLES = {
    "channel": "blocks.4.2:channel=17",
    "neuron": "blocks.4.2:neuron=17@3,4",
    "direction": "blocks.4.2:direction=3*0.5,17*-1",
    "map": "blocks.4.2:map=17@3,4*1.0",
}


def parse_feature(text: str, *, classes: Sequence[str] = ()) -> Feature:
    """Read the text form of a feature.

    ``logit=285``, ``class=Egyptian cat``, ``LAYER:channel=17``, ``LAYER:neuron=17`` (the centre),
    ``LAYER:neuron=17@3,4``, ``LAYER:direction=3*0.5,17*-1^2`` or ``LAYER:direction=FILE.npy`` (one weight a channel),
    ``LAYER:map=17@3,4*1.0;20@0,0*-1`` or ``LAYER:map=FILE.npy`` (channels, rows, columns). Several are added with
    `` + `` and `` - ``, each with a weight of its own if wanted: ``logit=285 - 0.5*logit=281``.

    Args:
        text: the text form.
        classes: names of the logits, for ``class=``.

    Raises:
        FeatureError: the text is not a feature. Whether a network has it is asked by
            :func:`~accentuation.measuring.check_feature`.
    """
    pieces = re.split(r" ([-+]) ", text.strip())
    signs = [1.0, *(-1.0 if sign == "-" else 1.0 for sign in pieces[1::2])]
    terms = [_term(piece.strip(), sign, classes, text) for sign, piece in zip(signs, pieces[::2], strict=True)]
    if len(terms) == 1 and terms[0][0] == 1:
        return terms[0][1]
    return WeightedSum(tuple(terms))


def _term(piece: str, sign: float, classes: Sequence[str], text: str) -> tuple[float, Feature]:
    # A minus before the whole term, as in -logit=285 or -0.5*logit=285.
    if re.match(r"-[a-z_]", piece, re.IGNORECASE):
        sign, piece = -sign, piece[1:]
    match = _TERM.fullmatch(piece)
    if match is None or match["minus"]:
        raise FeatureError(f"`{text}` is not a feature; {FORMS}.")
    weight = sign * float(match["weight"] or 1)
    return weight, _simple(match["layer"], match["kind"], match["rest"], classes, text)


def _simple(layer: str | None, kind: str, rest: str, classes: Sequence[str], text: str) -> Feature:
    if kind in {"logit", "class"}:
        if layer is not None:
            raise FeatureError(f"`{text}` names a layer, but a {kind} has none; write `{kind}={rest}`.")
        return Logit(_whole(rest, text)) if kind == "logit" else _class(rest, classes)
    if kind not in _EXAMPLES:
        kinds = ", ".join(["logit", "class", *_EXAMPLES])
        raise FeatureError(f"`{text}` is of the unknown kind `{kind}`; the kinds are {kinds}.")
    if layer is None:
        raise FeatureError(f"`{text}` does not say in which layer; write for example `{_EXAMPLES[kind]}`.")
    if kind == "channel":
        return Channel(layer, _whole(rest, text))
    if kind == "neuron":
        return _neuron(layer, rest, text)
    return _direction(layer, rest, text) if kind == "direction" else _map(layer, rest, text)


def _whole(rest: str, text: str) -> int:
    if not _INDEX.fullmatch(rest):
        raise FeatureError(f"`{text}` is not a feature; {FORMS}.")
    return int(rest)


def _class(name: str, classes: Sequence[str]) -> Logit:
    if not classes:
        raise FeatureError(
            f"The network does not name its classes, so `class={name}` cannot be found; write `logit=NUMBER`."
        )
    if name in classes:  # a cardigan and a Cardigan are both classes of ImageNet
        return Logit(list(classes).index(name))
    lower = [each.lower() for each in classes]
    if name.lower() not in lower:
        raise FeatureError(f"`class={name}` does not exist in this network; {nearest_names(name, classes)}.")
    return Logit(lower.index(name.lower()))


def _neuron(layer: str, rest: str, text: str) -> Neuron:
    match = _NEURON.fullmatch(rest)
    if match is None:
        raise FeatureError(f"`{text}` is not a neuron; write for example `{_EXAMPLES['neuron']}`.")
    return Neuron(layer, int(match[1]), _place(match[2]) if match[2] else None)


def _direction(layer: str, rest: str, text: str) -> Direction:
    power = _POWER.fullmatch(rest)
    body, cosine_power = (power[1], float(power[2])) if power else (rest, 0.0)
    if body.endswith(".npy"):
        array = _array(body, 1, text)
        return Direction.of_vector(layer, array.tolist(), cosine_power)
    matches = [_COMPONENT.fullmatch(part) for part in body.split(",")]
    components = tuple((int(match[1]), float(match[2])) for match in matches if match)
    if len(components) != len(matches):
        raise FeatureError(f"`{text}` is not a direction; write for example `{_EXAMPLES['direction']}`.")
    return Direction(layer, components, cosine_power)


def _map(layer: str, rest: str, text: str) -> SpatialMap:
    if rest.endswith(".npy"):
        return SpatialMap.of_array(layer, torch.from_numpy(_array(rest, 3, text)))
    matches = [_POINT.fullmatch(part) for part in rest.split(";")]
    points = tuple((int(match[1]), _place(match[2]), float(match[3])) for match in matches if match)
    if len(points) != len(matches):
        raise FeatureError(f"`{text}` is not a map; write for example `{_EXAMPLES['map']}`.")
    return SpatialMap(layer, points)


def _place(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _array(path: str, dimensions: int, text: str) -> NDArray[np.float64]:
    try:
        array = np.load(Path(path), allow_pickle=False)
    except (OSError, ValueError, EOFError, TokenError, BadZipFile) as error:
        raise FeatureError(
            f"The file {path} of `{text}` cannot be read as a NumPy array; save it by numpy.save."
        ) from error
    if array.ndim != dimensions or array.dtype.kind not in "fiu":
        raise FeatureError(f"The array in {path} must hold numbers in {dimensions} dimension(s), not {array.ndim}.")
    numbers: NDArray[np.float64] = array.astype(np.float64)
    return numbers
