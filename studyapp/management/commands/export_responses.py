"""``manage.py export_responses``: write a study's responses as CSV, for ``python -m analysis``."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from studyapp.export import write_export
from studyapp.models import Study
from studyapp.selectors import export_responses


class Command(BaseCommand):
    """Writes one row for each answered trial."""

    help = "Write the responses of a study to a CSV file, one row for each answered trial."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which study, and where to."""
        parser.add_argument("slug", metavar="SLUG")
        parser.add_argument("--out", type=Path, metavar="FILE", help="file to write (default: SLUG.csv)")

    def handle(self, *, slug: str, out: Path | None, **options: Any) -> None:
        """Write the file, or say why not."""
        study = Study.objects.filter(slug=slug).first()
        if study is None:
            raise CommandError(f"There is no study {slug!r}; {_existing_studies()}")
        path = out or Path(f"{slug}.csv")
        try:
            rows = write_export(export_responses(study).iterator(), path)
        except OSError as error:
            raise CommandError(
                f"The export cannot be written to {path}: {error.strerror}; give another file with --out."
            ) from error
        self.stdout.write(f"Wrote {rows} responses to {path}.")


def _existing_studies() -> str:
    """What could have been meant."""
    slugs = list(Study.objects.values_list("slug", flat=True))
    return f"the studies are: {', '.join(slugs)}." if slugs else "no study has been created yet."
