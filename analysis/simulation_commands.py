"""``python -m analysis power`` and ``python -m analysis simulate``: before there are data."""

import argparse
import csv
import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from analysis.arguments import seed
from analysis.destinations import DestinationError, check_folder, check_writing
from analysis.files import write_whole
from analysis.power import Power, power_by_participants, smallest_enough
from analysis.simulation import Assumptions, SimulationError, synthetic_export
from analysis.wording import accuracy_interval, percent
from stimuli.protocol import CHANCE, HypothesisTable, Protocol, ProtocolError, ProtocolFile, read_protocol

DEFAULT_PARTICIPANTS = (12, 24, 36, 48, 72, 96)
POWER_HEADER = (
    "hypothesis",
    "test",
    "participants",
    "simulations",
    "power",
    "monte_carlo_error",
    "not_testable",
    "low",
    "high",
)


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
        sys.stderr.write(f"The file cannot be written to {options.out}: {error.strerror}.\n")
        return 1
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m analysis")
    commands = parser.add_subparsers(dest="command", required=True)
    power = commands.add_parser("power", help="the power of the planned test by number of participants")
    power.add_argument("--participants", type=_count, nargs="+", default=list(DEFAULT_PARTICIPANTS), metavar="N")
    power.add_argument("--simulations", type=_count, default=200, help="studies for each number; default 200")
    power.add_argument("--target", type=_share, default=0.8, help="the power that is enough; default 0.8")
    power.add_argument("--out", type=Path, metavar="POWER.csv", help="also write the table as CSV")
    simulated = commands.add_parser("simulate", help="an export of a study that never took place, for a dry run")
    simulated.add_argument("--participants", type=_count, default=24, metavar="N", help="default 24")
    simulated.add_argument("--out", type=Path, default=Path("synthetic.csv"), help="default synthetic.csv")
    for command in (power, simulated):
        command.add_argument("protocol", type=Path, metavar="PROTOCOL.toml")
        command.add_argument(
            "--accuracy",
            type=_accuracy,
            nargs="+",
            action="extend",
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
        command.add_argument("--seed", type=seed, default=1, help="of every random draw; default 1")
    options = parser.parse_args(arguments)
    _check(parser, options)
    return options


def _check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Refuse what would take something away in silence: one of two accuracies, or the protocol."""
    names = [name for name, _ in options.accuracy]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        parser.error(f"--accuracy is given twice for {twice}; give each condition one")
    try:
        if options.out:
            check_folder(options.out)
            check_writing(read=[options.protocol], written=[options.out])
    except DestinationError as error:
        parser.error(str(error))


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
    plan = file.protocol.analysis
    found = power_by_participants(
        file.protocol,
        assumptions,
        participants=sorted(set(options.participants)),
        simulations=options.simulations,
        seed=options.seed,
    )
    sys.stdout.write(f"Power of the planned tests, {options.simulations} simulations\n")
    tests = [(row.name, _planned_test(row, file.protocol)) for row in plan.hypotheses]
    sys.stdout.write("".join(f"{name}: {test}\n" for name, test in tests))
    for powers in found:
        rows.append(powers)
        sys.stdout.write("".join(f"{_line(power)}\n" for power in powers))
        sys.stdout.flush()  # a long run shows how far it is
    sys.stdout.write("".join(f"{sentence}\n" for sentence in _enough(rows, options.target)))
    if options.out:
        write_whole(options.out, _power_csv(rows, tests))


def _enough(rows: Sequence[tuple[Power, ...]], target: float) -> Iterator[str]:
    """The smallest number that is enough, and the one that is still enough where simulations were lucky."""
    enough, surely = smallest_enough(rows, target), smallest_enough(rows, target, surely=True)
    yield f"Enough for a power of {percent(target)} of every hypothesis: {_participants(enough)}."
    if surely != enough:
        yield f"By the lower ends of the Monte-Carlo intervals: {_participants(surely)}; more --simulations tell more."


def _participants(count: int | None) -> str:
    return f"{count} participants" if count else "more participants than were tried"


def _planned_test(hypothesis: HypothesisTable, protocol: Protocol) -> str:
    """What tests a hypothesis: a claim of no difference has a test of its own, whatever the main test is.

    So has a difference between participants, where the tests of one mean have nothing to say.
    """
    plan = protocol.analysis
    if hypothesis.margin is not None:
        return f"two one-sided t-tests, margin {hypothesis.margin:g}"
    if protocol.trials.design == "between" and hypothesis.second != CHANCE and plan.main_test != "mixed_model":
        return "permutation of the participants' conditions"
    return f"mixed_model, {plan.random_effects}" if plan.main_test == "mixed_model" else plan.main_test


def _power_csv(rows: Sequence[tuple[Power, ...]], tests: Sequence[tuple[str, str]]) -> str:
    """One line for each hypothesis and number of participants."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(POWER_HEADER)
    for place, (name, test) in enumerate(tests):
        for powers in rows:
            found = powers[place]
            counts = (found.participants, found.simulations, found.power, found.error, found.untested)
            ends = found.interval.low, found.interval.high
            writer.writerow((name, test, *counts, *ends))
    return text.getvalue()


def _line(power: Power) -> str:
    missing = f", {power.untested} not testable" if power.untested else ""
    told = f"{percent(power.power)} (Monte-Carlo interval {accuracy_interval(power.interval)}{missing})"
    return f"{power.participants:>5} participants: {told}  {power.hypothesis}"


def _simulate(file: ProtocolFile, assumptions: Assumptions, options: argparse.Namespace) -> None:
    text = synthetic_export(file, assumptions, participants=options.participants, seed=options.seed)
    write_whole(options.out, text)
    sys.stdout.write(f"Synthetic export of {options.participants} participants: {options.out}\n")
