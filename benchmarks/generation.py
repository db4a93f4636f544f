"""How fast are the images of a study surveyed and made, and does memory stay where it is?

``python -m benchmarks.generation``; about ten minutes on two cores. Every part runs in a process and an installation of
its own (a database and a data folder that are gone afterwards), so that its peak of memory is its own:

- survey: images per second of a survey of the built-in photographs' crops against a plain torch loop over the same
  files, with as many threads in all (benchmarks/survey.py);
- pool: a large pool of generated images through a network of one layer: what the process's memory peaked at when 10 %,
  50 % and 100 % of the images were done. ``--pool`` says how many images;
- engines: stimuli per minute on Ray with 1, 2 and 4 workers and with 2 processes, how much of the ideal rate that is,
  and what the driver's memory peaked at for 10, 100 and 1000 stimuli (benchmarks/engines.py).

Writes benchmarks/results/generation-cpu-CORES-cores.json, in which parts that were not measured again keep their
figures; its content is the last line as well. With each part stands the machine's load average before it: well above
the number of cores, other work held it up, which costs a loop whose threads wait for each other more than processes.
"""

import argparse
import json
import os
import tempfile
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"

# By its name the module and the function of each part: it is given the options and returns its figures.
PARTS = {
    "survey": ("benchmarks.survey", "measure_rate"),
    "pool": ("benchmarks.survey", "measure_pool"),
    "engines": ("benchmarks.engines", "measure"),
}


def run_part(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """The figures of one part, measured in a process and an installation of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="quiddity-benchmark-") as data,
        ProcessPoolExecutor(1, get_context("spawn"), initializer=begin, initargs=(data,)) as alone,
    ):
        return alone.submit(_measure, *PARTS[name], options).result()


def begin(data: str) -> None:
    """Make this process one of an empty installation with its data in a folder."""
    os.environ.pop("DATABASE_URL", None)
    os.environ |= {"QUIDDITY_DATA": data, "DJANGO_SETTINGS_MODULE": "studyapp.settings"}
    Path(data).chmod(0o755)  # the embedded server runs as a user of its own when this one is root
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def _measure(module: str, function: str, options: argparse.Namespace) -> dict[str, Any]:
    figures: dict[str, Any] = getattr(import_module(module), function)(options)
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--pool", type=int, default=100_000, help="images in the large pool")
    parser.add_argument("--images", type=int, default=320, help="of the survey and the plain loop, at most 320")
    parser.add_argument("--rounds", type=int, default=4, help="of the survey and the plain loop, in turn")
    options = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    path = RESULTS / f"generation-cpu-{cores}-cores.json"
    summary: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"device": "cpu", "cores": cores}
    for name in options.parts:
        load = round(os.getloadavg()[0], 1)
        summary |= {f"{name}_load_before": load, **run_part(name, options)}
        # After each part, so that what was measured stays where the time runs out.
        path.write_text(json.dumps(summary, indent=1) + "\n")
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
