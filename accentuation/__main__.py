"""``python -m accentuation PHOTOGRAPH [--feature FEATURE] [--out panel.png]``: from a photograph to a panel."""

import argparse
import io
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from PIL import Image
from torch import Tensor
from tqdm import tqdm
from typing_extensions import override

from accentuation.accentuate import Accentuation, accentuate, check_config
from accentuation.config import AccentuationConfig
from accentuation.errors import AccentuationError, is_out_of_memory
from accentuation.feature_name import feature_name
from accentuation.feature_text import parse_feature
from accentuation.features import Feature, Logit
from accentuation.freed_memory import keep_freed_memory
from accentuation.layer_hint import all_layers, some_layers
from accentuation.measuring import channel_activations, check_feature
from accentuation.models import (
    EFFICIENTNET_LITE0,
    REGULARIZATION_LAYERS,
    VisionModel,
    known_name,
    load_model,
    usable_device,
)
from accentuation.names import nearest_names
from accentuation.panel import panel
from accentuation.photograph import read_photograph
from accentuation.reading import INPUT, LOGIT

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp")
# Formats that leave something out leave out as little as they can: an accentuation is a small change.
_JPEG = {"quality": 100, "subsampling": 0}
AS_IT_IS: dict[str, dict[str, Any]] = {".jpg": _JPEG, ".jpeg": _JPEG, ".webp": {"lossless": True}}
DEFAULTS = AccentuationConfig()
SMALL = 32  # pixels of the shorter side, below which there is not much to see
LONG = 4  # times the shorter side, beyond which a square sees little of a photograph


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status: 0 done, 2 something asked for cannot be had, 130 ended by Ctrl-C."""
    try:
        _run(_parser().parse_args(arguments))
    except AccentuationError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        sys.stderr.write("The memory of the device does not suffice; lower --crops or --size.\n")
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _run(options: argparse.Namespace) -> None:
    """Check what is cheap to check first; nothing is computed before all is known to be there."""
    config, device = _config(options), usable_device(options.device)
    keep_freed_memory()
    if not 0 <= options.seed < 2**63:
        raise AccentuationError(f"seed must be a whole number from 0 to 2**63 - 1, not {options.seed}.")
    _check_out(options.out, options.photograph)
    image = read_photograph(options.photograph, options.size)
    _check_layer(options.model, config)
    model = load_model(options.model, weights=options.weights, device=device)
    check_config(model, config)
    feature, title = _feature(model, options.feature, image)
    sys.stdout.write(f"Feature: {title}\n")
    _note(_odd_size(image))
    done = _accentuate(model, image, feature, config, options.seed)
    _save(panel(image, done), options.out)
    sys.stdout.write(f"Activation before {done.activation_before:.2f}, after {done.activation_after:.2f}\n")
    sys.stdout.write(f"Panel (seed, accentuation, mask, blend): {options.out}\n")
    _note(_failure(image, done, config))


def _check_layer(name: str, config: AccentuationConfig) -> None:
    """Say that a layer must be named, or is misspelled, before the weights are downloaded, not after."""
    layer = config.regularization_layer
    if layer is not None:
        known = all_layers(name)
        if known and layer not in {LOGIT, INPUT, *known}:
            raise AccentuationError(f"{name} has no layer `{layer}`; {nearest_names(layer, known)}.")
    elif config.regularization > 0 and known_name(name) not in REGULARIZATION_LAYERS and (some := some_layers(name)):
        raise AccentuationError(
            f"No layer is known to be good for {name}; name one with --layer, such as {', '.join(some)}, "
            "or give --regularization 0."
        )


def _note(sentence: str | None) -> None:
    if sentence is not None:
        sys.stderr.write(f"{sentence}\n")


def _odd_size(image: Tensor) -> str | None:
    """Why a photograph of such a size may disappoint."""
    height, width = image.shape[1:]
    if min(height, width) < SMALL:
        return f"The photograph has only {width} x {height} pixels; on a larger one there is more to see."
    if max(height, width) > LONG * min(height, width):
        return (
            f"The photograph is very long ({width} x {height} pixels), and each crop, a square, sees little of it; "
            "cut out the part that matters."
        )
    return None


def _failure(image: Tensor, done: Accentuation, config: AccentuationConfig) -> str | None:
    """What to try where the panel shows nothing, or not what was asked for."""
    if float((done.image.cpu() - image).abs().max()) < 1 / 255:
        flat = bool((image == image[:, :1, :1]).all()) and config.parametrization == "fourier_phase"
        reason = (
            "the photograph is of one colour, so that its spectrum has no phases to move; try --parametrization pixel"
            if flat
            else "the feature moves nothing in this photograph; try another one, or more --steps"
        )
        return f"Nothing changed: {reason}."
    if config.strength == 0:
        return "At --strength 0 the blend is the photograph."
    if config.sign * (done.activation_after - done.activation_before) <= 0:
        asked = "fall" if config.suppress else "rise"
        return f"The feature did not {asked}; try more --steps, or a lower --regularization such as 0.3."
    return None


def _accentuate(
    model: VisionModel, image: Tensor, feature: Feature, config: AccentuationConfig, seed: int
) -> Accentuation:
    with tqdm(total=config.steps, desc="accentuation", unit="step") as bar:

        def show(step: int) -> None:
            bar.update(step - bar.n)

        return accentuate(model, image, feature, config, seed=seed, on_step=show)


def _feature(model: VisionModel, text: str | None, image: Tensor) -> tuple[Feature, str]:
    """The feature that was asked for, or the class that the network sees; and what to call it."""
    if text is None and not model.classes:
        raise AccentuationError(
            f"Nothing is known of the classes of {model.name}; name a feature with --feature, such as `logit=0`."
        )
    if text is None:
        logits = channel_activations(model, image[None], [LOGIT])[LOGIT]
        predicted = Logit(int(logits.argmax()))
        return predicted, f"{_title(model, predicted, str(predicted))}, the predicted class"
    feature = parse_feature(text, classes=model.classes)
    check_feature(model, feature)
    return feature, _title(model, feature, text)


def _title(model: VisionModel, feature: Feature, text: str) -> str:
    """A logit with its class; any other feature as it was written, which is shorter than a vector's text form."""
    named = isinstance(feature, Logit) and feature.index < len(model.classes)
    return f"{feature} ({feature_name(model, feature)})" if named else text


