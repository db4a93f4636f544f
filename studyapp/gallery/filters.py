"""Which stimuli the researcher asked for: the form of the address, and the stimuli that answer it."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import QuerySet, TextChoices

from stimuli.models import ImagePool, Stimulus, VisionModel
from studyapp.gallery.judgement import flagged

if TYPE_CHECKING:
    _Networks = forms.ModelChoiceField[VisionModel]
    _Pools = forms.ModelChoiceField[ImagePool]
else:  # at run time Django's class takes no parameter
    _Networks = _Pools = forms.ModelChoiceField


class State(TextChoices):
    """Where a stimulus stands in the researcher's judgement."""

    FLAGGED = "flagged", "Flagged, not rejected"
    REJECTED = "rejected", "Rejected"
    UNREVIEWED = "unreviewed", "Unreviewed: neither rejected nor frozen"


class GalleryFilter(forms.Form):
    """The filter of the overview; a feature's page takes the same. A value that is unknown is named and not used."""

    name = forms.CharField(required=False, max_length=200, label="Layer or name")
    network = _Networks(VisionModel.objects.order_by("name", "id"), required=False, empty_label="All networks")
    pool = _Pools(ImagePool.objects.order_by("name"), required=False, empty_label="All pools", to_field_name="name")
    kind = forms.ChoiceField(required=False, choices=[("", "All kinds"), *Stimulus.Kind.choices])
    state = forms.ChoiceField(required=False, choices=[("", "All states"), *State.choices])

    def __init__(self, data: Any) -> None:
        super().__init__(data, auto_id="filter-%s", label_suffix="")
        self.is_valid()

    @property
    def chosen(self) -> dict[str, Any]:
        """What was asked for, by field; fields that were left free are not there."""
        return {name: value for name, value in self.cleaned_data.items() if value}

    def stimuli(self) -> QuerySet[Stimulus]:
        """The stimuli that the filter lets pass."""
        lookups = {"name": "feature__name__icontains", "network": "feature__model", "pool": "pool", "kind": "kind"}
        chosen = self.chosen
        stimuli = Stimulus.objects.filter(**{lookups[name]: chosen[name] for name in lookups if name in chosen})
        match chosen.get("state"):
            case State.REJECTED:
                return stimuli.filter(rejection__isnull=False)
            case State.UNREVIEWED:
                return stimuli.filter(rejection=None, frozen_sets=None)
            case State.FLAGGED:
                # The rules of the bounds stand in stimuli.quality alone, so the figures are read and judged here.
                candidates = stimuli.filter(rejection=None).defer("made_with").order_by()
                return stimuli.filter(pk__in=flagged(list(candidates)))
        return stimuli
