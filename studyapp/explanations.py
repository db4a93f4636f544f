"""What a trial's page says of the explanations of each condition."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from stimuli.protocol import Protocol

# Maps that tell only where, in one row of colours; the others also tell for and against, in two.
ONE_SIGN = frozenset({"grad_cam", "smooth_grad"})


@dataclass(frozen=True)
class Wording:
    """The words of one condition. A heading of more than 78 letters would take three lines on a phone.

    Attributes:
        heading: above the references.
        short: the heading where two panels stand side by side, each with the room of half a line.
        explained: one word for a reference image that carries its explanation; empty where none can be flipped.
        show_explained: on the button that shows the explanations again.
        keys: what the key F does.
        flips_one: whether it is one image alone that can be flipped.
        look: beside the instructions' picture of a trial, what its evidence is; empty where it shows what one
            detector responds to.
    """

    heading: str
    short: str
    explained: str = ""
    show_explained: str = ""
    keys: str = ""
    flips_one: bool = False
    look: str = ""


def wording(condition: str, protocol: Protocol) -> Wording:
    """How the reference panel of a condition is called."""
    match condition:
        case "none":
            return _plain(_("For this detector there are no images to learn from."))
        case "visualization":
            return _plain(_("These pictures were computed so that this detector responds strongly to them."))
        case "accentuation":
            return Wording(
                heading=_("This detector responds strongly to what is accentuated in these images."),
                short=_("This detector responds strongly to what is accentuated."),
                explained=_("accentuated"),
                show_explained=_("Show the accentuated images"),
                keys=_("F changes between accentuated and original images; hold it for a short look."),
            )
        case "suppression":
            return Wording(
                heading=_("This detector responds strongly to what is suppressed in these images."),
                short=_("This detector responds strongly to what is suppressed."),
                explained=_("suppressed"),
                show_explained=_("Show the suppressed images"),
                keys=_("F changes between suppressed and original images; hold it for a short look."),
            )
        case "attribution" if protocol.stimuli.attribution.method in ONE_SIGN:
            # Not "to what is yellow": it would be taken for the detector's taste.
            return _coloured(
                _("Colours show where in these images this detector responds: yellow most."),
                _("Colours show where this detector responds: yellow most."),
            )
        case "attribution":
            heading = _("Red marks what raises this detector's response, blue what lowers it.")
            return _coloured(heading, heading)
        case _:
            return _plain(_("This detector responds strongly to these images."))


def _plain(heading: str) -> Wording:
    """Of a condition in which nothing can be flipped."""
    return Wording(heading=heading, short=heading)


def _coloured(heading: str, short: str) -> Wording:
    return Wording(
        heading=heading,
        short=short,
        explained=_("coloured"),
        show_explained=_("Show the coloured images"),
        keys=_("F changes between coloured and original images; hold it for a short look."),
    )
