"""What a text was meant to be that is nearly the text form of a feature."""

import difflib
import re
from collections.abc import Iterator

KINDS = ("logit", "class", "channel", "neuron", "direction", "map")

_LATER = f"(?:{'|'.join(KINDS[2:])})"
# Where a term of a sum begins: perhaps a weight, perhaps a layer, and a kind.
_TERM_AHEAD = rf"(?=(?:[\d.]+\*)?(?:[^:=\s*+-]+:)?(?:{'|'.join(KINDS)})=)"


def respelled(text: str) -> Iterator[str]:
    """Other spellings to try, the nearest first; whether one is a feature is for the reader to find out."""
    tidy = re.sub(r"\s*([=:*@])\s*", r"\1", text)
    tidy = re.sub(r"([A-Za-z]+)=", _nearest_kind, tidy)
    tidy = re.sub(rf"\.({_LATER})=", r":\1=", tidy)
    if re.fullmatch(r"\d+", tidy):
        tidy = f"logit={tidy}"
    yield tidy
    yield re.sub(rf"(?<=\S)\s*([-+])\s*{_TERM_AHEAD}", r" \1 ", tidy)
    loose = re.sub(r"'([^']*)'", r'"\1"', tidy)
    loose = re.sub(rf"\b({'|'.join(KINDS)})[\s:]+(?=[\w\"])", r"\1=", loose)
    loose = re.sub(rf"[\s/]+(?={_LATER}=)", ":", loose)
    loose = re.sub(r":(?=\d+$)", ":channel=", loose)
    loose = re.sub(rf"\s*(?:,|&|\band\b)\s*{_TERM_AHEAD}", " + ", loose)
    loose = re.sub(r"(?<=[-+] )([\d.]+)(?=[a-z])", r"\1*", loose)
    yield re.sub(r"^\+\s*|(?<=^-)\s+", "", loose)


def _nearest_kind(match: re.Match[str]) -> str:
    near = difflib.get_close_matches(match[1].lower(), KINDS, n=1)
    return f"{near[0] if near else match[1]}="
