"""``manage.py create_study``: make a study from a protocol file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from stimuli.protocol import ProtocolError, read_protocol
from studyapp.services.researchers import UnknownResearcherError, researchers_add, staff_named
from studyapp.services.study import study_create


class Command(BaseCommand):
    """Reads a protocol, says what was made."""

    help = "Make a study from a protocol file, whose stimuli have been generated."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which file."""
        parser.add_argument("protocol", type=Path, metavar="PROTOCOL.toml")
        parser.add_argument(
            "--researcher",
            action="append",
            default=[],
            metavar="LOGIN",
            help="staff account that may see the study and its data, can be repeated; superusers always may",
        )

    def handle(self, *, protocol: Path, researcher: list[str], **options: Any) -> None:
        """Make the study, or say why not."""
        try:
            researchers = staff_named(researcher)
            study, created = study_create(file=read_protocol(protocol))
        except (ProtocolError, UnknownResearcherError) as error:
            raise CommandError(str(error)) from error
        researchers_add(study=study, researchers=researchers)
        if created:
            self.stdout.write(f"Made the study {study.slug!r} with {study.features.count()} features.")
        else:
            self.stdout.write(f"The study {study.slug!r} exists already, made from this very protocol.")
        self.stdout.write(f"Participants find it at /s/{study.slug}/, researchers at /researcher/{study.slug}/.")
