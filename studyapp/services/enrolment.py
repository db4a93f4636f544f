"""Enrolling a person who consents: a place in the design, a personal link, the trials."""

import secrets
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from studyapp.models import Participant, Study
from studyapp.services.codes import random_code
from studyapp.services.trials import store_practice


@transaction.atomic
def participant_enrol(*, study: Study, client_id: UUID) -> Participant:
    """Store a person's consent and draw the first trials; the same ``client_id`` again gives the same participant."""
    # The lock lets one enrolment at a time take the next number, on which the counterbalancing rests.
    Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    enrolled = study.participants.filter(client_id=client_id).first()
    if enrolled:
        return enrolled
    last: int | None = study.participants.aggregate(last=Max("number"))["last"]
    now = timezone.now()
    participant = Participant.objects.create(
        study=study,
        number=(last or 0) + 1,
        client_id=client_id,
        token=secrets.token_urlsafe(24),
        code=random_code(),
        main_trials=len(study.plan.stimuli.features),
        consent_version=study.plan.consent.version,
        consented_at=now,
        last_seen_at=now,
    )
    store_practice(participant)
    return participant
