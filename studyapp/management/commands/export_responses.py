"""``manage.py export_responses``: write a study's responses as CSV, for ``python -m analysis``."""

from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from studyapp import export, selectors
from studyapp.models import Study


class Command(BaseCommand):
    """Writes one row for each answered trial, and what else is asked for into files beside it."""

    help = "Write the responses of a study to a CSV file, one row for each answered trial."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which study, and where to."""
        parser.add_argument("slug", metavar="SLUG")
        parser.add_argument("--out", type=Path, metavar="FILE", help="file to write (default: SLUG.csv)")
        parser.add_argument("--events", type=Path, metavar="FILE", help="also write what happened during the trials")
        parser.add_argument("--questionnaires", type=Path, metavar="FILE", help="also write answers to questionnaires")
        parser.add_argument(
            "--recruiter-ids",
            type=Path,
            metavar="FILE",
            help="also write which participant is who at the recruiter: personal data, readable by you alone",
        )

    def handle(self, *, slug: str, out: Path | None, **options: Any) -> None:
        """Write the files, or say why not."""
        study = Study.objects.filter(slug=slug).first()
        if study is None:
            raise CommandError(f"There is no study {slug!r}; {_existing_studies()}")
        responses = selectors.export_responses(study).iterator(chunk_size=selectors.EXPORT_CHUNK)
        self._write("responses", partial(export.write_export, responses), out or Path(f"{slug}.csv"), "--out")
        if path := options["events"]:
            happened = selectors.export_events(study).iterator(chunk_size=selectors.EXPORT_CHUNK)
            self._write("events", partial(export.write_events, happened), path, "--events")
        if path := options["questionnaires"]:
            pages = selectors.export_questionnaires(study)
            self._write("answers", partial(export.write_questionnaires, pages), path, "--questionnaires")
        if path := options["recruiter_ids"]:
            identities = selectors.export_identities(study)
            self._write("recruiter ids", partial(export.write_recruiter_ids, identities), path, "--recruiter-ids")
            self.stderr.write(
                self.style.WARNING(
                    f"{path} says who the participants are: keep it apart from the answers, share it not."
                )
            )

    def _write(self, what: str, write: Callable[[Path], int], path: Path, option: str) -> None:
        try:
            rows = write(path)
        except OSError as error:
            raise CommandError(
                f"The export cannot be written to {path}: {error.strerror}; give another file with {option}."
            ) from error
        self.stdout.write(f"Wrote {rows} {what} to {path}.")


def _existing_studies() -> str:
    """What could have been meant."""
    slugs = list(Study.objects.values_list("slug", flat=True))
    return f"the studies are: {', '.join(slugs)}." if slugs else "no study has been created yet."
