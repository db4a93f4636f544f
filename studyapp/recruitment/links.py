"""Where people are led afterwards: the recruiter's addresses with the ids filled in."""

from urllib.parse import quote

from studyapp.models import Participant, RecruiterIdentity
from studyapp.recruitment.arrival import Arrival


def completion_link(participant: Participant) -> str | None:
    """Where the last page leads; None where the protocol names no address."""
    return link_for(participant.study.plan.recruitment.completion_url, participant)


def screen_out_link(participant: Participant) -> str | None:
    """Where those are led who did not pass quiz or practice; None where the protocol names no address."""
    return link_for(participant.study.plan.recruitment.screen_out_url, participant)


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