def _config(options: argparse.Namespace) -> AccentuationConfig:
    return AccentuationConfig(
        steps=options.steps,
        crops=options.crops,
        regularization=options.regularization,
        regularization_layer=options.layer,
        mask_percentile=options.mask_percentile,
        parametrization=options.parametrization,
        suppress=options.suppress,
        strength=options.strength,
    )


def _check_out(out: Path, photograph: Path) -> None:
    """Make sure that the panel can be written, before minutes are spent on it."""
    if out.suffix.lower() not in SUFFIXES:
        raise AccentuationError(f"The panel cannot be written as {out.name}; end its name on {', '.join(SUFFIXES)}.")
    if out.is_dir() or out.resolve() == photograph.resolve():
        raise AccentuationError(f"The panel would take the place of {out}; give --out another name.")
    try:
        _partial(out).touch()
        _partial(out).unlink()
    except OSError as error:
        raise _not_written(out, error) from error


def _save(picture: Image.Image, out: Path) -> None:
    """By a file beside ``out`` that takes its place in the end, so that a panel is there as a whole or not at all."""
    partial, encoded = _partial(out), io.BytesIO()
    try:
        picture.save(encoded, Image.registered_extensions()[out.suffix.lower()], **AS_IT_IS.get(out.suffix.lower(), {}))
        try:
            partial.write_bytes(encoded.getvalue())
            partial.replace(out)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise _not_written(out, error) from error


def _partial(out: Path) -> Path:
    return out.with_name(f".{out.stem}.{os.getpid()}.partial{out.suffix}")


def _not_written(out: Path, error: OSError) -> AccentuationError:
    return AccentuationError(
        f"The panel cannot be written to {out} ({error.strerror or error}); give --out another place."
    )


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence."""

    @override
    def error(self, message: str) -> NoReturn:
        raise AccentuationError(f"{message[:1].upper()}{message[1:]}; see `{self.prog} --help`.")


class _OneFeature(argparse.Action):
    """Refuses a second one: of two features the first would be forgotten without a word."""

    @override
    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option_string: Any = None
    ) -> None:
        if getattr(namespace, self.dest) is not None:
            parser.error("--feature is given twice; write several features as a sum, `logit=285 + logit=281`")
        setattr(namespace, self.dest, values)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m accentuation",
        description="Accentuate a feature of a network in a photograph: "
        "the panel shows the photograph, its accentuation, the opacity mask and the blend.",
        epilog='Example: %(prog)s cat.jpg --feature "class=Egyptian cat" --regularization 0.3',
    )
    add = parser.add_argument
    default = "(default: %(default)s)"
    add("photograph", type=Path, help="a picture file")
    add(
        "--model",
        default=EFFICIENTNET_LITE0,
        help=f"efficientnet_lite0, a model of torchvision, or timm/NAME {default}",
    )
    add("--weights", type=Path, metavar="FILE", help="weights of the model (default: those that come with it)")
    add(
        "--feature",
        action=_OneFeature,
        help="such as `class=espresso`, `blocks.4.2:channel=17`; several at once as a sum, `logit=285 + logit=281`; "
        "one that begins with a minus joined to the option by `=` (default: the predicted class)",
    )
    add("--out", type=Path, metavar="FILE", default=Path("panel.png"), help=f"where the panel goes {default}")
    add("--suppress", action="store_true", help="lower the feature instead of raising it")
    add("--steps", type=int, default=DEFAULTS.steps, help=f"of the optimiser {default}")
    add("--crops", type=int, default=DEFAULTS.crops, help=f"per step {default}")
    add("--layer", help="where the distance to the photograph is taken (default: that of efficientnet_lite0)")
    add(
        "--regularization",
        type=float,
        default=DEFAULTS.regularization,
        help=f"how tightly the photograph is held; lower shows more {default}",
    )
    add("--strength", type=float, default=DEFAULTS.strength, help=f"of the blend, 0 to 1 {default}")
    add("--mask-percentile", type=float, default=DEFAULTS.mask_percentile, help=f"lower for a wider mask {default}")
    add("--parametrization", default=DEFAULTS.parametrization, help=f"fourier_phase, fourier or pixel {default}")
    add("--size", type=int, default=512, help=f"shorter side in pixels; smaller photographs are kept {default}")
    add("--seed", type=int, default=1, help=f"of all randomness {default}")
    add("--device", default="cpu", help=f"cpu or cuda {default}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
