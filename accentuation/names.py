"""Help with mistaken names."""

import difflib
import re
from collections.abc import Iterable

MOST = 5  # names in a hint


def nearest_names(name: str, names: Iterable[str]) -> str:
    """The half sentence that lists the names that hold a mistaken one as a word, then those most like it."""
    known = {each.lower(): each for each in sorted(names)}
    word = re.compile(rf"(?<![a-z0-9]){re.escape(name.lower())}(?![a-z0-9])")
    holding = [each for each in known if name and word.search(each)]
    # A cutoff of 0 always finds some: a poor hint at least shows what names look like here.
    alike = difflib.get_close_matches(name.lower(), known, n=MOST, cutoff=0.0)
    nearest = list(dict.fromkeys([*holding, *alike]))[:MOST]
    return "the nearest names are " + ", ".join(f"`{known[near]}`" for near in nearest)
