"""How the templates of the tasks show an image."""

from typing import Any

from django import template
from django.template import Context

from studyapp.addresses import image_address

register = template.Library()


@register.inclusion_tag("studyapp/tasks/_image.html", takes_context=True)
def trial_image(context: Context, slot: str, alt: str, layer: str = "") -> dict[str, Any]:
    """The image in a slot of the context's trial; ``layer`` is a class that it gets."""
    return {
        "url": image_address(context["trial"], slot, context["image_format"]),
        "widths": context["widths"],
        "alt": alt,
        "layer": layer,
    }
