"""What verify_stimuli and freeze_stimuli share: their options, and a sample of stimuli made again with progress."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser, OutputWrapper
from tqdm import tqdm

from stimuli.engines.options import add_engine_options, open_engine
from stimuli.generation import GenerationError, check_network
from stimuli.made_again import differences
from stimuli.orders import EngineError
from stimuli.protocol import Protocol
from stimuli.recipes import Recipe, find_stimulus

# So far apart on average two images are two to the eye, whatever made them so.
MAX_TOLERANCE = 8.0


NOTHING_MADE_AGAIN = (
    "No stimulus was made again (--sample 0): the hashes hold, and that the records describe the images is not proven."
)


def add_options(parser: CommandParser) -> None:
    """Declare how a sample is made again."""
    parser.add_argument("--sample", type=int, default=3, help="how many stimuli are made again (default: 3)")
    parser.add_argument("--seed", type=int, default=0, help="of the sample (default: 0)")
    parser.add_argument(
        "--tolerance",
        type=float,
        default=1.0,
        help="mean absolute difference of 8-bit colour values up to which two images are the same (default: 1, at most "
        f"{MAX_TOLERANCE:g})",
    )
    add_engine_options(parser)


def check_options(options: dict[str, Any]) -> None:
    """Make sure that the options are in range.

    Raises:
        CommandError: one is not.
    """
    if options["sample"] < 0:
        raise CommandError(f"--sample must be 0 or more (found {options['sample']}).")
    if not 0 <= options["tolerance"] <= MAX_TOLERANCE:
        raise CommandError(
            f"--tolerance must be from 0 to {MAX_TOLERANCE:g} (found {options['tolerance']:g}): beyond that two images "
            "are not the same."
        )


def make_sample_again(
    protocol: Protocol, recipes: Sequence[Recipe], options: dict[str, Any], out: OutputWrapper
) -> dict[str, Any]:
    """Make a random sample again, print what differs, and return what is to be recorded of it.

    Args:
        protocol: names the network.
        recipes: each with a stimulus whose file is whole.
        options: those of :func:`add_options`.
        out: where to print.

    Raises:
        CommandError: a stimulus comes out differently, or cannot be made here.
    """
    chosen = random.Random(options["seed"]).sample(list(recipes), min(options["sample"], len(recipes)))
    if not chosen:
        return {"sample": 0}
    weights = Path(protocol.stimuli.weights) if protocol.stimuli.weights else None
    try:
        with open_engine(protocol.stimuli.model, weights, options) as network:
            check_network(network, chosen)
            compared = differences(chosen, network, options["tolerance"], protocol.stimuli.quality)
            bar = tqdm(compared, total=len(chosen), desc="made again", unit="stimulus")
            different = [sentence for sentence in bar if sentence]
            facts = network.facts
    except (EngineError, GenerationError) as error:
        raise CommandError(str(error)) from error
    for sentence in different:
        out.write(sentence)
    if different:
        raise CommandError(
            f"{len(different)} of {len(chosen)} stimuli of the sample are not proven to be what their files hold."
        )
    out.write(f"{len(chosen)} stimuli made again came out alike.")
    return {
        "sample": len(chosen),
        "seed": options["seed"],
        "tolerance": options["tolerance"],
        "made_again": sorted(stimulus.sha256 for recipe in chosen if (stimulus := find_stimulus(recipe))),
        "device": facts.device,
        "made_with": facts.made_with,
    }
