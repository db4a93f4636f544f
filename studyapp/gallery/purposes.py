"""What stimuli are for: the protocols that are worked on, and the frozen sets with their studies."""

from dataclasses import dataclass
from typing import Literal

from django.db.models import Q

from stimuli.models import Feature, FrozenSet, ImagePool, WorkingPlan
from stimuli.planned import PlannedFeature, planned_feature

WORKING, FROZEN = "working", "frozen"


@dataclass(frozen=True)
class Purpose:
    """A protocol with the stimuli that it uses.

    Attributes:
        state: whether it is worked on or frozen.
        pk: of the working plan or the frozen set.
        slug: of the protocol.
        has_study: whether a study stands on it.
        protocol: the text of its file.
        plan: of its images, as text; empty for sets from before plans were kept.
        path: of its file, as the commands were last given it; empty for a frozen set.
    """

    state: Literal["working", "frozen"]
    pk: int
    slug: str
    has_study: bool
    protocol: str
    plan: str
    path: str

    @property
    def name(self) -> str:
        """What it is, in words."""
        if self.state == WORKING:
            return f"Working plan {self.slug}"
        return f"Study {self.slug}" if self.has_study else f"Frozen set {self.slug}"

    @property
    def stimuli(self) -> Q:
        """The condition for the stimuli that it uses, or used once and uses no more."""
        if self.state == FROZEN:
            return Q(pk__in=FrozenSet.stimuli.through.objects.filter(frozenset=self.pk).values("stimulus"))
        present = WorkingPlan.stimuli.through.objects.filter(workingplan=self.pk)
        return Q(pk__in=present.values("stimulus")) | self.superseded

    @property
    def superseded(self) -> Q:
        """The condition for the stimuli that it used once and uses no more."""
        if self.state == FROZEN:
            return Q(pk__in=())
        return Q(pk__in=WorkingPlan.superseded.through.objects.filter(workingplan=self.pk).values("stimulus"))

    def images(self, feature: Feature, pool: ImagePool) -> PlannedFeature | None:
        """What it shows for a feature; None where it does not ask about it, or where that is not known."""
        return planned_feature(self.plan, feature, pool)


def purpose_choices() -> list[tuple[str, str]]:
    """What can be chosen: the value of the address, and the words. Takes two queries and reads no plan."""
    working = WorkingPlan.objects.order_by("slug").values_list("slug", flat=True)
    frozen = FrozenSet.objects.order_by("slug").values_list("slug", "study__slug")
    return [
        *((f"{WORKING}:{slug}", f"{slug} (working plan)") for slug in working),
        *((f"{FROZEN}:{slug}", f"{slug} ({'study' if study else 'frozen set'})") for slug, study in frozen),
    ]


def find_purpose(value: str) -> Purpose | None:
    """The protocol that a value of the address names; None where it was removed meanwhile."""
    state, _, slug = value.partition(":")
    if state == WORKING:
        plan = WorkingPlan.objects.filter(slug=slug).first()
        return Purpose("working", plan.pk, slug, False, plan.protocol, plan.plan, plan.path) if plan else None
    found = FrozenSet.objects.filter(slug=slug).select_related("study").first()
    if found is None:
        return None
    return Purpose("frozen", found.pk, slug, hasattr(found, "study"), found.protocol, found.plan, "")
