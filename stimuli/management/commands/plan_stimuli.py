"""``manage.py plan_stimuli``: write down every image of a study and what it takes to make them, before any is made."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from stimuli.costs import KindCosts, costs_by_kind, seconds_by_kind
from stimuli.engines.options import add_engine_options, open_engine
from stimuli.files import sha256_of
from stimuli.generation import GenerationError, check_network
from stimuli.orders import EngineError
from stimuli.plan import plan_of_images
from stimuli.protocol import Protocol, ProtocolError, read_protocol
from stimuli.recipes import needed_recipes
from stimuli.selection import FeatureImages, select_images
from stimuli.whole_file import write_whole
from stimuli.working_plans import keep_working_plan


class Command(BaseCommand):
    """Plan, and say what it costs. Makes nothing; the gallery learns what is planned."""

    help = (
        "Write the plan of a protocol's images as JSON, and say how many stimuli are there and missing, and what disk "
        "space and time the missing ones take. Says what is missing for a plan, and how to mend it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("protocol", type=Path, help="the protocol file (TOML)")
        parser.add_argument(
            "--out", type=Path, metavar="FILE", help="file to write (default: SLUG.plan.json beside the protocol)"
        )
        parser.add_argument(
            "--no-warm-up",
            action="store_true",
            help="estimate no time, for which a few stimuli are made and thrown away",
        )
        add_engine_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Plan and report."""
        try:
            file = read_protocol(options["protocol"])
            protocol = file.protocol
            selected = select_images(protocol)
        except ProtocolError as error:
            raise CommandError(str(error)) from error
        recipes = needed_recipes(protocol, selected)
        beside = options["protocol"].with_name(f"{protocol.slug}.plan.json")
        self._write(plan_of_images(protocol, selected, recipes), options["out"] or beside)
        keep_working_plan(file, options["protocol"], selected, recipes)
        self.stdout.write(_natural_images(selected))
        costs = costs_by_kind(recipes)
        for one in costs:
            self.stdout.write(_line(one))
        if not recipes:
            self.stdout.write("No condition of this study shows stimuli.")
        elif not any(one.missing for one in costs):
            self.stdout.write(self.style.SUCCESS("All stimuli are there."))
        elif not options["no_warm_up"]:
            self._estimate_time(protocol, costs, options)

    def _write(self, plan: str, path: Path) -> None:
        try:
            write_whole(path, plan)
        except OSError as error:
            raise CommandError(
                f"The plan cannot be written to {path}: {error.strerror}; give another file with --out."
            ) from error
        self.stdout.write(f"Wrote the plan to {path} (SHA-256 {sha256_of(plan.encode())[:12]}).")

    def _estimate_time(self, protocol: Protocol, costs: list[KindCosts], options: dict[str, Any]) -> None:
        weights = protocol.stimuli.weights
        try:
            with open_engine(protocol.stimuli.model, Path(weights) if weights else None, options) as network:
                check_network(network, [recipe for one in costs for recipe in one.missing])
                where = f"on {network.facts.device}, {network.at_once} at a time"
                seconds = seconds_by_kind(costs, network)
        except (EngineError, GenerationError) as error:
            raise CommandError(f"The plan is written, but its stimuli cannot be made here: {error}") from error
        for kind, needed in seconds.items():
            self.stdout.write(f"{kind}: about {_duration(needed)} {where}.")
        if len(seconds) > 1:
            self.stdout.write(f"All missing stimuli: about {_duration(sum(seconds.values()))} {where}.")


def _natural_images(selected: list[FeatureImages]) -> str:
    batches = [batch for images in selected for batch in images.batches]
    references = sum(len(batch.references) for batch in batches)
    weak = sum(len(batch.weak_references) for batch in batches)
    pairs = sum(len(batch.queries) for batch in batches)
    different = len({one.image.pk for images in selected for one in images.images})
    contrast = f", {weak} weak references" if weak else ""
    return (
        f"{len(selected)} features: {references} references{contrast} and {pairs} pairs of queries, "
        f"from {different} natural images."
    )


def _line(one: KindCosts) -> str:
    there = one.planned - len(one.missing)
    needed = f"{one.kind}: {one.planned} planned, {there} there, {len(one.missing)} missing"
    if not one.missing:
        return f"{needed}."
    basis = "measured on stimuli of this kind" if one.measured else "estimated from the natural images, masks apart"
    return f"{needed}, about {_size(one.bytes_missing)} ({basis})."


def _size(count: float) -> str:
    """``12 kB``, ``3.4 MB``, ``1.2 GB``."""
    for unit, bytes_each in (("GB", 1e9), ("MB", 1e6)):
        if count >= bytes_each:
            return f"{count / bytes_each:.1f} {unit}"
    return f"{count / 1e3:.0f} kB"


def _duration(seconds: float) -> str:
    """``40 s``, ``12 min``, ``3.5 h``."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
