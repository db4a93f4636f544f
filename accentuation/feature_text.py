"""The text form of features, for protocol files and the command line."""

import difflib
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from accentuation.errors import FeatureError
from accentuation.feature_spelling import KINDS, respelled
from accentuation.features import Channel, Direction, Feature, Logit, Neuron, SpatialMap, WeightedSum
from accentuation.names import nearest_names

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?"
_TERM = re.compile(
    rf"(?:(?P<weight>{_NUMBER})\*)?(?P<minus>-)?(?:(?P<layer>[^:=\s*]+):)?(?P<kind>[a-z]+)=(?P<rest>.+)", re.IGNORECASE
)
# Several features stand with these between them, unless they are part of what is quoted.
_SEPARATOR = re.compile(r'="[^"]*"| (?P<sign>[-+]) ')
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
    ``LAYER:map=17@3,4*1.0;20@0,0*-1`` or ``LAYER:map=FILE.npy`` (channels, rows, columns; or channels, tokens).

    Several are added with `` + `` and `` - ``, each with a weight of its own if wanted: ``logit=285 - 0.5*logit=281``.
    The name of a class or file may stand in double quotes, and must where it holds `` + `` or `` - ``:
    ``class="salt - pepper"``.

    A ``logit`` is always the network's output, also where a module of it is called so.

    Args:
        text: the text form.
        classes: names of the logits, for ``class=``.

    Raises:
        FeatureError: the text is not a feature. Whether a network has it is asked by
            :func:`~accentuation.measuring.check_feature`.
    """
    if not isinstance(text, str):
        raise FeatureError(f"`parse_feature` reads a text, not a {type(text).__qualname__}; {FORMS}.")
    text = text.strip()
    if not text:
        raise FeatureError(f"The text of the feature is empty; {FORMS}.")
    try:
        return _parsed(text, classes)
    except FeatureError as error:
        meant = _respelled(text, classes)
        if meant is None:
            raise
        raise FeatureError(f"`{text}` is not a feature; write `{meant}`.") from error


def _respelled(text: str, classes: Sequence[str]) -> str | None:
    """The nearest other spelling that is a feature, or None."""
    for spelling in respelled(text):
        with suppress(FeatureError):
            _parsed(spelling, classes)
            return spelling
    return None


def _parsed(text: str, classes: Sequence[str]) -> Feature:
    cuts = [match for match in _SEPARATOR.finditer(text) if match["sign"]]
    signs = [1.0, *(-1.0 if cut["sign"] == "-" else 1.0 for cut in cuts)]
    starts, ends = [0, *(cut.end() for cut in cuts)], [*(cut.start() for cut in cuts), len(text)]
    pieces = [text[start:end].strip() for start, end in zip(starts, ends, strict=True)]
    terms = [_term(piece, sign, classes, text) for sign, piece in zip(signs, pieces, strict=True)]
    if len(terms) == 1 and terms[0][0] == 1:
        return terms[0][1]
    return WeightedSum(tuple(terms))


def _term(piece: str, sign: float, classes: Sequence[str], text: str) -> tuple[float, Feature]:
    # A minus before the whole term, as in -logit=285 or -0.5*logit=285.
    if re.match(r"-[a-z_]", piece, re.IGNORECASE):
        sign, piece = -sign, piece[1:]
    match = _TERM.fullmatch(piece)
    if match is None or match["minus"]:
        meant = _class_meant(piece, classes) or _class_meant(text, classes)
        raise FeatureError(f"`{text}` is not a feature; {meant or FORMS}.")
    weight = sign * float(match["weight"] or 1)
    return weight, _simple(match["layer"], match["kind"], match["rest"], classes, text)


def _simple(layer: str | None, kind: str, rest: str, classes: Sequence[str], text: str) -> Feature:
    if kind in {"logit", "class"}:
        if layer is not None:
            raise FeatureError(f"`{text}` names a layer, but a {kind} has none; write `{kind}={rest}`.")
        return _logit(rest, classes, text) if kind == "logit" else _class(_unquoted(rest), classes, text)
    if kind not in KINDS:
        raise FeatureError(f"`{text}` is of the unknown kind `{kind}`; the kinds are {', '.join(KINDS)}.")
    if layer is None:
        raise FeatureError(f"`{text}` does not say in which layer; write for example `{_EXAMPLES[kind]}`.")
    if kind == "channel":
        return Channel(layer, _whole(rest, kind, text))
    if kind == "neuron":
        return _neuron(layer, rest, text)
    return _direction(layer, rest, text) if kind == "direction" else _map(layer, rest, text)


def _whole(rest: str, kind: str, text: str) -> int:
    if not _INDEX.fullmatch(rest):
        raise FeatureError(f"`{text}` is not a feature, a {kind} being a whole number from 0 on; {FORMS}.")
    return int(rest)


def _logit(rest: str, classes: Sequence[str], text: str) -> Logit:
    meant = None if _INDEX.fullmatch(rest) else _class_meant(rest, classes)
    if meant is not None:
        raise FeatureError(f"`{text}` is not a feature, a logit being a number; {meant}.")
    return Logit(_whole(rest, "logit", text))


def _class(name: str, classes: Sequence[str], text: str) -> Logit:
    if not classes:
        raise FeatureError(
            f"No names of classes are known here, so `class={name}` cannot be found; write `logit=NUMBER`, "
            "or in Python give `classes=model.classes`."
        )
    # A cardigan and a Cardigan are both classes of ImageNet.
    found = [number for number, each in enumerate(classes) if each == name] or [
        number for number, each in enumerate(classes) if each.lower() == name.lower()
    ]
    if len(found) > 1:
        numbers = " or ".join(f"`logit={number}` ({classes[number]})" for number in found)
        raise FeatureError(f"`class={name}` names {len(found)} classes of this network; write {numbers}.")
    if not found:
        meant = _class_meant(text, [each for each in classes if _SEPARATOR.search(each)])
        number = f"write `logit={name}` for the class of this number" if _INDEX.fullmatch(name) else None
        hint = meant or number or nearest_names(name, classes)
        raise FeatureError(f"`class={name}` does not exist in this network; {hint}.")
    return Logit(found[0])


def _class_meant(text: str, classes: Sequence[str]) -> str | None:
    """How to write the class whose name the text nearly is; None where there is no such class."""
    names = {name.lower(): name for name in classes}
    near = difflib.get_close_matches(text.removeprefix("class=").lower(), names, n=1, cutoff=0.8)
    if not near:
        return None
    name = names[near[0]]
    return f'write `class="{name}"`' if _SEPARATOR.search(name) else f"write `class={name}`"


def _unquoted(name: str) -> str:
    return name[1:-1] if len(name) > 1 and name[0] == name[-1] == '"' else name


def _neuron(layer: str, rest: str, text: str) -> Neuron:
    match = _NEURON.fullmatch(rest)
    if match is None:
        raise FeatureError(f"`{text}` is not a neuron; write for example `{_EXAMPLES['neuron']}`.")
    return Neuron(layer, int(match[1]), _place(match[2]) if match[2] else None)


def _direction(layer: str, rest: str, text: str) -> Direction:
    power = _POWER.fullmatch(rest)
    body, cosine_power = (power[1], float(power[2])) if power else (rest, 0.0)
    if _unquoted(body).endswith(".npy"):
        array = _array(_unquoted(body), (1,), text)
        return Direction.of_vector(layer, array.tolist(), cosine_power)
    matches = [_COMPONENT.fullmatch(part) for part in body.split(",")]
    components = tuple((int(match[1]), float(match[2])) for match in matches if match)
    if len(components) != len(matches):
        raise FeatureError(f"`{text}` is not a direction; write for example `{_EXAMPLES['direction']}`.")
    return Direction(layer, components, cosine_power)


def _map(layer: str, rest: str, text: str) -> SpatialMap:
    if _unquoted(rest).endswith(".npy"):
        return SpatialMap.of_array(layer, torch.from_numpy(_array(_unquoted(rest), (2, 3), text)))
    matches = [_POINT.fullmatch(part) for part in rest.split(";")]
    points = tuple((int(match[1]), _place(match[2]), float(match[3])) for match in matches if match)
    if len(points) != len(matches):
        raise FeatureError(f"`{text}` is not a map; write for example `{_EXAMPLES['map']}`.")
    return SpatialMap(layer, points)


def _place(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _array(path: str, dimensions: tuple[int, ...], text: str) -> NDArray[np.float64]:
    """The weights in a file, so many dimensions; finite and somewhere."""
    try:
        with Path(path).open("rb") as file:
            array = np.lib.format.read_array(file, allow_pickle=False)
    except FileNotFoundError as error:
        raise FeatureError(f"There is no file {path}, which `{text}` names; check its name.") from error
    except (OSError, ValueError, EOFError, TokenError) as error:
        raise FeatureError(
            f"The file {path} of `{text}` cannot be read as a NumPy array; save it by numpy.save."
        ) from error
    problem = _problem(array, dimensions)
    if problem is not None:
        raise FeatureError(f"The array in {path} {problem}.")
    return array.astype(np.float64)


def _problem(array: NDArray[Any], dimensions: tuple[int, ...]) -> str | None:
    """Why an array holds no weights, and what to do; None where it does."""
    if array.dtype.kind not in "fiu":
        return f"must hold real numbers, not {array.dtype}; convert it by `astype(float)`"
    if array.ndim not in dimensions:
        wanted = " or ".join(map(str, dimensions))
        return f"must have {wanted} dimension(s), not {array.ndim}; reshape it, now {array.shape}"
    if not np.isfinite(array).all():
        return "holds values that are not finite (NaN or infinity); mend them"
    return None if array.any() else "is zero everywhere; give it a weight"
