"""Stimuli against the quality bounds of the protocols that use them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from stimuli.models import FrozenSet, Stimulus
from stimuli.protocol import QualityTable, parse_protocol
from stimuli.quality import flags
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


_DEFAULT = _Judge("No study or frozen set uses it; the default", QualityTable())


def judge(stimuli: Sequence[Stimulus]) -> dict[int, list[Judgement]]:
    """For each stimulus, by its number: what every protocol that uses it says, or else the default bounds.

    Takes four queries, however many stimuli there are.
    """
    judges = _judges([stimulus.pk for stimulus in stimuli])
    return {
        stimulus.pk: [
            Judgement(judge.name, _in_words(judge.bounds), tuple(flags(stimulus, judge.bounds)))
            for judge in judges.get(stimulus.pk, [_DEFAULT])
        ]
        for stimulus in stimuli
    }


def flagged(stimuli: Sequence[Stimulus]) -> set[int]:
    """The numbers of those that break a bound of a protocol that uses them, or have a figure that is not finite."""
    return {pk for pk, judgements in judge(stimuli).items() if any(one.flags for one in judgements)}


def _judges(stimuli: Iterable[int]) -> dict[int, list[_Judge]]:
    """By stimulus: the protocols that use it, each once even if both a study and a frozen set hold it."""
    numbers = list(stimuli)
    in_studies = (
        Reference.explanations.through.objects.filter(stimulus_id__in=numbers)
        .values_list("stimulus_id", "reference__study_feature__study_id")
        .distinct()
    )
    in_sets = FrozenSet.stimuli.through.objects.filter(stimulus_id__in=numbers)
    study_uses = list(in_studies)
    set_uses = list(in_sets.values_list("stimulus_id", "frozenset_id"))
    studies = Study.objects.in_bulk({study for _, study in study_uses})
    sets = FrozenSet.objects.in_bulk({frozen for _, frozen in set_uses})
    found: dict[int, dict[str, _Judge]] = defaultdict(dict)
    for stimulus, pk in study_uses:
        study = studies[pk]
        found[stimulus][study.protocol_sha256] = _Judge(f"Study {study.slug}", _bounds(study.protocol))
    for stimulus, pk in set_uses:
        frozen = sets[pk]
        judge = _Judge(f"Frozen set {frozen.slug}", _bounds(frozen.protocol))
        found[stimulus].setdefault(frozen.protocol_sha256, judge)
    return {
        stimulus: sorted(by_protocol.values(), key=lambda judge: judge.name) for stimulus, by_protocol in found.items()
    }


@lru_cache(maxsize=128)  # a protocol is parsed once, not with every page
def _bounds(protocol: str) -> QualityTable:
    return parse_protocol(protocol).stimuli.quality


@lru_cache(maxsize=128)
def _in_words(bounds: QualityTable) -> tuple[str, ...]:
    return tuple(f"{key} {value:g}" for key, value in bounds if value is not None)
