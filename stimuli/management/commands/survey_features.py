"""``manage.py survey_features``: show a pool to a network and keep activations and ranks."""

import textwrap
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from tqdm import tqdm

from stimuli import survey
from stimuli.engines.interface import Workers
from stimuli.engines.options import add_engine_options, open_engine
from stimuli.locks import BusyError, exclusive
from stimuli.models import ImagePool
from stimuli.networks import surveyed_network
from stimuli.orders import EngineError
from stimuli.protocol import ProtocolError

USE = "To ask about features, put their names into `features` or `practice_features` of a protocol's [stimuli] table."


class Command(BaseCommand):
    """Rank the images of a pool by the features of a network; features that are complete are skipped."""

    help = "Measure how strongly the images of a pool activate features of a network, and rank them."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("model", help="name of the network, for example efficientnet_lite0 or resnet50")
        parser.add_argument("pool", help="name of the image pool")
        parser.add_argument("--layers", nargs="+", default=[], help="layers to survey; `logit` for the logits")
        parser.add_argument("--units", type=int, help="sample this many units of each layer (default: all)")
        parser.add_argument("--seed", type=int, default=0, help="of the sample of units (default 0)")
        parser.add_argument("--features", nargs="+", default=[], help="features to survey, for example logit=285")
        parser.add_argument("--weights", type=Path, help="weights file (default: those that come with the name)")
        add_engine_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Survey, and say what was found."""
        if not options["layers"] and not options["features"]:
            raise CommandError("Say what to survey: --layers, --features or both.")
        if options["units"] is not None and options["units"] < 1:
            raise CommandError(f"--units must be at least 1 (found {options['units']}).")
        pool = _pool(options["pool"])
        try:
            with exclusive("survey_features"):
                if not options["layers"] and _all_there(options, pool):
                    self.stdout.write(self.style.SUCCESS(f"All features are surveyed over the pool {pool.name}."))
                else:
                    self._survey(options, pool)
        except BusyError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt as error:
            raise CommandError("Stopped; run the same command again to go on.", returncode=130) from error

    def _survey(self, options: dict[str, Any], pool: ImagePool) -> None:
        images = list(pool.images.select_related("pool").order_by("id"))
        try:
            with open_engine(options["model"], options["weights"], options) as workers:
                facts = workers.facts
                wanted = _wanted(workers, options)
                self.stdout.write(f"Surveying {len(images)} images with {facts.name} on {facts.device}.")
                with tqdm(total=len(images), desc="survey", unit="image") as bar:
                    layers = [one.layer for one in wanted]
                    values = survey.pool_activations(workers, images, layers, progress=bar.update)
            # All or nothing: a network that gives no usable activations is not recorded either.
            with transaction.atomic():
                row = survey.record_network(facts, weights_given=options["weights"] is not None)
                found = [
                    survey.survey_layer(row, images, values[one.layer], one, seed=options["seed"]) for one in wanted
                ]
            for one in found:
                self._say(one)
            self.stdout.write(USE)
        except (EngineError, survey.SurveyError) as error:
            raise CommandError(str(error)) from error

    def _say(self, found: survey.LayerSurvey) -> None:
        self.stdout.write(
            f"{found.layer}: {len(found.surveyed)} of {found.units} units surveyed, {found.new} newly measured; "
            f"{found.dead} of the layer are dead (they do not vary over the pool)."
        )
        if found.surveyed:
            self.stdout.write(_names(found))


def _names(found: survey.LayerSurvey) -> str:
    """The surveyed features as a protocol writes them; of a layer surveyed whole, only the ranges of units."""
    if len(found.surveyed) == found.units - found.dead:
        first = survey.feature_name(found.layer, min(found.surveyed))
        return f'  "{first}" and so on: units {_ranges(found.surveyed)}'
    names = ", ".join(f'"{survey.feature_name(found.layer, unit)}"' for unit in found.surveyed)
    indent = "  "
    return textwrap.fill(
        names, 100, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )


def _ranges(units: Iterable[int]) -> str:
    """``0 to 3, 5`` for 0, 1, 2, 3, 5."""
    runs = [[unit for _, unit in run] for _, run in groupby(enumerate(sorted(units)), lambda one: one[1] - one[0])]
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)


def _pool(name: str) -> ImagePool:
    pool = ImagePool.objects.filter(name=name).first()
    if pool is None:
        raise CommandError(f"There is no image pool {name!r}; make it with import_images.")
    return pool


def _all_there(options: dict[str, Any], pool: ImagePool) -> bool:
    """Known without loading the network, so that a second run is quick."""
    try:
        network = surveyed_network(options["model"], options["weights"])
    except ProtocolError:
        return False
    return set(options["features"]) <= survey.surveyed_features(network, pool)


def _wanted(workers: Workers, options: dict[str, Any]) -> list[survey.Wanted]:
    units: dict[str, list[int]] = {layer: [] for layer in options["layers"]}
    for feature in options["features"]:
        layer, unit = workers.locate(feature)
        units.setdefault(layer, []).append(unit)
    return [
        survey.Wanted(layer, tuple(dict.fromkeys(named)), options["units"], layer in options["layers"])
        for layer, named in units.items()
    ]
