"""``manage.py export_observers``: write what simple rules answer on the trials that people answered, as CSV."""

import csv
import io
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from analysis.observer_columns import OBSERVER_NAMES, OBSERVERS
from stimuli.files import MissingFileError
from stimuli.whole_file import write_whole
from studyapp.models import Study
from studyapp.observers import observed
from studyapp.selectors import answered_main_trials


class Command(BaseCommand):
    """Writes one row for each observer and answered main trial."""

    help = "Write the answers of observers who are no people (yardsticks for the report) to a CSV file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which study, and where to."""
        parser.add_argument("slug", metavar="SLUG")
        parser.add_argument("--out", type=Path, metavar="FILE", help="file to write (default: SLUG-observers.csv)")

    def handle(self, *, slug: str, out: Path | None, **options: Any) -> None:
        """Write the file, or say why not."""
        study = Study.objects.filter(slug=slug).first()
        if study is None:
            known = ", ".join(Study.objects.values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"There is no study {slug!r}; the studies are: {known}.")
        path = out or Path(f"{slug}-observers.csv")
        try:
            trials = _write(study, path)
        except MissingFileError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}; give another file with --out.") from error
        self.stdout.write(f"Wrote the answers of {len(OBSERVERS)} observers to {trials} trials to {path}.")


def _write(study: Study, path: Path) -> int:
    """Write the file and return how many trials were observed."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, OBSERVER_NAMES, lineterminator="\n")
    writer.writeheader()
    rows = 0
    for trial, observer, side in observed(answered_main_trials(study).iterator()):
        writer.writerow(
            {
                "study": study.slug,
                "protocol_sha256": study.protocol_sha256,
                "participant": trial.participant.code,
                "trial": trial.position,
                "observer": observer,
                "choice": side,
            }
        )
        rows += 1
    write_whole(path, text.getvalue())
    return rows // len(OBSERVERS)
