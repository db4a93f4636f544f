"""The known sources, by the name that the protocol gives them. A further one is a file, and a line here."""

from collections.abc import Mapping

from stimuli.protocol import RecruitmentTable
from studyapp.recruitment import anyone, generic, prolific, sona
from studyapp.recruitment.arrival import Arrival, Source

SOURCES: Mapping[str, Source] = {
    "open": anyone.arrive,
    "prolific": prolific.arrive,
    "sona": sona.arrive,
    "generic": generic.arrive,
}


def arrival_from(parameters: Mapping[str, str], table: RecruitmentTable) -> Arrival | None:
    """Who comes with an address of these parameters, by the source of the protocol; None for an open study.

    Raises:
        ArrivalError: the parameters do not say it, or (its subclasses) it cannot be believed.
    """
    return SOURCES[table.source](parameters, table)
