"""What stands in a set's folder: the records of the manifest, the names of its files. Plain data.

The manifest names every other file with its size and SHA-256. ``parse_manifest`` is the border: what passes it has the
shape that is declared here; whether the files agree is asked by :mod:`stimuli.exchange.reading`.
"""

import json
import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from stimuli.models import Stimulus

SCHEMA_VERSION = 1

MANIFEST = "manifest.json"
CRATE = "ro-crate-metadata.json"
DATA_SHEET = "README.md"
PROTOCOL = "protocol.toml"
PLAN = "plan.json"
POOL = "pool.csv"
ACTIVATIONS = "activations.csv"

POOL_COLUMNS = ("sha256", "photograph_sha256", "left", "top", "side", "perceptual_hash")
NAME_COLUMN = "photograph_name"
ACTIVATION_COLUMNS = ("feature", "image_sha256", "value", "rank")

_TEXTS = {CRATE, DATA_SHEET, PROTOCOL, PLAN, POOL, ACTIVATIONS}
_PICTURE = re.compile(r"(images|stimuli|masks|renditions)/[0-9a-f]{64}\.(png|webp)")


class ExchangeError(ValueError):
    """A set cannot be exported or imported; the message says why, one sentence a line."""


def _path(value: str) -> str:
    # Nothing but these names: so no path can lead out of the folder.
    if value not in _TEXTS and not _PICTURE.fullmatch(value):
        raise ValueError(f"{value!r} is not the name of a file that a set's folder has")
    return value


Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FilePath = Annotated[str, AfterValidator(_path)]
Whole = Annotated[int, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]
Colours = Annotated[list[float], Field(min_length=3, max_length=3)]
Deviations = Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=3, max_length=3)]


class Record(BaseModel):
    """A record of the manifest: what is not known is an error, because it would be lost."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class FileRecord(Record):
    """A file of the folder."""

    sha256: Sha256
    size: Whole


class PoolRecord(Record):
    """The image pool; its images stand in ``pool.csv``."""

    name: str
    origin: str
    image_size: Count
    images: Count


class NetworkRecord(Record):
    """The network; its weights do not travel."""

    name: str
    weights_sha256: Sha256
    weights_source: str
    weights_given: bool
    input_size: Count
    mean: Colours
    std: Deviations
    regularization_layer: str


class FeatureRecord(Record):
    """A feature and its survey; its activations stand in ``activations.csv``."""

    name: str
    images: Whole
    ends: Whole
    sampled: Whole


class UnitSampleRecord(Record):
    """Which units of a layer were drawn."""

    layer: str
    seed: int
    units: Whole
    dead: Whole
    drawn: list[int]


class ImageRecord(Record):
    """A natural image of the set: the square of a photograph that it shows."""

    sha256: Sha256
    photograph_sha256: Sha256
    left: Whole
    top: Whole
    side: Count
    perceptual_hash: int | None
    photograph_name: str | None = None


class StimulusRecord(Record):
    """A generated image with everything that is known of it; fields as in the database."""

    kind: Stimulus.Kind
    feature: str
    image: Sha256 | None
    config: dict[str, Any]
    config_sha256: Sha256
    seed: int
    activation_before: float | None
    activation_after: float
    rank_after: Count | None
    crop_activation_before: float | None
    crop_activation_after: float | None
    distance: float | None
    ssim: float | None
    saturation: float | None
    device: str
    made_with: dict[str, str]
    sha256: Sha256
    format: Literal["png", "webp"]
    mask_sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]
    curve: list[float | None]
    # Empty in the sets of releases that kept none.
    record_sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    created_at: AwareDatetime


class RenditionRecord(Record):
    """A scaled copy for the web."""

    original_sha256: Sha256
    width: Count
    format: Literal["png", "webp"]
    sha256: Sha256


class Manifest(Record):
    """A whole set."""

    schema_version: Literal[1]
    slug: str
    protocol_sha256: Sha256
    plan_sha256: Sha256
    frozen_at: AwareDatetime
    verification: dict[str, Any]
    licence: str
    pool: PoolRecord
    network: NetworkRecord
    unit_samples: list[UnitSampleRecord]
    features: list[FeatureRecord]
    images: list[ImageRecord]
    stimuli: list[StimulusRecord]
    renditions: list[RenditionRecord]
    files: dict[FilePath, FileRecord]

    def text(self) -> str:
        """As JSON, the same bytes for the same set."""
        return json.dumps(self.model_dump(mode="json"), indent=1, sort_keys=True, ensure_ascii=False) + "\n"

    def identity(self) -> dict[str, Any]:
        """What makes it this set and no other, whichever copy is looked at.

        That is texts and files. Not names, the licence, or what may be filled in or differ between two copies of one
        image: when it was made, on which device, and the last digits of its figures.
        """
        whole = self.model_dump(include={"slug", "protocol_sha256", "plan_sha256", "features"})
        whole["images"] = [image.model_dump(exclude={"photograph_name", "perceptual_hash"}) for image in self.images]
        whole["stimuli"] = [
            (one.kind, one.feature, one.image, one.config_sha256, one.seed, one.sha256, one.mask_sha256)
            for one in self.stimuli
        ]
        whole["network"] = (self.network.name, self.network.weights_sha256)
        return whole


def picture(folder: str, sha256: str, image_format: str = "png") -> str:
    """The path of an image file in a set's folder."""
    return f"{folder}/{sha256}.{image_format}"


def parse_manifest(text: str) -> Manifest:
    """Read a manifest.

    Raises:
        ExchangeError: it is not one, or of another version.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ExchangeError(f"{MANIFEST} is not JSON: {error}.") from error
    if "\\u0000" in text:
        raise ExchangeError(f"{MANIFEST} has NUL characters in its texts, which no set has and no database can hold.")
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version != SCHEMA_VERSION:
        raise ExchangeError(
            f"{MANIFEST} has the schema version {version!r}, and this program reads version {SCHEMA_VERSION}; import "
            "the set with the release of Quiddity that wrote it, or export it again with this one."
        )
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise ExchangeError(f"{MANIFEST} cannot be used: {place}: {message}.") from error


def day(moment: datetime) -> str:
    """The date, as ISO 8601 writes it."""
    return moment.date().isoformat()
