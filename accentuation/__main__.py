"""``python -m accentuation PHOTOGRAPH [--feature FEATURE] [--out panel.png]``: from a photograph to a panel."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import torch
from torch import Tensor
from tqdm import tqdm
from typing_extensions import override

from accentuation.accentuate import Accentuation, accentuate, check_config
from accentuation.config import AccentuationConfig
from accentuation.errors import AccentuationError
from accentuation.feature_name import feature_name
from accentuation.feature_text import parse_feature
from accentuation.features import Feature, Logit
from accentuation.measuring import channel_activations, check_feature
from accentuation.models import EFFICIENTNET_LITE0, VisionModel, load_model
from accentuation.panel import panel
from accentuation.photograph import read_photograph
from accentuation.reading import LOGIT

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp")
DEFAULTS = AccentuationConfig()


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status: 0 done, 2 something asked for cannot be had."""
    try:
        _run(_parser().parse_args(arguments))
    except AccentuationError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except torch.OutOfMemoryError:
        sys.stderr.write("The memory of the device does not suffice; lower --crops or --size.\n")
        return 2
    return 0


def _run(options: argparse.Namespace) -> None:
    """Check what is cheap to check first; nothing is computed before all is known to be there."""
    config, device = _config(options), _device(options.device)
    if not 0 <= options.seed < 2**63:
        raise AccentuationError(f"seed must be a whole number from 0 to 2**63 - 1, not {options.seed}.")
    with _partial_file(options.out, options.photograph) as partial:
        image = read_photograph(options.photograph, options.size)
        model = load_model(options.model, weights=options.weights, device=device)
        if config.regularization_layer is None and model.regularization_layer is None and config.regularization > 0:
            raise AccentuationError(
                f"No layer is known to be good for {model.name}; name one with --layer, or give --regularization 0."
            )
        check_config(model, config)
        feature, title = _feature(model, options.feature, image)
        sys.stdout.write(f"Feature: {title}\n")
        done = _accentuate(model, image, feature, config, options.seed)
        panel(image, done).save(partial)
    sys.stdout.write(f"Activation before {done.activation_before:.2f}, after {done.activation_after:.2f}\n")
    sys.stdout.write(f"Panel (seed, accentuation, mask, blend): {options.out}\n")


def _accentuate(
    model: VisionModel, image: Tensor, feature: Feature, config: AccentuationConfig, seed: int
) -> Accentuation:
    with tqdm(total=config.steps, desc="accentuation", unit="step") as bar:

        def show(step: int) -> None:
            bar.update(step - bar.n)

        return accentuate(model, image, feature, config, seed=seed, on_step=show)


def _feature(model: VisionModel, text: str | None, image: Tensor) -> tuple[Feature, str]:
    """The feature that was asked for, or the class that the network sees; and what to call it."""
    if text is None:
        logits = channel_activations(model, image[None], [LOGIT])[LOGIT]
        predicted = Logit(int(logits.argmax()))
        return predicted, f"{_title(model, predicted, str(predicted))}, the predicted class"
    feature = parse_feature(text, classes=model.classes)
    check_feature(model, feature)
    return feature, _title(model, feature, text)


def _title(model: VisionModel, feature: Feature, text: str) -> str:
    """A logit with its class; any other feature as it was written, which is shorter than a vector's text form."""
    name = feature_name(model, feature)
    return text if name == str(feature) else f"{feature} ({name})"


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


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).sum().item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise AccentuationError(f"There is no device `{name}` here; give cpu, or cuda where there is a GPU.") from error
    return device


@contextmanager
def _partial_file(out: Path, photograph: Path) -> Iterator[Path]:
    """A file beside ``out`` that takes its place in the end, so that a panel is there as a whole or not at all."""
    if out.suffix.lower() not in SUFFIXES:
        raise AccentuationError(f"The panel cannot be written as {out.name}; end its name on {', '.join(SUFFIXES)}.")
    if out.is_dir() or out.resolve() == photograph.resolve():
        raise AccentuationError(f"The panel would take the place of {out}; give --out another name.")
    partial = out.with_name(f".{out.stem}.{os.getpid()}.partial{out.suffix}")
    try:
        partial.touch()
        yield partial
        partial.replace(out)
    except OSError as error:
        raise AccentuationError(
            f"The panel cannot be written to {out} ({error.strerror or error}); give --out another place."
        ) from error
    finally:
        if partial.parent.is_dir():
            partial.unlink(missing_ok=True)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence."""

    @override
    def error(self, message: str) -> NoReturn:
        raise AccentuationError(f"{message[:1].upper()}{message[1:]}; see `{self.prog} --help`.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m accentuation",
        description="Accentuate a feature of a network in a photograph: "
        "the panel shows the photograph, its accentuation, the opacity mask and the blend.",
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
    add("--feature", help="such as `class=espresso`, `blocks.4.2:channel=17` (default: the predicted class)")
    add("--out", type=Path, metavar="FILE", default=Path("panel.png"), help=f"where the panel goes {default}")
    add("--suppress", action="store_true", help="lower the feature instead of raising it")
    add("--steps", type=int, default=DEFAULTS.steps, help=f"of the optimiser {default}")
    add("--crops", type=int, default=DEFAULTS.crops, help=f"per step {default}")
    add("--layer", help="where the distance to the photograph is taken (default: the model's own)")
    add(
        "--regularization",
        type=float,
        default=DEFAULTS.regularization,
        help=f"how tightly the photograph is held {default}",
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
