"""The protocols that are being worked on: what plan_stimuli and generate_stimuli were last asked for. No torch.

Between planning and freezing a researcher looks at what was made and can still change it. A working plan says, for that
time, which stimuli a protocol would show today and which it left behind.
"""

from collections.abc import Sequence
from pathlib import Path

from django.db import transaction

from stimuli.models import FrozenSet, WorkingPlan
from stimuli.plan import plan_of_images
from stimuli.protocol import ProtocolFile
from stimuli.recipes import Recipe, find_stimulus
from stimuli.selection import FeatureImages


@transaction.atomic
def keep_working_plan(
    file: ProtocolFile, path: Path, selected: Sequence[FeatureImages], recipes: Sequence[Recipe]
) -> WorkingPlan | None:
    """Write down what is wanted now, in the place of what was wanted under this slug before.

    Stimuli that were made for the earlier plan and are none of this one's stay with it as superseded.

    Args:
        file: the protocol.
        path: of its file, as the command was given it.
        selected: its images.
        recipes: of its stimuli, in their present attempts.

    Returns:
        The plan; None for a protocol that is frozen, on which there is nothing left to do.
    """
    slug = file.protocol.slug
    if FrozenSet.objects.filter(protocol_sha256=file.sha256).exists():
        WorkingPlan.objects.filter(slug=slug).delete()
        return None
    plan, _ = WorkingPlan.objects.update_or_create(
        slug=slug,
        defaults={
            "path": str(path),
            "protocol": file.text,
            "protocol_sha256": file.sha256,
            "plan": plan_of_images(file.protocol, selected, recipes),
        },
    )
    earlier = {*plan.stimuli.values_list("pk", flat=True), *plan.superseded.values_list("pk", flat=True)}
    present = {stimulus.pk for recipe in recipes if (stimulus := find_stimulus(recipe)) is not None}
    plan.stimuli.set(present)
    plan.superseded.set(earlier - present)
    return plan
