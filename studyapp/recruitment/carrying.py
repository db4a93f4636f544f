"""Carrying the recruiter's ids from page to page until the person is enrolled: signed, so that nobody edits them."""

from django.core import signing

from studyapp.models import Study
from studyapp.recruitment.arrival import Arrival, ArrivalError

FIELD = "arrival"
# Longer than anyone reads a consent text; the signature of the panel is verified before, not again.
SECONDS = 24 * 60 * 60


def signed_arrival(study: Study, arrival: Arrival | None) -> str:
    """The arrival as a form carries it; empty for none."""
    if arrival is None:
        return ""
    return signing.dumps([arrival.external_id, arrival.session_id], salt=_salt(study))


def carried_arrival(study: Study, text: str) -> Arrival | None:
    """The arrival that a form of this study carried; None where nobody is known.

    Raises:
        ArrivalError: it was not signed here or for another study, is too old, or is missing where it is needed.
    """
    if not text and study.plan.recruitment.source == "open":
        return None
    try:
        external_id, session_id = signing.loads(text, salt=_salt(study), max_age=SECONDS)
    except signing.BadSignature as error:
        raise ArrivalError("not carried here") from error
    return Arrival(external_id, session_id)


def _salt(study: Study) -> str:
    return f"studyapp.arrival.{study.pk}"
