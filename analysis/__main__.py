"""``python -m analysis EXPORT.csv [--out report.html]``: from an export to a report.

``python -m analysis power PROTOCOL.toml`` and ``python -m analysis simulate PROTOCOL.toml`` are for before the data.
"""

import argparse
import hashlib
import sys
from pathlib import Path

from analysis import simulation_commands
from analysis.figures.gallery import report_figures
from analysis.files import write_whole
from analysis.headline import headline
from analysis.machine import results_json
from analysis.number_lines import results_csv
from analysis.observers import read_observers
from analysis.reading import ExportError, read_export
from analysis.report import render_report
from analysis.results import Results, analyse
from stimuli.protocol import ProtocolError, read_protocol

DEFAULT_OUT = Path("report.html")
DEFAULT_SEED = 1


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status: 0 done, 1 what was given is no good or cannot be written."""
    given = sys.argv[1:] if arguments is None else arguments
    if given and given[0] in ("power", "simulate"):
        return simulation_commands.main(given)
    options = _options(given)
    try:
        protocol = read_protocol(options.protocol) if options.protocol else None
        export = read_export(options.export)
        observers = read_observers(options.observers, export) if options.observers else None
        results = analyse(export, seed=options.seed, protocol=protocol, observers=observers)
        _write(results, options)
    except ExportError as error:
        sys.stderr.write("".join(f"{problem}\n" for problem in error.problems))
        return 1
    except ProtocolError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"The report cannot be written to {error.filename or options.out}: {error.strerror}.\n")
        return 1
    sys.stdout.write("".join(f"{sentence}\n" for sentence in (*headline(results), f"Report: {options.out}")))
    return 0


def _write(results: Results, options: argparse.Namespace) -> None:
    """The report, and with ``--files`` its figures and numbers beside it."""
    export_sha256 = hashlib.sha256(options.export.read_bytes()).hexdigest()
    figures = report_figures(results)
    write_whole(options.out, render_report(results, export_sha256=export_sha256, figures=figures))
    if options.files is None:
        return
    options.files.mkdir(exist_ok=True)
    write_whole(options.files / "results.json", results_json(results, export_sha256=export_sha256))
    write_whole(options.files / "results.csv", results_csv(results))
    for figure in figures.values():
        write_whole(options.files / f"{figure.name}.svg", figure.svg)


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
        "--files", type=Path, metavar="FOLDER", help="also write results.json, results.csv and the figures as SVG here"
    )
    parser.add_argument(
        "--seed", type=_seed, default=DEFAULT_SEED, help=f"of every random draw; default {DEFAULT_SEED}"
    )
    options = parser.parse_args(arguments)
    if options.out.resolve() == options.export.resolve():
        parser.error("the report would overwrite the export; give --out another name")
    return options


def _seed(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
