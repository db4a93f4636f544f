"""``manage.py export_stimuli``: write a frozen set as a folder."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from stimuli.exchange.records import ExchangeError
from stimuli.exchange.writing import LICENCE, write_set
from stimuli.models import FrozenSet
from stimuli.protocol import ProtocolError, read_protocol
from stimuli.sets import frozen_set_named, frozen_set_of


class Command(BaseCommand):
    """Writes a folder, says what is in it."""

    help = "Write a frozen set as a folder, with everything that is known of its images."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("which", metavar="PROTOCOL.toml or SLUG", help="the protocol file, or the name of the set")
        parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="a new or an empty folder")
        parser.add_argument("--licence", default=LICENCE, help="terms of use of the images: a sentence or an address")
        parser.add_argument(
            "--with-photograph-names",
            action="store_true",
            help="export the file names of the source photographs too; they may say who or what was photographed",
        )

    def handle(self, *, which: str, out: Path, **options: Any) -> None:
        """Export, or say why not."""
        try:
            frozen = _frozen_set(which)
            manifest_sha256 = write_set(
                frozen, out, licence=options["licence"], photograph_names=options["with_photograph_names"]
            )
        except (ProtocolError, ExchangeError) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(
                f"The set cannot be written to {out}: {error.strerror}; give another folder with --out."
            ) from error
        self.stdout.write(
            self.style.SUCCESS(
                f"Wrote the set {frozen.slug!r} to {out}: {frozen.images.count()} natural images, "
                f"{frozen.stimuli.count()} stimuli; README.md says what is in it."
            )
        )
        self.stdout.write(f"SHA-256 of its manifest: {manifest_sha256}")


def _frozen_set(which: str) -> FrozenSet:
    if not which.endswith(".toml"):
        return frozen_set_named(which)
    file = read_protocol(Path(which))
    frozen = frozen_set_of(file)
    if frozen is None:
        raise ProtocolError(
            f"No set is frozen from exactly this protocol ({file.protocol.slug!r}); run freeze_stimuli with it first, "
            "or name the set by its slug."
        )
    return frozen
