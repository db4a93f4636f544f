"""Carrying the recruiter's ids from page to page until the person is enrolled: signed, so that nobody edits them."""

from django.core import signing

from studyapp.models import Study
from studyapp.recruitment.arrival import Arrival, ArrivalError

FIELD = "arrival"
# Longer than anyone reads a consent text. How long the panel's signature holds is carried along.
SECONDS = 24 * 60 * 60


def signed_arrival(study: Study, arrival: Arrival | None) -> str:
    """The arrival as a form carries it; empty for none."""
    if arrival is None:
        return ""
    carried = [arrival.external_id, arrival.session_id, arrival.valid_until, arrival.exposed]
    return signing.dumps(carried, salt=_salt(study))


def carried_arrival(study: Study, text: str) -> Arrival | None:
    """The arrival that a form of this study carried; None where nobody is known.

    Raises:
        ArrivalError: it was not signed here or for another study, is too old, or is missing where it is needed.
    """
    if not text and study.plan.recruitment.source == "open":
        return None
    try:
        external_id, session_id, valid_until, exposed = signing.loads(text, salt=_salt(study), max_age=SECONDS)
    except (signing.BadSignature, ValueError) as error:  # no text at all is a ValueError
        raise ArrivalError("not carried here") from error
    return Arrival(external_id, session_id, valid_until, carried=True, exposed=exposed)


def _salt(study: Study) -> str:
    return f"studyapp.arrival.{study.pk}"
