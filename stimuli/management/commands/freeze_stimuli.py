"""``manage.py freeze_stimuli``: verify the images of a protocol and keep them from ever changing."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from stimuli.freezing import FreezeError, discard, freeze
from stimuli.locks import BusyError, exclusive
from stimuli.management.proof import NOTHING_MADE_AGAIN, add_options, check_options, make_sample_again
from stimuli.protocol import ProtocolError, ProtocolFile, read_protocol
from stimuli.quality import against_their_aim
from stimuli.sets import Contents, frozen_set_named


class Command(BaseCommand):
    """Freeze a set, or discard one that no study uses."""

    help = "Verify all images of a protocol and freeze them; studies open on frozen sets only."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("protocol", type=Path, metavar="PROTOCOL.toml")
        parser.add_argument(
            "--discard",
            action="store_true",
            help="delete the frozen set of the protocol's slug instead, if no study stands on it",
        )
        add_options(parser)

    def handle(self, *, protocol: Path, **options: Any) -> None:
        """Freeze or discard, or say why not."""
        check_options(options)
        try:
            file = read_protocol(protocol)
            with exclusive("freeze_stimuli"):
                if options["discard"]:
                    self._discard(file.protocol.slug)
                else:
                    self._freeze(file, options)
        except FreezeError as error:
            for problem in error.problems:
                self.stdout.write(problem)
            raise CommandError(str(error)) from error
        except (ProtocolError, BusyError) as error:
            raise CommandError(str(error)) from error

    def _freeze(self, file: ProtocolFile, options: dict[str, Any]) -> None:
        def remake(found: Contents) -> dict[str, Any]:
            return make_sample_again(found.protocol, found.recipes, options, self.stdout)

        frozen, created = freeze(file, remake=remake)
        if created:
            self.stdout.write(
                self.style.SUCCESS(
                    f"Froze the set {frozen.slug!r}: {frozen.stimuli.count()} stimuli, {frozen.images.count()} natural "
                    f"images, {frozen.features.count()} features."
                )
            )
            for sentence in against_their_aim(frozen.stimuli.all()):
                self.stdout.write(self.style.WARNING(f"{sentence} They are in the set all the same."))
            if frozen.verification["stimuli"] and not frozen.verification["sample"]:
                self.stdout.write(NOTHING_MADE_AGAIN)
        else:
            self.stdout.write(
                f"The set {frozen.slug!r} is frozen already, from this very protocol, since "
                f"{frozen.frozen_at:%Y-%m-%d %H:%M} UTC."
            )

    def _discard(self, slug: str) -> None:
        frozen = frozen_set_named(slug)
        discard(frozen)
        self.stdout.write(
            f"Discarded the frozen set {slug!r} (protocol {frozen.protocol_sha256[:12]}); its images and stimuli are "
            "still there."
        )
