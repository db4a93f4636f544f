"""What a trial's page says of the explanations of each condition."""

from dataclasses import dataclass

from stimuli.protocol import Protocol

# Maps that tell only where, in one row of colours; the others also tell for and against, in two.
ONE_SIGN = frozenset({"grad_cam", "smooth_grad"})


@dataclass(frozen=True)
class Wording:
    """The words of one condition. A heading of more than 78 letters would take three lines on a phone.

    Attributes:
        heading: above the references.
        explained: one word for a reference image that carries its explanation; empty where none can be flipped.
    """

    heading: str
    explained: str = ""

    @property
    def short(self) -> str:
        """The heading where two panels stand side by side, each with the room of half a line."""
        return self.heading.replace(" in these images", "")


def wording(condition: str, protocol: Protocol) -> Wording:
    """How the reference panel of a condition is called."""
    match condition:
        case "none":
            return Wording("For this detector there are no images to learn from.")
        case "visualization":
            return Wording("These pictures were computed so that this detector responds strongly to them.")
        case "accentuation":
            return Wording("This detector responds strongly to what is accentuated in these images.", "accentuated")
        case "suppression":
            return Wording("This detector responds strongly to what is suppressed in these images.", "suppressed")
        case "attribution" if protocol.stimuli.attribution.method in ONE_SIGN:
            # Not "to what is yellow": it would be taken for the detector's taste.
            return Wording("Colours show where in these images this detector responds: yellow most.", "coloured")
        case "attribution":
            return Wording("Red marks what raises this detector's response, blue what lowers it.", "coloured")
        case _:
            return Wording("This detector responds strongly to these images.")
