"""Pictures as the bytes of files: nothing but pixels goes into them, no metadata of any kind. No torch."""

from io import BytesIO

from PIL import Image

from stimuli.orders import FormatName

# On photographs of 256 px this quality was 1.5 to 2.4 steps of 255 away from the source on average, which is not seen,
# and took a fifth of the bytes of a PNG. Method 6 is the slowest and gives the smallest file.
WEBP_QUALITY = 95
WEBP_METHOD = 6


def encode(picture: Image.Image, image_format: FormatName) -> bytes:
    """The bytes of a file with these pixels, 8-bit RGB or grey."""
    plain = picture.copy()
    plain.info.clear()  # Pillow writes colour profiles and EXIF that an opened file had
    buffer = BytesIO()
    if image_format == "webp":
        plain.save(buffer, format="WEBP", quality=WEBP_QUALITY, method=WEBP_METHOD)
    else:
        plain.save(buffer, format="PNG")
    return buffer.getvalue()


def decode(data: bytes) -> Image.Image:
    """The picture in a file that this project wrote, as 8-bit RGB.

    Raises:
        OSError: the file is damaged.
    """
    with Image.open(BytesIO(data)) as image:
        return image.convert("RGB")


def scaled(picture: Image.Image, width: int) -> Image.Image:
    """A square picture at another width, in the filter with which photographs are imported."""
    return picture if picture.width == width else picture.resize((width, width), Image.Resampling.LANCZOS)
