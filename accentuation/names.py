"""Help with mistaken names."""

import difflib
from collections.abc import Iterable


def nearest_names(name: str, names: Iterable[str]) -> str:
    """The half sentence that lists the names most like a mistaken one."""
    # A cutoff of 0 always finds some: a poor hint at least shows what names look like here.
    nearest = difflib.get_close_matches(name, sorted(names), n=5, cutoff=0.0)
    return "the nearest names are " + ", ".join(f"`{near}`" for near in nearest)
