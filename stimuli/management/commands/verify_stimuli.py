"""``manage.py verify_stimuli``: prove that the images of a study are what their records say."""

import random
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from stimuli.engines.options import add_engine_options, open_engine
from stimuli.generation import GenerationError, check_network
from stimuli.orders import EngineError
from stimuli.protocol import Protocol, ProtocolError, read_protocol
from stimuli.recipes import Recipe, needed_recipes
from stimuli.selection import select_images
from stimuli.verification import damaged_images, damaged_stimuli, differences


class Command(BaseCommand):
    """Verify stimuli. Changes nothing."""

    help = "Hash every image of a study again and make a random sample of its stimuli again; say what differs."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("protocol", type=Path, help="the protocol file (TOML)")
        parser.add_argument("--sample", type=int, default=3, help="how many stimuli are made again (default: 3)")
        parser.add_argument("--seed", type=int, default=0, help="of the sample (default: 0)")
        parser.add_argument(
            "--tolerance",
            type=float,
            default=1.0,
            help="mean absolute difference of 8-bit colour values up to which two images are the same (default: 1)",
        )
        add_engine_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify, print every difference, and fail if there is one."""
        if options["sample"] < 0:
            raise CommandError(f"--sample must be 0 or more (found {options['sample']}).")
        if not 0 <= options["tolerance"] <= 255:
            raise CommandError(f"--tolerance must be from 0 to 255 (found {options['tolerance']:g}).")
        try:
            protocol = read_protocol(options["protocol"]).protocol
            selected = select_images(protocol)
        except ProtocolError as error:
            raise CommandError(str(error)) from error
        recipes = needed_recipes(protocol, selected)
        damage = [*damaged_images(selected), *damaged_stimuli(recipes)]
        for sentence in damage:
            self.stdout.write(sentence)
        if damage:
            raise CommandError(
                f"Problems in the files of {protocol.slug}: {len(damage)}; run generate_stimuli again for stimuli, "
                "import_images for natural images."
            )
        self.stdout.write(f"The files of {protocol.slug} are whole: {len(recipes)} stimuli and all natural images.")
        chosen = random.Random(options["seed"]).sample(recipes, min(options["sample"], len(recipes)))
        if chosen:
            self._make_again(protocol, chosen, options)

    def _make_again(self, protocol: Protocol, chosen: list[Recipe], options: dict[str, Any]) -> None:
        weights = protocol.stimuli.weights
        different = []
        try:
            with open_engine(protocol.stimuli.model, Path(weights) if weights else None, options) as network:
                check_network(network, chosen)
                for sentence in tqdm(
                    differences(chosen, network, options["tolerance"]),
                    total=len(chosen),
                    desc="made again",
                    unit="stimulus",
                ):
                    different += [sentence] if sentence else []
        except (EngineError, GenerationError) as error:
            raise CommandError(str(error)) from error
        for sentence in different:
            self.stdout.write(sentence)
        if different:
            raise CommandError(
                f"{len(different)} of {len(chosen)} stimuli of the sample are not proven to be what their files hold."
            )
        self.stdout.write(self.style.SUCCESS(f"{len(chosen)} stimuli made again came out alike."))
