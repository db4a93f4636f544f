"""``manage.py survey_features``: show a pool to a network and keep activations and ranks."""

import hashlib
import json
import textwrap
from collections.abc import Iterable
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from tqdm import tqdm

from stimuli import streaming, survey
from stimuli.checkpoints import Checkpoint
from stimuli.engines.interface import Workers
from stimuli.engines.options import add_engine_options, open_engine
from stimuli.locks import BusyError, exclusive
from stimuli.models import ImagePool
from stimuli.networks import surveyed_network
from stimuli.orders import EngineError
from stimuli.protocol import ProtocolError

# Bounds of options, the upper ones because a survey keeps this much of every unit in memory.
ENDS = (1, 10_000)
SAMPLE = (1, 100_000)
SEED = (-(2**63), 2**63 - 1)  # what the database holds

# What decides whether a run goes on where another was cut off.
REQUEST = ("model", "weights", "layers", "features", "ends", "sample")

USE = (
    "To ask about features, put their names into `features`, `practice_features` or `catch_features` of a protocol's "
    "[stimuli] table."
)


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
        parser.add_argument(
            "--ends", type=int, default=200, help="keep exact ranks of this many images of either end (default 200)"
        )
        parser.add_argument(
            "--sample",
            type=int,
            default=2000,
            help="keep this many random images, with estimated ranks; a pool that is not larger is kept whole "
            "(default 2000)",
        )
        parser.add_argument("--weights", type=Path, help="weights file (default: those that come with the name)")
        add_engine_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Survey, and say what was found."""
        if not options["layers"] and not options["features"]:
            raise CommandError("Say what to survey: --layers, --features or both.")
        if options["units"] is not None and not options["layers"]:
            raise CommandError(
                "--units draws a sample from --layers, and none is named; name one or leave --units out."
            )
        _check_names(options)
        _check_ranges(options)
        pool = _pool(options["pool"])
        try:
            with exclusive("survey_features"):
                if not self._all_there(options, pool):
                    self._survey(options, pool)
        except BusyError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt as error:
            raise CommandError("Stopped; run the same command again to go on.", returncode=130) from error

    def _all_there(self, options: dict[str, Any], pool: ImagePool) -> bool:
        """Whether nothing is left to do, and say so: known without loading the network, so that it is quick."""
        try:
            network = surveyed_network(options["model"], options["weights"])
        except ProtocolError:
            return False
        depth = survey.Depth(options["ends"], options["sample"])
        draw = {"sample": options["units"], "seed": options["seed"]}
        samples = [survey.standing_sample(network, pool, layer, depth, **draw) for layer in options["layers"]]
        if None in samples or not set(options["features"]) <= survey.surveyed_features(network, pool, depth):
            return False
        # A run that was killed after its last row had no time to clear this away.
        Checkpoint(_checkpoint_path(options, pool), "").remove()
        for sample in filter(None, samples):
            self._say(survey.LayerSurvey(sample.layer, sample.units, sample.dead, tuple(sample.drawn), 0))
        self.stdout.write(self.style.SUCCESS(f"All features are surveyed over the pool {pool.name}."))
        return True

    def _survey(self, options: dict[str, Any], pool: ImagePool) -> None:
        try:
            with open_engine(options["model"], options["weights"], options) as workers:
                self._survey_with(workers, options, pool)
        except (EngineError, survey.SurveyError) as error:
            raise CommandError(str(error)) from error

    def _survey_with(self, workers: Workers, options: dict[str, Any], pool: ImagePool) -> None:
        facts, wanted = workers.facts, _wanted(workers, options)
        columns = {one.layer: None if one.whole_layer else one.units for one in wanted}
        extent = streaming.extent_of(pool, ends=options["ends"], sample=options["sample"])
        key = streaming.pass_key(facts, pool, columns, extent)
        checkpoint = Checkpoint(_checkpoint_path(options, pool), key)
        self.stdout.write(f"Surveying {extent.images} images with {facts.name} on {facts.device}.")
        if not extent.whole:
            self.stdout.write(
                f"For each unit the {extent.ends} strongest and the {extent.ends} weakest of them are kept with their "
                f"ranks, and {len(extent.sample)} random ones with estimated ranks."
            )
        with tqdm(total=extent.images, desc="survey", unit="image") as bar:
            try:
                folds = streaming.fold_pool(workers, pool, columns, extent, checkpoint, progress=bar.update)
            except OSError as error:
                raise CommandError(f"The checkpoint cannot be kept ({error}); make room and run again.") from error
        # All or nothing: a network that gives no usable activations is not recorded either.
        with transaction.atomic(), tqdm(desc="ranks", unit="feature") as bar:
            row = survey.record_network(facts, weights_given=options["weights"] is not None)
            keep = partial(survey.survey_layer, row, pool, extent=extent, seed=options["seed"], progress=bar.update)
            found = [keep(fold=folds[one.layer], wanted=one) for one in wanted]
        checkpoint.remove()
        for one in found:
            self._say(one)
        self.stdout.write(USE)

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


def _check_names(options: dict[str, Any]) -> None:
    for name in ("layers", "features"):
        if any(not one.strip() for one in options[name]):
            raise CommandError(f"--{name} has an empty name among its own; leave it out, or write the one you mean.")


def _check_ranges(options: dict[str, Any]) -> None:
    ranges = {"units": (1, None), "ends": ENDS, "sample": SAMPLE, "seed": SEED}
    for name, (low, high) in ranges.items():
        value = options[name]
        if value is not None and (value < low or (high is not None and value > high)):
            wanted = f"at least {low}" if high is None else f"from {low} to {high}"
            raise CommandError(f"--{name} must be {wanted} (found {value}).")


def _checkpoint_path(options: dict[str, Any], pool: ImagePool) -> Path:
    request = json.dumps([pool.pk, *(options[name] for name in REQUEST)], default=str)
    return Path(settings.DATA_DIR) / "surveys" / f"{hashlib.sha256(request.encode()).hexdigest()[:16]}.npz"


def _wanted(workers: Workers, options: dict[str, Any]) -> list[survey.Wanted]:
    units: dict[str, list[int]] = {layer: [] for layer in options["layers"]}
    problems: list[str] = []
    for feature in dict.fromkeys(options["features"]):
        try:
            layer, unit = workers.locate(feature)
        except EngineError as error:
            problems.append(str(error))
        else:
            units.setdefault(layer, []).append(unit)
    if problems:
        raise EngineError("\n".join(problems))
    return [
        survey.Wanted(layer, tuple(dict.fromkeys(named)), options["units"], layer in options["layers"])
        for layer, named in units.items()
    ]
