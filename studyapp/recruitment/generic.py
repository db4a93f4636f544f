"""Any other panel: the protocol names its parameters."""

from collections.abc import Mapping

from stimuli.protocol import RecruitmentTable
from studyapp.recruitment.arrival import Arrival, optional, required


def arrive(parameters: Mapping[str, str], table: RecruitmentTable) -> Arrival:
    """The ids in the parameters of the protocol."""
    assert table.participant_parameter is not None, "the protocol sees to it"
    session = optional(parameters, table.session_parameter) if table.session_parameter else ""
    return Arrival(required(parameters, table.participant_parameter), session)
