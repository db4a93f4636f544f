"""Participants who do not exist: how the simulator marks them, and what is said of a report that rests on them."""

# A code of the study site is random and has no hyphen.
PREFIX = "synthetic-"


def is_synthetic(participant: str) -> bool:
    """Whether a participant's code is one of the simulator's."""
    return participant.startswith(PREFIX)


def nobody_took_part(participants: int) -> str:
    """The sentence without which a dry run would be taken for a study."""
    people = "the only participant is" if participants == 1 else f"all {participants:,} participants are"
    return f"A dry run: {people} simulated, and nobody took part. No number here says anything about people."
