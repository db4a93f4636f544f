"""Stimuli against the quality bounds of the protocols that use them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from stimuli.models import FrozenSet, Stimulus, WorkingPlan
from stimuli.protocol import QualityTable, parse_protocol
from stimuli.quality import flags
from studyapp.gallery.purposes import Purpose


@dataclass(frozen=True)
class Judgement:
    """What the bounds of one protocol say of a stimulus.

    Attributes:
        protocol: whose bounds they are, in words.
        bounds: each as the protocol writes it; empty where it asks nothing but finite figures.
        flags: what is wrong, each in a few words.
    """

    protocol: str
    bounds: tuple[str, ...]
    flags: tuple[str, ...]


@dataclass(frozen=True)
class _Judge:
    name: str
    bounds: QualityTable


_DEFAULT = _Judge("No protocol uses it; the default", QualityTable())


def judge(stimuli: Sequence[Stimulus], purpose: Purpose | None = None) -> dict[int, list[Judgement]]:
    """For each stimulus, by its number: what the chosen protocol says.

    Without one it is what every protocol that uses the stimulus says, or else the default bounds; that takes four
    queries, however many stimuli there are.
    """
    numbers = [stimulus.pk for stimulus in stimuli]
    chosen = [_Judge(purpose.name, _bounds(purpose.protocol))] if purpose else [_DEFAULT]
    judges = {} if purpose else _judges(numbers)
    return {
        stimulus.pk: [
            Judgement(judge.name, _in_words(judge.bounds), tuple(flags(stimulus, judge.bounds)))
            for judge in judges.get(stimulus.pk, chosen)
        ]
        for stimulus in stimuli
    }


def _judges(stimuli: Iterable[int]) -> dict[int, list[_Judge]]:
    """By stimulus: the protocols that use it, each once. What a study shows belongs to its frozen set."""
    numbers = list(stimuli)
    in_sets = FrozenSet.stimuli.through.objects.filter(stimulus_id__in=numbers)
    in_plans = WorkingPlan.stimuli.through.objects.filter(stimulus_id__in=numbers)
    set_uses = list(in_sets.values_list("stimulus_id", "frozenset_id"))
    plan_uses = list(in_plans.values_list("stimulus_id", "workingplan_id"))
    sets = FrozenSet.objects.select_related("study").defer("plan").in_bulk({frozen for _, frozen in set_uses})
    plans = WorkingPlan.objects.defer("plan").in_bulk({plan for _, plan in plan_uses})
    found: dict[int, dict[str, _Judge]] = defaultdict(dict)
    for stimulus, pk in set_uses:
        frozen = sets[pk]
        name = f"{'Study' if hasattr(frozen, 'study') else 'Frozen set'} {frozen.slug}"
        found[stimulus][frozen.protocol_sha256] = _Judge(name, _bounds(frozen.protocol))
    for stimulus, pk in plan_uses:
        plan = plans[pk]
        judge = _Judge(f"Working plan {plan.slug}", _bounds(plan.protocol))
        found[stimulus].setdefault(plan.protocol_sha256, judge)
    return {
        stimulus: sorted(by_protocol.values(), key=lambda judge: judge.name) for stimulus, by_protocol in found.items()
    }


@lru_cache(maxsize=128)  # a protocol is parsed once, not with every page
def _bounds(protocol: str) -> QualityTable:
    return parse_protocol(protocol).stimuli.quality


@lru_cache(maxsize=128)
def _in_words(bounds: QualityTable) -> tuple[str, ...]:
    return tuple(f"{key} {value:g}" for key, value in bounds if value is not None)
