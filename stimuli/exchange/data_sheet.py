"""The data sheet of a set: what a stranger who finds the folder wants to know, in plain words."""

from collections import Counter

from stimuli.code_version import IMAGE_MODULES
from stimuli.exchange.records import (
    ACTIVATIONS,
    CRATE,
    MANIFEST,
    PLAN,
    POOL,
    PROTOCOL,
    Manifest,
    day,
)

_KINDS = {
    "attribution": "shows on a natural image where the feature responds",
    "visualization": "is made from nothing, so that the feature responds strongly",
    "accentuation": "is a natural image, changed gently until the feature responds more",
    "suppression": "is a natural image, changed gently until the feature responds less",
    "continuation": "is one of a graded series of accentuations of a natural image",
}


def data_sheet(manifest: Manifest, title: str) -> str:
    """The text, as Markdown."""
    return (
        "\n\n".join(
            [
                f"# {title}: the images of the study `{manifest.slug}`",
                _what(manifest),
                _files(manifest),
                _natural(manifest),
                _generated(manifest),
                _proof(manifest),
                _use(manifest),
            ]
        )
        + "\n"
    )


def _what(manifest: Manifest) -> str:
    return (
        "## What this is\n\n"
        f"All images of one study of how well people understand a vision network, {manifest.network.name}: "
        f"{len(manifest.images)} natural images and {len(manifest.stimuli)} images generated from them, for "
        f"{len(manifest.features)} features of the network. A feature is one number that the network computes from an "
        "image: the score of a class (`logit=UNIT`) or the mean of a channel (`LAYER:channel=UNIT`). In the study "
        "people see natural images to which a feature responds strongly, with or without generated explanations, and "
        "judge to which of two new images it responds more. The set was frozen on "
        f"{day(manifest.frozen_at)}: everything was verified, and nothing has been changed since. There are no "
        "participants and no answers in it."
    )


def _files(manifest: Manifest) -> str:
    rows = [
        (f"`{MANIFEST}`", "Everything that is known of every image; the size and SHA-256 of every other file."),
        (f"`{CRATE}`", "The same in outline, as an RO-Crate 1.1, for archives and programs."),
        (f"`{PROTOCOL}`", "The protocol of the study, word for word: every setting, every text that people read."),
        (f"`{PLAN}`", "Which images stand in which trials."),
        (f"`{POOL}`", f"All {manifest.pool.images} images of the pool from which the natural images were chosen."),
        (f"`{ACTIVATIONS}`", "How strongly images of the pool activate each feature, and their ranks; 1 is the top."),
        (
            "`images/`",
            f"{len(manifest.images)} natural images (PNG, {manifest.pool.image_size} px a side): {_which(manifest)}.",
        ),
        ("`stimuli/`", f"{len(manifest.stimuli)} generated images."),
        ("`masks/`", "Opacity masks of generated images: white is where the change shows."),
        ("`renditions/`", "Scaled copies of images, as browsers are sent them."),
    ]
    there = {name.partition("/")[0] for name in manifest.files}
    shown = [row for row in rows if not row[0].endswith("/`") or row[0].strip("`/") in there]
    table = "\n".join(f"| {name} | {meaning} |" for name, meaning in shown)
    return f"## Files\n\n| file | what is in it |\n| --- | --- |\n{table}\n\nAn image file is named by its SHA-256."


def _averaged(manifest: Manifest) -> int:
    """From how many natural images visualizations take their colours."""
    return max((one.config.get("spectrum_images", 0) for one in manifest.stimuli), default=0)


def _which(manifest: Manifest) -> str:
    shown = "those that the study shows or that generated images began from"
    count = _averaged(manifest)
    return f"{shown}, and the {count} whose average gives visualizations their colours" if count else shown


