"""``python -m analysis EXPORT.csv [--out report.html]``: from an export to a report.

``python -m analysis power PROTOCOL.toml`` and ``python -m analysis simulate PROTOCOL.toml`` are for before the data.
"""

import argparse
import hashlib
import io
import sys
from pathlib import Path

from analysis import simulation_commands
from analysis.arguments import seed
from analysis.destinations import DestinationError, check_folder, check_writing
from analysis.figures.gallery import NAMES, report_figures
from analysis.files import write_whole
from analysis.headline import headline
from analysis.machine import results_json
from analysis.number_lines import features_csv, results_csv
from analysis.observers import read_observers
from analysis.reading import ExportError, parse_export, read_bytes, text_of
from analysis.report import render_report
from analysis.results import Results, analyse
from stimuli.protocol import ProtocolError, read_protocol

DEFAULT_OUT = Path("report.html")
DEFAULT_SEED = 1
# What --files writes beside the figures.
NUMBERS = ("results.json", "results.csv", "features.csv")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status: 0 done, 1 what was given is no good or cannot be written."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a name that the terminal cannot show is no reason to fail
    given = sys.argv[1:] if arguments is None else arguments
    if given and given[0] in ("power", "simulate"):
        return simulation_commands.main(given)
    options = _options(given)
    try:
        protocol = read_protocol(options.protocol) if options.protocol else None
        content = read_bytes(options.export)
        export = parse_export(text_of(content, options.export))
        observers = read_observers(options.observers, export) if options.observers else None
        results = analyse(export, seed=options.seed, protocol=protocol, observers=observers, on_long_fit=_announce)
        _write(results, options, hashlib.sha256(content).hexdigest())
    except ExportError as error:
        sys.stderr.write("".join(f"{problem}\n" for problem in error.problems))
        return 1
    except ProtocolError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:
        path = Path(error.filename or options.out)
        what = "report" if path == options.out else "file"
        sys.stderr.write(f"The {what} cannot be written to {path}: {error.strerror}.\n")
        return 1
    sys.stdout.write("".join(f"{sentence}\n" for sentence in (*headline(results), f"Report: {options.out}")))
    return 0


def _announce(random_effects: int) -> None:
    """Say that the fit takes long, and what would not, before it begins."""
    sys.stderr.write(
        f"The planned mixed model has {random_effects:,} random effects: its fits take minutes, with twice as many "
        'several times as long. A plan with random_effects = "intercepts" in [analysis] is fitted in seconds, but '
        "finds effects that are not there where they vary between participants or features.\n"
    )
    sys.stderr.flush()


def _write(results: Results, options: argparse.Namespace, export_sha256: str) -> None:
    """The report, and with ``--files`` its figures and numbers beside it; the hash is of the bytes that were read."""
    figures = report_figures(results)
    if options.files:
        options.files.mkdir(exist_ok=True)  # before the report: without a folder nothing is written
    write_whole(options.out, render_report(results, export_sha256=export_sha256, figures=figures))
    if options.files is None:
        return
    texts = (results_json(results, export_sha256=export_sha256), results_csv(results), features_csv(results))
    for name, text in zip(NUMBERS, texts, strict=True):
        write_whole(options.files / name, text)
    for figure in figures.values():
        write_whole(options.files / f"{figure.name}.svg", figure.svg)
    for name in set(NAMES) - set(figures):
        (options.files / f"{name}.svg").unlink(missing_ok=True)  # of another export, beside the numbers of this one


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m analysis",
        description="Write the report of an export.",
        epilog="Before there are data: python -m analysis power --help, python -m analysis simulate --help.",
    )
    parser.add_argument("export", type=Path, metavar="EXPORT.csv", help="the file that export_responses wrote")
    parser.add_argument(
        "--out",
        type=Path,
        default=DEFAULT_OUT,
        metavar="REPORT.html",
        help=f"where the report goes; default {DEFAULT_OUT} in the current folder",
    )
    parser.add_argument(
        "--protocol", type=Path, metavar="PROTOCOL.toml", help="the study's protocol, whose [analysis] is the plan"
    )
    parser.add_argument(
        "--observers", type=Path, metavar="OBSERVERS.csv", help="the yardsticks that export_observers wrote"
    )
    parser.add_argument(
        "--files",
        type=Path,
        metavar="FOLDER",
        help="also write results.json, results.csv, features.csv and the figures as SVG here",
    )
    parser.add_argument("--seed", type=seed, default=DEFAULT_SEED, help=f"of every random draw; default {DEFAULT_SEED}")
    options = parser.parse_args(arguments)
    _check_paths(parser, options)
    return options


def _check_paths(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Refuse, before anything is computed, to write over what is read or into a folder that cannot be made."""
    written = [options.out]
    if options.files:
        if not options.files.is_dir() and (options.files.exists() or not options.files.parent.is_dir()):
            parser.error(f"the folder {options.files} of --files cannot be made: give one in a folder that is there")
        written += [options.files / name for name in (*NUMBERS, *(f"{name}.svg" for name in NAMES))]
    read = [path for path in (options.export, options.protocol, options.observers) if path]
    try:
        check_folder(options.out)
        check_writing(read=read, written=written)
    except DestinationError as error:
        parser.error(str(error))


if __name__ == "__main__":
    sys.exit(main())
