"""``manage.py import_images``: make an image pool from a folder or from the built-in photographs."""

import re
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from stimuli import files
from stimuli.locks import BusyError, exclusive
from stimuli.photographs import MIN_SIDE, left_out
from stimuli.pools import ImportedPool, PoolError, import_built_in, import_folder

BUILT_IN_POOL = "built-in"
MAX_SIZE = 2048
# As a protocol file may name a pool.
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MAX_NAME = 50


class Command(BaseCommand):
    """Check every photograph first; store either all images or none."""

    help = (
        "Make an image pool from a folder of photographs, or with --built-in from those that come with the wheels. "
        "Of each photograph in a folder the centre square is kept, scaled to --size."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("folder", nargs="?", type=Path, help="folder of photographs, subfolders included")
        source.add_argument("--built-in", action="store_true", help="cut several hundred crops of built-in photographs")
        parser.add_argument("--pool", help=f"name of the pool (with --built-in: {BUILT_IN_POOL} if not given)")
        parser.add_argument("--size", type=int, default=256, help="side of the stored images in pixels (default 256)")
        parser.add_argument("--seed", type=int, default=0, help="of the places of built-in crops (default 0)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, and say what was imported."""
        name = _valid_name(options["pool"] or (BUILT_IN_POOL if options["built_in"] else None))
        size: int = options["size"]
        if not MIN_SIDE <= size <= MAX_SIZE:
            raise CommandError(f"--size must be from {MIN_SIDE} to {MAX_SIZE} pixels (found {size}).")
        progress = partial(tqdm, desc="photographs", unit="file")
        try:
            with exclusive("import_images"):
                files.sweep_leftovers()
                if options["built_in"]:
                    done = import_built_in(name=name, size=size, seed=options["seed"], progress=progress)
                else:
                    done = import_folder(options["folder"], name=name, size=size, progress=progress)
        except (PoolError, BusyError) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt as error:
            raise CommandError("Stopped; no pool was made. Run the same command again.", returncode=130) from error
        except OSError as error:
            raise CommandError(
                f"An image could not be stored ({error.strerror or error}); no pool was made. Make room or let the "
                "data folder be written to, then run the same command again."
            ) from error
        self._report(done, scattered=options["built_in"])
        if not options["built_in"]:
            self._report_folder(options["folder"])

    def _report(self, done: ImportedPool, *, scattered: bool) -> None:
        for sentence in done.duplicates:
            self.stdout.write(f"{sentence}: stored once.")
        verb = "is there already, unchanged:" if done.reused else "made:"
        self.stdout.write(
            self.style.SUCCESS(
                f"Pool {done.pool.name} {verb} {done.images} images of {done.pool.image_size} px "
                f"from {done.photographs} photographs."
            )
        )
        if done.transparent:
            self.stdout.write(f"Photographs with transparent parts, which are white now: {done.transparent}.")
        part = "a square from a random place in its photograph" if scattered else "the centre square of its photograph"
        size = done.pool.image_size
        self.stdout.write(f"Each image is {part}, scaled to {size} x {size} px.")

    def _report_folder(self, folder: Path) -> None:
        if left := left_out(folder):
            self.stdout.write(f"Files left out: {', '.join(f'{count} {why}' for why, count in sorted(left.items()))}.")
        self.stdout.write(
            "Every file counts as a photograph of its own: of crops of one photograph that are files of their own, "
            "several may stand in one trial, unless they are near-duplicates."
        )


def _valid_name(name: str | None) -> str:
    if name is None:
        raise CommandError("Give the pool a name with --pool.")
    if not SLUG.fullmatch(name) or len(name) > MAX_NAME:
        raise CommandError(
            f"--pool must be made of small letters, digits and single hyphens, at most {MAX_NAME} (found {name!r})."
        )
    return name
