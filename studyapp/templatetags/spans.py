"""Spans of time as people say them."""

from datetime import timedelta

from django import template

register = template.Library()


@register.filter
def minutes(span: timedelta) -> str:
    """Minutes and seconds, such as ``12 min 05 s``."""
    whole, seconds = divmod(round(span.total_seconds()), 60)
    return f"{whole} min {seconds:02} s"
