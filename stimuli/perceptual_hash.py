"""What an image looks like, in 64 bits."""

from io import BytesIO

import imagehash
import numpy as np
from PIL import Image


def perceptual_hash(png: bytes) -> int:
    """The pHash of the image in a file: which of its 64 lowest frequencies are above their median.

    As PostgreSQL's bigint holds it, a signed number: -2**63 to 2**63 - 1.
    """
    with Image.open(BytesIO(png)) as image:
        bits = imagehash.phash(image).hash  # (8, 8) of bool
    return int.from_bytes(np.packbits(bits).tobytes(), signed=True)
