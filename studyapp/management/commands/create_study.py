"""``manage.py create_study``: make a study from a protocol file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from stimuli.protocol import ProtocolError, read_protocol
from studyapp.services.study import study_create


class Command(BaseCommand):
    """Reads a protocol, says what was made."""

    help = "Make a study from a protocol file, whose stimuli have been generated."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which file."""
        parser.add_argument("protocol", type=Path, metavar="PROTOCOL.toml")

    def handle(self, *, protocol: Path, **options: Any) -> None:
        """Make the study, or say why not."""
        try:
            study, created = study_create(file=read_protocol(protocol))
        except ProtocolError as error:
            raise CommandError(str(error)) from error
        if created:
            self.stdout.write(f"Made the study {study.slug!r} with {study.features.count()} features.")
        else:
            self.stdout.write(f"The study {study.slug!r} exists already, made from this very protocol.")
        self.stdout.write(f"Participants find it at /s/{study.slug}/, researchers at /researcher/{study.slug}/.")
