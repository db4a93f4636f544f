"""``manage.py generate_stimuli``: make every image that a study needs and that is not there yet."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from stimuli import files
from stimuli.generation import GenerationError, check_network, make_stimuli, unmade
from stimuli.locks import BusyError, exclusive
from stimuli.orders import EngineError
from stimuli.protocol import Protocol, ProtocolError, read_protocol
from stimuli.quality import flagged_stimuli
from stimuli.recipes import Recipe, needed_recipes
from stimuli.selection import select_images
from stimuli.workers import WORKERS_HELP, open_workers, worker_count

STOPPED = "Stopped; the stimuli made so far are kept. Run the same command again to go on."


class Command(BaseCommand):
    """Generate stimuli. It may be stopped or killed at any moment: the next run goes on where it was."""

    help = "Make all stimuli that a protocol needs; what is there already is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("protocol", type=Path, help="the protocol file (TOML)")
        parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="default: cuda if there")
        parser.add_argument("--workers", type=worker_count, help=WORKERS_HELP)

    def handle(self, *args: Any, **options: Any) -> None:
        """Generate what is missing, and say how far the set is."""
        try:
            protocol = read_protocol(options["protocol"]).protocol
            with exclusive("generate_stimuli"):
                files.sweep_leftovers()
                recipes = needed_recipes(protocol, select_images(protocol))
                missing = unmade(recipes)
                if missing:
                    self._generate(protocol, missing, len(recipes), options["device"], options["workers"])
        except (ProtocolError, BusyError) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt as error:
            raise CommandError(STOPPED, returncode=130) from error
        self.stdout.write(self.style.SUCCESS(f"All {len(recipes)} stimuli of {protocol.slug} are there."))
        self._report_flags(protocol, recipes)

    def _report_flags(self, protocol: Protocol, recipes: list[Recipe]) -> None:
        flagged = flagged_stimuli(recipes, protocol.stimuli.quality)
        for stimulus, words in flagged:
            self.stdout.write(self.style.WARNING(f"Flagged: {stimulus.describe()}: {'; '.join(words)}."))
        if flagged:
            self.stdout.write(
                f"{len(flagged)} of {len(recipes)} stimuli break the bounds of [stimuli.quality]; freeze_stimuli will "
                "refuse them. Change [stimuli.accentuation], the features, or the bounds."
            )

    def _generate(
        self, protocol: Protocol, missing: list[Recipe], total: int, device: str, workers: int | None
    ) -> None:
        weights = protocol.stimuli.weights
        try:
            with open_workers(protocol.stimuli.model, Path(weights) if weights else None, device, workers) as network:
                check_network(network, missing)
                self.stdout.write(f"Making {len(missing)} of {total} stimuli on {network.facts.device}.")
                with tqdm(total=total, initial=total - len(missing), desc="stimuli", unit="stimulus") as bar:
                    for _ in make_stimuli(missing, network):
                        bar.update()
        except (EngineError, GenerationError) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"A stimulus could not be stored: {error}; mend this and run again.") from error
