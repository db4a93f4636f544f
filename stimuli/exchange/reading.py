"""A set's folder, as it came from elsewhere: everything is checked before anything is believed."""

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from stimuli.exchange.agreement import check_plan, check_quality, check_stimuli, check_survey
from stimuli.exchange.opening import plain_bytes
from stimuli.exchange.records import (
    ACTIVATION_COLUMNS,
    ACTIVATIONS,
    CRATE,
    DATA_SHEET,
    MANIFEST,
    NAME_COLUMN,
    PLAN,
    POOL,
    POOL_COLUMNS,
    PROTOCOL,
    ExchangeError,
    FileRecord,
    ImageRecord,
    Manifest,
    RenditionRecord,
    parse_manifest,
    picture,
)
from stimuli.files import sha256_of
from stimuli.named_in_plan import named_in_plan
from stimuli.protocol import Protocol, ProtocolError, parse_protocol
from stimuli.record_hash import config_hash
from stimuli.renditions import is_rendition, web_widths
from stimuli.sets import text_sha256

_TEXTS = (PROTOCOL, PLAN, POOL, ACTIVATIONS, CRATE, DATA_SHEET)


@dataclass(frozen=True)
class ActivationRow:
    """A row of ``activations.csv``, but for its feature."""

    image_sha256: str
    value: float
    rank: int


@dataclass(frozen=True)
class ReadSet:
    """A set that agrees with itself: every file is the one that the manifest names.

    Attributes:
        folder: where the files are.
        manifest: its records.
        manifest_sha256: by which two people can tell that they have the same set.
        protocol: its protocol, with the text that it was parsed from.
        plan: the plan's text.
        pool: every image of the pool, in the order of their import.
        activations: those that were kept, by feature.
    """

    folder: Path
    manifest: Manifest
    manifest_sha256: str
    protocol: Protocol
    protocol_text: str
    plan: str
    pool: tuple[ImageRecord, ...]
    activations: dict[str, list[ActivationRow]]

    def pictures(self) -> Iterator[str]:
        """The paths of all image files."""
        return (name for name in self.manifest.files if name not in _TEXTS)

    def data(self, name: str) -> bytes:
        """The bytes of a file, the ones that were checked.

        Raises:
            ExchangeError: the file is another one now.
        """
        return _checked(self.folder, name, self.manifest.files[name])

    def original(self, rendition: RenditionRecord) -> bytes:
        """The bytes of the image of the set that was scaled."""
        sha256 = rendition.original_sha256
        made = next((one for one in self.manifest.stimuli if one.sha256 == sha256), None)
        return self.data(picture("stimuli", sha256, made.format) if made else picture("images", sha256))


def read_set(folder: Path) -> ReadSet:
    """Read a set's folder and check every file and every record against the others.

    Raises:
        ExchangeError: it is no set, or not whole, or was tampered with.
    """
    text = plain_bytes(folder, MANIFEST)
    manifest = parse_manifest(_decoded(text, MANIFEST))
    for name in _TEXTS:
        if name not in manifest.files:
            raise ExchangeError(f"{MANIFEST} does not name {name}, which every set has.")
    sides = _sides(manifest)
    if sides.keys() != manifest.files.keys() - set(_TEXTS):
        raise ExchangeError(f"The files that {MANIFEST} lists are not those of its images.")
    for name, record in manifest.files.items():
        data = _checked(folder, name, record)
        if name in sides:
            _check_picture(name, data, sides[name])
    texts = {name: _decoded(_checked(folder, name, manifest.files[name]), name) for name in _TEXTS}
    protocol_text = texts[PROTOCOL].removeprefix("\ufeff")
    done = ReadSet(
        folder=folder,
        manifest=manifest,
        manifest_sha256=sha256_of(text),
        protocol=_protocol(manifest, protocol_text),
        protocol_text=protocol_text,
        plan=texts[PLAN],
        pool=tuple(_pool(texts[POOL])),
        activations=_activations(texts[ACTIVATIONS]),
    )
    _check_records(done)
    return done


