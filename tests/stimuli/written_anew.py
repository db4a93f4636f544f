"""Rows of stimuli with other values, as if they had been made so: with the hash of their new record."""

from django.db.models import QuerySet

from stimuli.models import Stimulus


def write_anew(stimuli: "QuerySet[Stimulus]", **values: object) -> None:
    """Write these values into the rows."""
    for row in stimuli.select_related("feature__model", "pool", "image"):
        for name, value in values.items():
            setattr(row, name, value)
        row.record_sha256 = row.hash_of_record()
        row.save()
