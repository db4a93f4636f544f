"""Enrolling a person who consents: a place in the design, a personal link, the trials. And noting who does not."""

import secrets
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from studyapp.assignment import main_trials_of
from studyapp.models import Participant, RecruiterIdentity, Study
from studyapp.recruitment.arrival import Arrival, UnverifiedError
from studyapp.services import events
from studyapp.services.codes import random_code
from studyapp.services.places import place_keep, place_take
from studyapp.services.trials import store_practice

# The log says that somebody came back, not how often a page was loaded.
RESUMED_AT_MOST_EVERY = timedelta(minutes=30)


class NoPlaceError(Exception):
    """The study takes nobody more: it was closed, or its quota is reached."""


class TookPartError(Exception):
    """The person is enrolled already, and the protocol has such people refused."""


@transaction.atomic
def participant_enrol(*, study: Study, client_id: UUID, arrival: Arrival | None = None) -> Participant:
    """Store a person's consent and draw the first trials; the same ``client_id`` again gives the same participant.

    Args:
        study: in which to enrol.
        client_id: of the consent form.
        arrival: who the person is to the recruiter, where one sent them.

    Raises:
        TookPartError: the recruiter's id is enrolled, and ``returning`` is ``refuse``.
        NoPlaceError: no place is free, or the study is closed.
        UnverifiedError: the recruiter's id is enrolled, and the panel's signature holds no more, or the ids stood in
            an address of ours.
    """
    # The lock lets one enrolment at a time look for a place, on which the counterbalancing and the quota rest.
    locked = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    enrolled = study.participants.filter(client_id=client_id).first() or _returning(study, arrival)
    if enrolled:
        return enrolled
    now = timezone.now()
    number = None if locked.closed_at else place_take(study=study, now=now)
    if number is None:
        raise NoPlaceError
    participant = Participant.objects.create(
        study=study,
        number=number,
        client_id=client_id,
        token=secrets.token_urlsafe(24),
        code=random_code(),
        main_trials=main_trials_of(study.plan, seed=study.drawn_from, number=number),
        consent_version=study.plan.consent.version,
        consented_at=now,
        last_seen_at=now,
    )
    if arrival:
        RecruiterIdentity.objects.create(
            study=study, participant=participant, external_id=arrival.external_id, session_id=arrival.session_id
        )
    store_practice(participant)
    events.record(study=study, name="enrolled", participant=participant)
    return participant


@transaction.atomic
def participant_return(*, participant: Participant) -> None:
    """Note that somebody came back by the study's public link and keeps the place.

    Nothing is noted where the place was given away or the session has ended.
    """
    # One at a time: of many visits at the same moment one is noted, and none after a withdrawal at that moment.
    Participant.objects.select_for_update(no_key=True).get(pk=participant.pk)
    if not place_keep(participant=participant):
        return
    lately = timezone.now() - RESUMED_AT_MOST_EVERY
    if not participant.events.filter(name="resumed", at__gt=lately).exists():
        events.record(study=participant.study, name="resumed", participant=participant)


@transaction.atomic
def consent_decline(*, study: Study, client_id: UUID) -> None:
    """Count one who did not consent, and nothing about the person; the same form again counts once."""
    Study.objects.select_for_update(no_key=True).get(pk=study.pk)
    if not study.events.filter(name="declined", data__form=str(client_id)).exists():
        data = {"form": str(client_id), "consent_version": study.plan.consent.version}
        events.record(study=study, name="declined", data=data)


def person_refused(*, study: Study, reason: Exception) -> None:
    """Count one who consented and could not be enrolled."""
    events.record(study=study, name="refused" if isinstance(reason, TookPartError) else "quota_full")


def _returning(study: Study, arrival: Arrival | None) -> Participant | None:
    """Who is enrolled with the recruiter's id of this arrival.

    Raises:
        TookPartError: the protocol has such people refused.
        UnverifiedError: that it is this person was signed too long ago, or the ids stood in an address of ours: whoever
            found it would be led into the session of somebody else.
    """
    identity = study.identities.filter(external_id=arrival.external_id).first() if arrival else None
    if arrival is None or identity is None:
        return None
    if study.plan.recruitment.returning == "refuse":
        raise TookPartError
    if arrival.is_over or arrival.exposed:
        raise UnverifiedError("the token is over, or its ids were found in an address")
    return identity.participant
