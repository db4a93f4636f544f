"""``manage.py import_stimuli``: bring an exported set into this database."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from stimuli.exchange.reading import read_set
from stimuli.exchange.records import ExchangeError
from stimuli.exchange.restoring import restore
from stimuli.locks import BusyError, exclusive


class Command(BaseCommand):
    """Checks a folder whole, then stores it whole. Importing twice is harmless."""

    help = "Bring a set that export_stimuli wrote into this database; every hash is checked before anything is stored."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("folder", type=Path, metavar="FOLDER", help="as export_stimuli wrote it")

    def handle(self, *, folder: Path, **options: Any) -> None:
        """Import, or say why not."""
        try:
            given = read_set(folder)
            with exclusive("freeze_stimuli"):
                frozen, created = restore(given)
        except (ExchangeError, BusyError) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"A file of the set cannot be stored: {error}; nothing was imported.") from error
        done = "Imported the frozen set" if created else "Here already, and whole now: the frozen set"
        self.stdout.write(
            self.style.SUCCESS(
                f"{done} {frozen.slug!r}: {frozen.images.count()} natural images, {frozen.stimuli.count()} stimuli."
            )
        )
        self.stdout.write(f"SHA-256 of its manifest: {given.manifest_sha256}")
