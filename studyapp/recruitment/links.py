"""Where people are led afterwards: the recruiter's addresses with the ids filled in."""

from urllib.parse import quote

from studyapp.models import Ending, Participant, RecruiterIdentity
from studyapp.recruitment.arrival import Arrival


def way_out(participant: Participant) -> str | None:
    """The address to which somebody is led whose session is over; None where the protocol has none."""
    recruitment = participant.study.plan.recruitment
    if participant.ended_as == Ending.WITHDRAWN:
        # The id is deleted, and whoever withdrew has no code to hand in.
        return link_for_arrival(recruitment.withdrawn_url, None)
    if participant.ended_as:
        return link_for(recruitment.screen_out_url, participant)
    if participant.completed_at is not None:
        return link_for(recruitment.completion_url, participant)
    return link_for(recruitment.quota_url, participant)


def link_for(address: str | None, participant: Participant) -> str | None:
    """An address of the protocol for an enrolled person."""
    identity = RecruiterIdentity.objects.filter(participant=participant).first()
    return _filled(address, code=participant.completion_code, participant=identity.external_id if identity else "")


def link_for_arrival(address: str | None, arrival: Arrival | None) -> str | None:
    """An address of the protocol for a person who is not enrolled, and so has no completion code."""
    return _filled(address, code="", participant=arrival.external_id if arrival else "")


def _filled(address: str | None, *, code: str, participant: str) -> str | None:
    if address is None:
        return None
    return address.replace("{code}", quote(code, safe="")).replace("{participant}", quote(participant, safe=""))
