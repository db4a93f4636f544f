"""Prolific: three ids in the address, signed by Prolific where the study asks for secure addresses."""

from collections.abc import Mapping

from stimuli.protocol import RecruitmentTable
from studyapp.recruitment.arrival import Arrival, UnverifiedError, optional, required
from studyapp.recruitment.signature import signed_claims, valid_until

PERSON, STUDY, SUBMISSION = "PROLIFIC_PID", "STUDY_ID", "SESSION_ID"
NAMES = (PERSON, STUDY, SUBMISSION)
TOKEN = "prolific_token"


def arrive(parameters: Mapping[str, str], table: RecruitmentTable) -> Arrival:
    """The person's id and the submission's; from the signed token, where the protocol has signatures verified.

    Raises:
        UnverifiedError: there is no token, it does not hold, or the address says something else.
        UnavailableError: Prolific's keys cannot be fetched.
    """
    if not table.jwks_url:
        return Arrival(required(parameters, PERSON), optional(parameters, SUBMISSION))
    claims = signed_claims(parameters.get(TOKEN, ""), jwks_url=table.jwks_url, audience=table.audience)
    ids = _signed_ids(claims.get("prolific"), parameters)
    return Arrival(required(ids, PERSON), optional(ids, SUBMISSION), valid_until(claims))


def _signed_ids(claims: object, parameters: Mapping[str, str]) -> dict[str, str]:
    """The ids that the token holds in its claim ``prolific``; the address may repeat them, but not alter them.

    Raises:
        UnverifiedError: there is no such claim, or the address says something else.
    """
    if not isinstance(claims, dict):
        raise UnverifiedError("no claim `prolific` in the token")
    signed = {name: value for name in NAMES if isinstance(value := claims.get(name), str)}
    altered = [name for name in NAMES if name in parameters and parameters[name] != signed.get(name)]
    if altered:
        raise UnverifiedError(f"the token has other values of {', '.join(altered)}")
    return signed
