"""``python -m analysis EXPORT.csv [--out report.html]``: from an export to a report."""

import argparse
import hashlib
import os
import sys
from pathlib import Path

from analysis.reading import ExportError, read_export
from analysis.report import render_report
from analysis.results import analyse
from analysis.wording import headline

DEFAULT_OUT = Path("report.html")
DEFAULT_SEED = 1


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status: 0 done, 1 the export or the place of the report is no good."""
    options = _options(arguments)
    try:
        results = analyse(read_export(options.export), seed=options.seed)
        page = render_report(results, export_sha256=hashlib.sha256(options.export.read_bytes()).hexdigest())
        _write_whole(options.out, page)
    except ExportError as error:
        sys.stderr.write("".join(f"{problem}\n" for problem in error.problems))
        return 1
    except OSError as error:
        sys.stderr.write(f"The report cannot be written to {options.out}: {error.strerror}.\n")
        return 1
    sys.stdout.write("".join(f"{sentence}\n" for sentence in (*headline(results), f"Report: {options.out}")))
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m analysis", description="Write the report of an export.")
    parser.add_argument("export", type=Path, metavar="EXPORT.csv", help="the file that export_responses wrote")
    parser.add_argument(
        "--out",
        type=Path,
        default=DEFAULT_OUT,
        metavar="REPORT.html",
        help=f"where the report goes; default {DEFAULT_OUT} in the current folder",
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


def _write_whole(path: Path, text: str) -> None:
    """Write beside ``path`` and rename, so that a report is there as a whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
