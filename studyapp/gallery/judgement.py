"""Stimuli against the quality bounds of the protocols that use them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from stimuli.models import FrozenSet, Stimulus, WorkingPlan
from stimuli.protocol import QualityTable, parse_protocol
from stimuli.quality import flags
from studyapp.gallery.purposes import Purpose
from studyapp.models import Reference, Study


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

    Without one it is what every protocol that uses the stimulus says, or else the default bounds; that takes six
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


def flagged(stimuli: Sequence[Stimulus], purpose: Purpose | None = None) -> set[int]:
    """The numbers of those that break a bound of a protocol that uses them, or have a figure that is not finite."""
    return {pk for pk, judgements in judge(stimuli, purpose).items() if any(one.flags for one in judgements)}


def _judges(stimuli: Iterable[int]) -> dict[int, list[_Judge]]:
    """By stimulus: the protocols that use it, each once even if both a study and its frozen set hold it."""
    numbers = list(stimuli)
    in_studies = (
        Reference.explanations.through.objects.filter(stimulus_id__in=numbers)
        .values_list("stimulus_id", "reference__study_feature__study_id")
        .distinct()
    )
    in_sets = FrozenSet.stimuli.through.objects.filter(stimulus_id__in=numbers)
    in_plans = WorkingPlan.stimuli.through.objects.filter(stimulus_id__in=numbers)
    study_uses = list(in_studies)
    set_uses = list(in_sets.values_list("stimulus_id", "frozenset_id"))
    plan_uses = list(in_plans.values_list("stimulus_id", "workingplan_id"))
    studies = Study.objects.in_bulk({study for _, study in study_uses})
    sets = FrozenSet.objects.defer("plan").in_bulk({frozen for _, frozen in set_uses})
    plans = WorkingPlan.objects.defer("plan").in_bulk({plan for _, plan in plan_uses})
    found: dict[int, dict[str, _Judge]] = defaultdict(dict)
    for stimulus, pk in study_uses:
        study = studies[pk]
        found[stimulus][study.protocol_sha256] = _Judge(f"Study {study.slug}", _bounds(study.protocol))
    for stimulus, pk in set_uses:
        frozen = sets[pk]
        judge = _Judge(f"Frozen set {frozen.slug}", _bounds(frozen.protocol))
        found[stimulus].setdefault(frozen.protocol_sha256, judge)
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
