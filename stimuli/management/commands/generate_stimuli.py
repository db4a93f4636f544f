"""``manage.py generate_stimuli``: make every image that a study needs and that is not there yet."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from stimuli import files
from stimuli.engines.options import add_engine_options, open_engine
from stimuli.generation import GenerationError, Kept, check_network, make_stimuli, unmade
from stimuli.immutability import FrozenError
from stimuli.locks import BusyError, exclusive
from stimuli.orders import EngineError
from stimuli.protocol import Protocol, ProtocolError, read_protocol
from stimuli.quality import against_their_aim, flagged_stimuli
from stimuli.recipes import Recipe, find_stimulus, needed_recipes
from stimuli.renditions import make_renditions
from stimuli.selection import FeatureImages, select_images
from stimuli.working_plans import keep_working_plan

LET_THROUGH = "They pass unless [stimuli.quality] has a `min_gain`; more steps or less regularization help."
STOPPED = "Stopped; the stimuli made so far are kept. Run the same command again to go on."


class Command(BaseCommand):
    """Generate stimuli. It may be stopped or killed at any moment: the next run goes on where it was."""

    help = "Make all stimuli that a protocol needs; what is there already is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("protocol", type=Path, help="the protocol file (TOML)")
        add_engine_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Generate what is missing, and say how far the set is."""
        try:
            file = read_protocol(options["protocol"])
            protocol = file.protocol
            with exclusive("generate_stimuli"):
                files.sweep_leftovers()
                selected = select_images(protocol)
                recipes = needed_recipes(protocol, selected)
                keep_plan = partial(keep_working_plan, file, options["protocol"], selected, recipes)
                missing = unmade(recipes)
                if missing:
                    self._generate(protocol, missing, len(recipes), options, keep_plan)
                    self._report_aim(recipes)
                keep_plan()
                self._make_renditions(protocol, recipes, selected)
        except (ProtocolError, BusyError) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt as error:
            raise CommandError(STOPPED, returncode=130) from error
        self.stdout.write(self.style.SUCCESS(f"All {len(recipes)} stimuli of {protocol.slug} are there."))
        self._report_flags(protocol, recipes)

    def _make_renditions(self, protocol: Protocol, recipes: list[Recipe], selected: list[FeatureImages]) -> None:
        natural = [one.image for images in selected for one in images.images]
        seeds = [recipe.image for recipe in recipes if recipe.image]
        stimuli = [stimulus for recipe in recipes if (stimulus := find_stimulus(recipe)) is not None]
        try:
            made = sum(1 for _ in make_renditions([*natural, *seeds, *stimuli], protocol.stimuli.files))
        except OSError as error:
            raise CommandError(
                f"An image could not be scaled for the web: {error}; mend this and run again."
            ) from error
        except FrozenError as error:
            raise CommandError(
                f"{error} Its file was lost and comes out differently now; bring it back with import_stimuli or from "
                "a backup."
            ) from error
        if made:
            self.stdout.write(f"Scaled or encoded {made} files for the web.")

    def _report_flags(self, protocol: Protocol, recipes: list[Recipe]) -> None:
        flagged = flagged_stimuli(recipes, protocol.stimuli.quality)
        for stimulus, words in flagged:
            self.stdout.write(self.style.WARNING(f"Flagged: {stimulus.describe()}: {'; '.join(words)}."))
        if flagged:
            self.stdout.write(
                f"{len(flagged)} of {len(recipes)} stimuli break the bounds of [stimuli.quality]; freeze_stimuli will "
                "refuse them. Reject one in the gallery for another attempt, or change how they are made, the features "
                "or the bounds; a continuation reaches its level with more steps or a lower percentile."
            )

    def _report_aim(self, recipes: list[Recipe]) -> None:
        stimuli = (find_stimulus(recipe) for recipe in recipes)
        for sentence in against_their_aim(one for one in stimuli if one is not None):
            self.stdout.write(self.style.WARNING(f"{sentence} {LET_THROUGH}"))

    def _generate(
        self,
        protocol: Protocol,
        missing: list[Recipe],
        total: int,
        options: dict[str, Any],
        keep_plan: Callable[[], object],
    ) -> None:
        weights = protocol.stimuli.weights
        try:
            with open_engine(protocol.stimuli.model, Path(weights) if weights else None, options) as network:
                check_network(network, missing)
                # Now that they can be made: what takes hours or days can be looked at meanwhile.
                keep_plan()
                self.stdout.write(f"Making {len(missing)} of {total} stimuli on {network.facts.device}.")
                with tqdm(total=total, initial=total - len(missing), desc="stimuli", unit="stimulus") as bar:
                    told = [kept for kept in _counted(make_stimuli(missing, network), bar) if kept.note]
        except (EngineError, GenerationError) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"A stimulus could not be stored: {error}; mend this and run again.") from error
        for kept in told:
            self.stdout.write(self.style.WARNING(kept.note))
        if refused := sum(kept.refused for kept in told):
            raise CommandError(f"{refused} of {total} stimuli could not be made again as they were.")


def _counted(made: Iterator[Kept], bar: "tqdm[Any]") -> Iterator[Kept]:
    for kept in made:
        bar.update()
        yield kept
