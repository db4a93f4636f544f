"""``manage.py verify_stimuli``: prove that the images of a study are what their records say."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from stimuli.management.proof import NOTHING_MADE_AGAIN, add_options, check_options, make_sample_again
from stimuli.models import FrozenSet
from stimuli.protocol import ProtocolError, read_protocol
from stimuli.sets import contents, contents_of, frozen_set_named, frozen_set_of
from stimuli.verification import frozen_problems, problems


class Command(BaseCommand):
    """Verify stimuli. Changes nothing."""

    help = "Hash every image of a study again and make a random sample of its stimuli again; say what differs."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("protocol", type=Path, nargs="?", metavar="PROTOCOL.toml", help="the protocol file")
        which.add_argument("--set", dest="slug", metavar="SLUG", help="a frozen set, without its protocol file")
        add_options(parser)

    def handle(self, *, protocol: Path | None, slug: str | None, **options: Any) -> None:
        """Verify, print every difference, and fail if there is one."""
        check_options(options)
        try:
            if protocol is None:
                assert slug is not None  # one of the two is required
                self._verify_frozen(frozen_set_named(slug), options)
                return
            file = read_protocol(protocol)
            frozen = frozen_set_of(file)
            if frozen is not None:
                self._verify_frozen(frozen, options)
                return
            found = contents(file.protocol)
        except ProtocolError as error:
            raise CommandError(str(error)) from error
        self._report(
            file.protocol.slug,
            list(problems(found)),
            "run generate_stimuli again for stimuli, import_images for natural images. A record that was changed needs "
            "a backup of the database, or another attempt (reject it in the gallery, then generate_stimuli).",
        )
        self.stdout.write(
            f"The files of {file.protocol.slug} are whole: {len(found.recipes)} stimuli and all natural images."
        )
        if not options["sample"]:
            self.stdout.write(NOTHING_MADE_AGAIN)
        make_sample_again(file.protocol, found.recipes, options, self.stdout)

    def _verify_frozen(self, frozen: FrozenSet, options: dict[str, Any]) -> None:
        self._report(
            f"the frozen set {frozen.slug}",
            list(frozen_problems(frozen)),
            "bring the files back with import_stimuli from an export of the set, or from a backup of the data folder.",
        )
        self.stdout.write(
            f"The files of the frozen set {frozen.slug} are whole: {frozen.stimuli.count()} stimuli, "
            f"{frozen.images.count()} natural images, their masks and renditions."
        )
        if options["sample"]:
            found = contents_of(frozen)
            make_sample_again(found.protocol, found.recipes, options, self.stdout)
        else:
            self.stdout.write(NOTHING_MADE_AGAIN)

    def _report(self, name: str, sentences: Sequence[str], mend: str) -> None:
        for sentence in sentences:
            self.stdout.write(sentence)
        if sentences:
            raise CommandError(f"Problems in the files of {name}: {len(sentences)}; {mend}")