def _checked(folder: Path, name: str, record: FileRecord) -> bytes:
    data = plain_bytes(folder, name)
    if len(data) != record.size or sha256_of(data) != record.sha256:
        raise ExchangeError(f"{folder / name} is not the file that {MANIFEST} names; copy the whole folder again.")
    return data


def _sides(manifest: Manifest) -> dict[str, int]:
    """The side in pixels of every image file that the records name."""
    own = manifest.pool.image_size
    return {
        **{picture("images", image.sha256): own for image in manifest.images},
        **{picture("stimuli", one.sha256, one.format): own for one in manifest.stimuli},
        **{picture("masks", one.mask_sha256): own for one in manifest.stimuli if one.mask_sha256},
        **{picture("renditions", one.sha256, one.format): one.width for one in manifest.renditions},
    }


def _check_picture(name: str, data: bytes, side: int) -> None:
    stem, _, ending = Path(name).name.partition(".")
    try:
        with Image.open(io.BytesIO(data)) as image:
            found, size = (image.format or "").lower(), image.size
            if size == (side, side):
                image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        found, size = "unknown", (side, side)
    if sha256_of(data) != stem or found != ending:
        raise ExchangeError(f"{name} is not what its name says: a {ending.upper()} image, named by its SHA-256.")
    if size != (side, side):
        raise ExchangeError(f"{name} has {size[0]} x {size[1]} pixels, not the {side} x {side} that {MANIFEST} says.")


def _decoded(data: bytes, name: str) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise ExchangeError(f"{name} is not UTF-8 text.") from error
    if "\0" in text:
        raise ExchangeError(f"{name} has NUL characters, which no set has and no database can hold.")
    return text


def _protocol(manifest: Manifest, text: str) -> Protocol:
    try:
        protocol = parse_protocol(text, name=PROTOCOL)
    except ProtocolError as error:
        raise ExchangeError(str(error)) from error
    if protocol.slug != manifest.slug or manifest.files[PROTOCOL].sha256 != manifest.protocol_sha256:
        raise ExchangeError(f"{PROTOCOL} is not the protocol that {MANIFEST} names.")
    if (protocol.stimuli.pool, protocol.stimuli.model) != (manifest.pool.name, manifest.network.name):
        raise ExchangeError(f"{PROTOCOL} names another pool or model than {MANIFEST}.")
    return protocol


def _pool(text: str) -> Iterator[ImageRecord]:
    for number, row in _rows(text, POOL, POOL_COLUMNS, optional=NAME_COLUMN):
        try:
            yield ImageRecord(
                sha256=row["sha256"],
                photograph_sha256=row["photograph_sha256"],
                left=int(row["left"]),
                top=int(row["top"]),
                side=int(row["side"]),
                perceptual_hash=int(row["perceptual_hash"]) if row["perceptual_hash"] else None,
                photograph_name=row.get(NAME_COLUMN) or None,
            )
        except ValueError as error:
            raise ExchangeError(f"{POOL}, line {number}, is not an image of a pool.") from error


def _activations(text: str) -> dict[str, list[ActivationRow]]:
    found: dict[str, list[ActivationRow]] = {}
    for number, row in _rows(text, ACTIVATIONS, ACTIVATION_COLUMNS):
        try:
            one = ActivationRow(row["image_sha256"], float(row["value"]), int(row["rank"]))
        except ValueError as error:
            raise ExchangeError(f"{ACTIVATIONS}, line {number}, is not an activation.") from error
        if not math.isfinite(one.value) or one.rank < 1:
            raise ExchangeError(f"{ACTIVATIONS}, line {number}, has a value that is not finite or a rank below 1.")
        found.setdefault(row["feature"], []).append(one)
    return found


