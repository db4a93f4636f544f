"""Where participants go when the session is over: the protocol's addresses, filled in for one of them."""

from urllib.parse import quote

from studyapp.models import Ending, Participant, RecruiterIdentity

SCREENED_OUT = (Ending.QUIZ_FAILED, Ending.PRACTICE_FAILED)


def way_out(participant: Participant) -> str | None:
    """The address to which somebody is led whose session is over; None where the protocol has none."""
    recruitment = participant.study.plan.recruitment
    if participant.ended_as:
        return link_for(recruitment.screen_out_url if participant.ended_as in SCREENED_OUT else None, participant)
    if participant.completed_at is not None:
        return link_for(recruitment.completion_url, participant)
    return link_for(recruitment.quota_url, participant)


def link_for(address: str | None, participant: Participant) -> str | None:
    """An address with the completion code and the recruiter's id in their places, written as addresses are."""
    if address is None:
        return None
    identity = RecruiterIdentity.objects.filter(participant=participant).first()
    external_id = identity.external_id if identity else ""
    code = participant.completion_code
    return address.replace("{code}", quote(code, safe="")).replace("{participant}", quote(external_id, safe=""))
