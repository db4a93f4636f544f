"""The protocol's texts as pages show them."""

import re


def paragraphs(text: str) -> list[str]:
    """Split at blank lines; a line break within a paragraph is only how the file was wrapped. No text, no paragraph."""
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip()) if part]