def _natural(manifest: Manifest) -> str:
    photographs = len({image.photograph_sha256 for image in manifest.images})
    named = any(image.photograph_name for image in manifest.images)
    names = "are in this folder too" if named else "are not in this folder"
    return (
        "## The natural images\n\n"
        f"They are squares, cut from {photographs} photographs and scaled; metadata such as place and time of a "
        f"photograph was not kept. They come from the image pool `{manifest.pool.name}` ({manifest.pool.origin}). "
        f"The file names of the photographs {names}; the SHA-256 of each photograph's file, and the place of the "
        "square in it in pixels, are in the manifest, so that whoever has the photographs can find them again."
        f"{_unseen(manifest)}\n\n"
        f"Terms of use: {manifest.licence}"
    )


def _unseen(manifest: Manifest) -> str:
    count = _averaged(manifest)
    if not count:
        return ""
    return (
        f" Not all of them are shown in the study: {count}, drawn from the pool, are here because their average gives "
        "the visualizations their colours. Whoever may not pass photographs on may not pass on these either, though "
        "nobody saw them."
    )


def _generated(manifest: Manifest) -> str:
    counts = Counter(stimulus.kind.value for stimulus in manifest.stimuli)
    if not counts:
        return "## The generated images\n\nThere are none: the study shows natural images only."
    kinds = "\n".join(
        f"- {counts[kind]} of kind `{kind}`: each {words}." for kind, words in _KINDS.items() if counts[kind]
    )
    devices = ", ".join(sorted({stimulus.device for stimulus in manifest.stimuli}))
    return (
        "## The generated images\n\n"
        f"{kinds}\n\n"
        f"They were computed with {manifest.network.name} (weights: {manifest.network.weights_source}, SHA-256 "
        f"`{manifest.network.weights_sha256}`) on {devices}. Of each one the manifest names the feature, the natural "
        "image that it began from, every parameter (`config`), the seed of the random numbers, the libraries and the "
        "code (`made_with`, see below), the device, and figures that were measured: the activation "
        "before and after, the rank that this would have among the natural images, the distance from the natural "
        "image in the network, the structural similarity (`ssim`), and the share of colours driven to an end of their "
        "range (`saturation`). `curve` is the activation at each step. `record_sha256` is the hash of all of this but "
        "the time and the parameters, which have a hash of their own (`config_sha256`): it shows that a record was "
        "changed by mistake.\n\n"
        "In `made_with`, `quiddity` is the version of Quiddity, the program that made the images; `commit` the git "
        "commit of its code, and `changed_since` whether that was changed; `system` and `machine` the operating system "
        "and the kind of processor; `accentuation_sha256` the SHA-256 over the files `accentuation/*.py` of its code "
        "in the order of their names, of each its name, a NUL byte, its bytes and a NUL byte; `stimuli_sha256` the "
        f"same over {_modules()} in `stimuli/`; the others are versions of Python and of libraries. An image that was "
        "made before one of these was recorded lacks it."
    )


def _modules() -> str:
    return ", ".join(f"`{name}`" for name in IMAGE_MODULES)


def _proof(manifest: Manifest) -> str:
    if "note" in manifest.verification:
        return f"## How it was verified\n\nIt was not: it was {manifest.verification['note']}."
    sample = manifest.verification.get("sample", 0)
    again = (
        f"A random sample of {sample} generated images was made again and came out alike, masks and figures included."
        if sample
        else "No generated image was made again to prove it."
    )
    return (
        "## How it was verified\n\n"
        "Before the set was frozen, every file and every record was hashed and compared with its hash, and every "
        "generated image was held against the bounds that the protocol declares. "
        f"{again} `verification` in the manifest has the details."
    )


def _use(manifest: Manifest) -> str:
    return (
        "## How to use it\n\n"
        "With Quiddity, the program that wrote this folder:\n\n"
        "```\n"
        "python manage.py import_stimuli FOLDER\n"
        f"python manage.py verify_stimuli --set {manifest.slug}\n"
        f"python manage.py create_study FOLDER/{PROTOCOL}\n"
        "```\n\n"
        "The first checks every hash before it stores anything. The second can make generated images again if the "
        f"network {manifest.network.name} with the weights above is installed. Without Quiddity, `{MANIFEST}` is "
        "plain JSON and every image an ordinary file."
    )
