"""``python -m analysis power`` and ``python -m analysis simulate``: before there are data."""

import argparse
import sys
from pathlib import Path

from analysis.files import write_whole
from analysis.power import Power, power_by_participants, smallest_enough
from analysis.simulation import Assumptions, SimulationError, synthetic_export
from analysis.wording import percent
from stimuli.protocol import ProtocolError, ProtocolFile, read_protocol

DEFAULT_PARTICIPANTS = (12, 24, 36, 48, 72, 96)


def main(arguments: list[str]) -> int:
    """Run one of the two; returns the exit status: 0 done, 1 the protocol or the assumptions are no good."""
    options = _options(arguments)
    try:
        file = read_protocol(options.protocol)
        assumptions = Assumptions(
            accuracy=dict(options.accuracy),
            participant_sd=options.participant_sd,
            feature_sd=options.feature_sd,
            image_sd=options.image_sd,
            lapse=options.lapse,
            effect_participant_sd=options.effect_participant_sd,
            effect_feature_sd=options.effect_feature_sd,
        )
        run = _power if options.command == "power" else _simulate
        run(file, assumptions, options)
    except (ProtocolError, SimulationError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"The synthetic export cannot be written to {options.out}: {error.strerror}.\n")
        return 1
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m analysis")
    commands = parser.add_subparsers(dest="command", required=True)
    power = commands.add_parser("power", help="the power of the planned test by number of participants")
    power.add_argument("--participants", type=_count, nargs="+", default=list(DEFAULT_PARTICIPANTS), metavar="N")
    power.add_argument("--simulations", type=_count, default=200, help="studies for each number; default 200")
    power.add_argument("--target", type=_share, default=0.8, help="the power that is enough; default 0.8")
    simulated = commands.add_parser("simulate", help="an export of a study that never took place, for a dry run")
    simulated.add_argument("--participants", type=_count, default=24, metavar="N", help="default 24")
    simulated.add_argument("--out", type=Path, default=Path("synthetic.csv"), help="default synthetic.csv")
    for command in (power, simulated):
        command.add_argument("protocol", type=Path, metavar="PROTOCOL.toml")
        command.add_argument(
            "--accuracy",
            type=_accuracy,
            nargs="+",
            required=True,
            metavar="CONDITION=SHARE",
            help="what is assumed of each condition, such as accentuation=0.75",
        )
        for name, default, told in (
            ("participant-sd", 0.5, "of participants' intercepts, in log-odds"),
            ("feature-sd", 0.5, "of features' intercepts, in log-odds"),
            ("image-sd", 0.3, "of image pairs' intercepts, in log-odds"),
            (
                "effect-participant-sd",
                0.0,
                "of what a condition does more than another, over participants, in log-odds",
            ),
            ("effect-feature-sd", 0.0, "of what a condition does more than another, over features, in log-odds"),
        ):
            command.add_argument(f"--{name}", type=_sd, default=default, help=f"{told}; default {default}")
        command.add_argument("--lapse", type=_share, default=0.02, help="share of trials guessed; default 0.02")
        command.add_argument("--seed", type=int, default=1, help="of every random draw; default 1")
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 2:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 2")
    return int(text)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share from 0 to below 1")
    return share


def _sd(text: str) -> float:
    try:
        sd = float(text)
    except ValueError:
        sd = -1.0
    if not 0 <= sd < 10:
        raise argparse.ArgumentTypeError(f"{text!r} is not a standard deviation from 0 to below 10")
    return sd


def _accuracy(text: str) -> tuple[str, float]:
    name, equals, share = text.rpartition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form accentuation=0.75")
    return name, _share(share)


def _power(file: ProtocolFile, assumptions: Assumptions, options: argparse.Namespace) -> None:
    rows = []
    sys.stdout.write(
        f"Power of the planned test ({file.protocol.analysis.main_test}), {options.simulations} simulations\n"
    )
    for powers in power_by_participants(
        file.protocol,
        assumptions,
        participants=sorted(set(options.participants)),
        simulations=options.simulations,
        seed=options.seed,
    ):
        rows.append(powers)
        sys.stdout.write("".join(f"{_line(power)}\n" for power in powers))
        sys.stdout.flush()  # a long run shows how far it is
    enough = smallest_enough(rows, options.target)
    told = f"{enough} participants" if enough else "more participants than were tried"
    sys.stdout.write(f"Enough for a power of {percent(options.target)} of every hypothesis: {told}.\n")


def _line(power: Power) -> str:
    missing = f", {power.untested} not testable" if power.untested else ""
    told = f"{percent(power.power)} (Monte-Carlo error {percent(power.error)}{missing})"
    return f"{power.participants:>5} participants: {told}  {power.hypothesis}"


def _simulate(file: ProtocolFile, assumptions: Assumptions, options: argparse.Namespace) -> None:
    text = synthetic_export(file, assumptions, participants=options.participants, seed=options.seed)
    write_whole(options.out, text)
    sys.stdout.write(f"Synthetic export of {options.participants} participants: {options.out}\n")
