"""Small copies of images for pages that show many."""

import io

from PIL import Image

# In pixels: twice the largest side in CSS pixels, for screens of high density.
SIDE = 224
QUALITY = 82


def thumbnail(data: bytes) -> bytes:
    """The image of these bytes scaled to 224 px, as WebP; one that is smaller keeps its size."""
    with Image.open(io.BytesIO(data)) as image:
        small = image.convert("RGB")
    small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=QUALITY)
    return buffer.getvalue()
