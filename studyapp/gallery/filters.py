"""Which stimuli the researcher asked for: the form of the address, and the stimuli that answer it."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import Q, QuerySet, TextChoices

from stimuli.models import ImagePool, Stimulus, VisionModel
from studyapp.gallery.judgement import Judgement, judge
from studyapp.gallery.purposes import Purpose, find_purpose, purpose_choices
from studyapp.gallery.superseded import superseded

if TYPE_CHECKING:
    _Networks = forms.ModelChoiceField[VisionModel]
    _Pools = forms.ModelChoiceField[ImagePool]
else:  # at run time Django's class takes no parameter
    _Networks = _Pools = forms.ModelChoiceField


class State(TextChoices):
    """Where a stimulus stands in the researcher's judgement."""

    FLAGGED = "flagged", "Flagged, not rejected"
    UNREVIEWED = "unreviewed", "Not yet reviewed"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    SUPERSEDED = "superseded", "Superseded by others"


class GalleryFilter(forms.Form):
    """The filter of the overview; a feature's page takes the same. A value that is unknown is named and not used."""

    protocol = forms.ChoiceField(required=False, label="Protocol")
    name = forms.CharField(required=False, max_length=200, label="Layer or name")
    network = _Networks(VisionModel.objects.order_by("name", "id"), required=False, empty_label="All networks")
    pool = _Pools(ImagePool.objects.order_by("name"), required=False, empty_label="All pools", to_field_name="name")
    kind = forms.ChoiceField(required=False, choices=[("", "All kinds"), *Stimulus.Kind.choices])
    state = forms.ChoiceField(required=False, choices=[("", "All states"), *State.choices])

    def __init__(self, data: Any) -> None:
        super().__init__(data, auto_id="filter-%s", label_suffix="")
        self.fields["protocol"].choices = [("", "All protocols"), *purpose_choices()]  # type: ignore[attr-defined]
        self.is_valid()
        self._judged: dict[int, list[Judgement]] = {}

    @property
    def chosen(self) -> dict[str, Any]:
        """What was asked for, by field; fields that were left free are not there."""
        return {name: value for name, value in self.cleaned_data.items() if value}

    @cached_property
    def purpose(self) -> Purpose | None:
        """The protocol that was chosen."""
        return find_purpose(self.chosen["protocol"]) if "protocol" in self.chosen else None

    @cached_property
    def superseded(self) -> Q:
        """The condition under which a stimulus is superseded, for the chosen protocol or for all."""
        return superseded(self.purpose)

    @cached_property
    def stimuli(self) -> QuerySet[Stimulus]:
        """The stimuli that the filter lets pass; which are flagged is judged once."""
        lookups = {"name": "feature__name__icontains", "network": "feature__model", "pool": "pool", "kind": "kind"}
        chosen = self.chosen
        stimuli = Stimulus.objects.filter(**{lookups[name]: chosen[name] for name in lookups if name in chosen})
        if self.purpose:
            stimuli = stimuli.filter(self.purpose.stimuli)
        match chosen.get("state"):
            case State.REJECTED:
                return stimuli.filter(rejection__isnull=False)
            case State.APPROVED:
                return stimuli.filter(approval__isnull=False)
            case State.SUPERSEDED:
                return stimuli.filter(self.superseded)
            case State.UNREVIEWED:
                return stimuli.filter(rejection=None, approval=None, frozen_sets=None).exclude(self.superseded)
            case State.FLAGGED:
                # The rules of the bounds stand in stimuli.quality alone, so the figures are read and judged here.
                candidates = stimuli.filter(rejection=None).exclude(self.superseded).defer("made_with").order_by()
                return stimuli.filter(pk__in=self.flagged(list(candidates)))
        return stimuli

    def flagged(self, stimuli: Sequence[Stimulus]) -> set[int]:
        """The numbers of those that break a bound of a protocol that uses them, or have a figure that is not finite."""
        return {pk for pk, judgements in self.judge(stimuli).items() if any(one.flags for one in judgements)}

    def judge(self, stimuli: Sequence[Stimulus]) -> dict[int, list[Judgement]]:
        """For each stimulus, by its number: what the protocols say, or the chosen one. None is judged twice."""
        new = [stimulus for stimulus in stimuli if stimulus.pk not in self._judged]
        if new:
            self._judged |= judge(new, self.purpose)
        return {stimulus.pk: self._judged[stimulus.pk] for stimulus in stimuli}