def _rows(text: str, name: str, columns: tuple[str, ...], optional: str = "") -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        if tuple(column for column in reader.fieldnames or () if column != optional) != columns:
            raise ExchangeError(f"{name} has other columns than {', '.join(columns)}.")
        for row in reader:
            if None in row or None in row.values():
                raise ExchangeError(f"{name}, line {reader.line_num}, has too many or too few fields.")
            yield reader.line_num, row
    except csv.Error as error:
        raise ExchangeError(f"{name}, line {reader.line_num}, is not CSV: {error}.") from error


def _check_records(done: ReadSet) -> None:
    """The records among themselves: what one names, another has."""
    manifest = done.manifest
    if text_sha256(done.plan) != manifest.plan_sha256:
        raise ExchangeError(f"{PLAN} is not the plan that {MANIFEST} names.")
    pool = {image.sha256: image for image in done.pool}
    if len(pool) != len(done.pool) or len(pool) != manifest.pool.images:
        raise ExchangeError(f"{POOL} has not the images that {MANIFEST} counts.")
    for image in manifest.images:
        if pool.get(image.sha256) != image:
            raise ExchangeError(f"{MANIFEST} and {POOL} disagree on the image {image.sha256[:12]}.")
    features = {feature.name for feature in manifest.features}
    asked = set(done.protocol.stimuli.all_features)
    if not features == asked == set(done.activations):
        raise ExchangeError(f"{MANIFEST}, {ACTIVATIONS} and {PROTOCOL} do not name the same features.")
    for name, rows in done.activations.items():
        measured = [one.image_sha256 for one in rows]
        if len(set(measured)) < len(measured) or not pool.keys() >= set(measured):
            raise ExchangeError(f"{ACTIVATIONS} names images twice or that the pool does not have, for {name!r}.")
    _check_stimuli(manifest, features)
    for feature in manifest.features:
        check_survey(feature, len(pool), [one.rank for one in done.activations[feature.name]])
    check_plan(manifest, done.protocol, done.plan, done.pool)
    check_quality(manifest.stimuli, done.protocol.stimuli.quality)
    check_stimuli(manifest, {name: [(row.value, row.rank) for row in rows] for name, rows in done.activations.items()})
    _check_renditions(done)


def _check_renditions(done: ReadSet) -> None:
    """Those that the protocol asks for, each of an image of the set and showing it."""
    manifest, table = done.manifest, done.protocol.stimuli.files
    shown = named_in_plan(done.plan).images if done.plan else {image.sha256 for image in manifest.images}
    formats = dict.fromkeys(shown, "png") | {one.sha256: one.format for one in manifest.stimuli}
    own = manifest.pool.image_size
    needed = {
        (sha256, width, table.format)
        for sha256, image_format in formats.items()
        for width in web_widths(table, own)
        if (width, table.format) != (own, image_format)
    }
    given = {(one.original_sha256, one.width, one.format) for one in manifest.renditions}
    if needed != given or len(given) < len(manifest.renditions):
        raise ExchangeError(f"The renditions of {MANIFEST} are not those of its images that {PROTOCOL} asks for.")
    for one in manifest.renditions:
        name = picture("renditions", one.sha256, one.format)
        if not is_rendition(done.data(name), done.original(one), one.width, one.format):
            raise ExchangeError(f"{name} does not show the image {one.original_sha256[:12]}, of which it is to be.")


def _check_stimuli(manifest: Manifest, features: set[str]) -> None:
    images = {image.sha256 for image in manifest.images}
    for stimulus in manifest.stimuli:
        if config_hash(stimulus.config) != stimulus.config_sha256:
            raise ExchangeError(f"The parameters of the stimulus {stimulus.sha256[:12]} are not those of their hash.")
        if stimulus.feature not in features or not (stimulus.image is None or stimulus.image in images):
            raise ExchangeError(f"The stimulus {stimulus.sha256[:12]} is of a feature or an image that the set lacks.")
    recipes = {(one.kind, one.feature, one.image, one.config_sha256, one.seed) for one in manifest.stimuli}
    if len(recipes) != len(manifest.stimuli):
        raise ExchangeError(f"{MANIFEST} names a stimulus twice.")
