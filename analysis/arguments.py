"""Values that several commands take on their command line."""

import argparse


def seed(text: str) -> int:
    """A seed of random draws, from 0.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return int(text)
