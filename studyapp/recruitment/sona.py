"""SONA, the participant pools of universities: ``%SURVEY_CODE%`` in the study's address names the sign-up."""

from collections.abc import Mapping

from stimuli.protocol import RecruitmentTable
from studyapp.recruitment.arrival import Arrival, required


def arrive(parameters: Mapping[str, str], table: RecruitmentTable) -> Arrival:
    """The survey code, in the parameter that SONA's own credit address has, or in ``id``, which its manual uses."""
    del table
    return Arrival(required(parameters, "survey_code", "id"))
