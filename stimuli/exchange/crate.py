"""The set as an RO-Crate 1.1: metadata that archives and other programs understand (w3id.org/ro/crate/1.1).

Every file is an entity with its size and hash; every generated image is the result of an action, with the natural
image that it began from and the network that was its instrument.
"""

import json
from typing import Any

from stimuli.exchange.records import (
    ACTIVATIONS,
    CRATE,
    DATA_SHEET,
    MANIFEST,
    PLAN,
    POOL,
    PROTOCOL,
    Manifest,
    StimulusRecord,
    day,
    picture,
)

VERSION = "https://w3id.org/ro/crate/1.1"
# The term for a hash is schema.org's, which the crate's own vocabulary does not carry.
CONTEXT = [f"{VERSION}/context", {"sha256": "http://schema.org/sha256"}]

_TYPES = {
    "png": "image/png",
    "webp": "image/webp",
    "json": "application/json",
    "csv": "text/csv",
    "md": "text/markdown",
    "toml": "application/toml",
}
_WORDS = {
    MANIFEST: "Every record of the set, with the size and SHA-256 of every file.",
    DATA_SHEET: "What the set is, for people.",
    PROTOCOL: "The protocol of the study for which the images were made.",
    PLAN: "Which images stand in which trials, as chosen when the set was frozen.",
    POOL: "The images of the pool from which the natural images were chosen.",
    ACTIVATIONS: "How strongly images of the pool activate the features.",
    "images": "A natural image: a square of a photograph.",
    "stimuli": "A generated image.",
    "masks": "The opacity mask of a generated image.",
    "renditions": "A scaled copy of an image, for the web.",
}


def crate_text(manifest: Manifest, title: str) -> str:
    """The metadata file; ``manifest`` lists every file but itself and this one."""
    files = [MANIFEST, *sorted(manifest.files)]
    actions = [_action(stimulus, number) for number, stimulus in enumerate(manifest.stimuli, start=1)]
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"{title}: the images of the study {manifest.slug}",
        "description": f"{len(manifest.images)} natural and {len(manifest.stimuli)} generated images for a study of "
        f"explanations of {manifest.network.name}, with everything that is known of their making.",
        "datePublished": day(manifest.frozen_at),
        "identifier": f"sha256:{manifest.protocol_sha256}",
        "license": {"@id": "#licence"},
        "hasPart": [{"@id": name} for name in files],
        "mentions": [{"@id": action["@id"]} for action in actions],
    }
    graph = [
        {"@id": CRATE, "@type": "CreativeWork", "conformsTo": {"@id": VERSION}, "about": {"@id": "./"}},
        root,
        {"@id": "#licence", "@type": "CreativeWork", "name": "Terms of use", "description": manifest.licence},
        _network(manifest),
        *(_file(manifest, name) for name in files),
        *actions,
    ]
    return json.dumps({"@context": CONTEXT, "@graph": graph}, indent=1, ensure_ascii=False) + "\n"


def _network(manifest: Manifest) -> dict[str, Any]:
    network = manifest.network
    return {
        "@id": "#network",
        "@type": "SoftwareApplication",
        "name": network.name,
        "description": f"Weights: {network.weights_source}, SHA-256 {network.weights_sha256}.",
    }


def _file(manifest: Manifest, name: str) -> dict[str, Any]:
    entity: dict[str, Any] = {
        "@id": name,
        "@type": "File",
        "name": name,
        "description": _WORDS[name.partition("/")[0]],
        "encodingFormat": _TYPES[name.rpartition(".")[2]],
    }
    if name in manifest.files:
        record = manifest.files[name]
        entity |= {"contentSize": str(record.size), "sha256": record.sha256}
    return entity


def _action(stimulus: StimulusRecord, number: int) -> dict[str, Any]:
    image = {"@id": picture("stimuli", stimulus.sha256, stimulus.format)}
    mask = {"@id": picture("masks", stimulus.mask_sha256)}
    action: dict[str, Any] = {
        "@id": f"#made-{number}",
        "@type": "CreateAction",
        "name": f"{stimulus.kind.value} of {stimulus.feature}",
        "instrument": {"@id": "#network"},
        "endTime": stimulus.created_at.isoformat(),
        "result": [image, mask] if stimulus.mask_sha256 else image,
    }
    if stimulus.image:
        action["object"] = {"@id": picture("images", stimulus.image)}
    return action
