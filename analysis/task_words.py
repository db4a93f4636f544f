"""What the report says of each task: its question, what participants saw and did, what the right choice is."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class TaskWords:
    """The words of one task. ``did`` continues "participants" and holds ``{references}`` and ``{models}``."""

    question: str
    did: str
    right: str


WORDS = {
    "held_out": TaskWords(
        "which of two unseen images does the detector respond to more?",
        "saw {references} reference images of one feature of {models} and chose which of two held-out images the "
        "feature responds to more",
        "the strongly activating image",
    ),
    "continuation": TaskWords(
        "which of two images continues a change by which the detector responds more?",
        "saw an image and, unless the condition was none, its weak accentuation for one feature of {models}, and chose "
        "which of two images continues it: its strong accentuation for the feature, or one for another feature",
        "the strong accentuation",
    ),
    "transfer": TaskWords(
        "which of two changes of a new image makes the detector respond more?",
        "saw {references} reference images of one feature of {models} and chose which of two accentuations of a new "
        "image is of this feature, the other one being of another feature",
        "the accentuation of the feature",
    ),
}
OTHER = TaskWords("which of two images is right?", "chose one of two images", "the right image")


def words_of(task: str) -> TaskWords:
    """The words of a task; plain ones for a task that did not come with the program."""
    return WORDS.get(task, OTHER)


def right_choice(tasks: Sequence[str]) -> str:
    """What the right choice is, in all of these tasks."""
    return words_of(tasks[0]).right if len(tasks) == 1 else OTHER.right
