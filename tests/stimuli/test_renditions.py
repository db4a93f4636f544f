"""Files for the web: which are made, once, and that they hold nothing but pixels."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stimuli import files
from stimuli.models import ImagePool, Rendition, SourceImage
from stimuli.orders import FormatName
from stimuli.pictures import decode, encode, scaled
from stimuli.protocol import FilesTable
from stimuli.renditions import is_rendition, lacks_renditions, make_renditions, web_file, web_widths


def noisy(side: int) -> Image.Image:
    """A picture with metadata of every kind that Pillow writes."""
    pixels = np.random.default_rng(1).integers(0, 255, (side // 16, side // 16, 3)).astype(np.uint8)
    picture = Image.fromarray(pixels).resize((side, side))
    exif = Image.Exif()
    exif[0x010E] = "secret-name"
    picture.info |= {"exif": exif.tobytes(), "icc_profile": b"secret-profile", "dpi": (300, 300), "comment": b"secret"}
    return picture


@pytest.fixture
def image(db: None, image_root: Path) -> SourceImage:
    pool = ImagePool.objects.create(name="pool", origin="test", image_size=128)
    sha256 = files.store(encode(noisy(128), "png"))
    return SourceImage.objects.create(pool=pool, sha256=sha256, left=0, top=0, side=128)


def test_widths_are_those_that_are_smaller_and_the_images_own() -> None:
    assert web_widths(FilesTable(), 256) == [256]
    assert web_widths(FilesTable(widths=(512, 64, 128, 256)), 256) == [64, 128, 256]


def test_an_original_that_serves_as_it_is_is_not_made_again(image: SourceImage) -> None:
    assert list(make_renditions([image], FilesTable())) == []
    file = web_file(image, FilesTable(), 128)
    assert file is not None
    assert (file.sha256, file.content_type) == (image.sha256, "image/png")


@pytest.mark.parametrize("image_format", ["png", "webp"])
def test_each_width_is_made_once_and_again_when_its_file_is_lost(image: SourceImage, image_format: str) -> None:
    table = FilesTable(format=image_format, widths=(32, 64))  # type: ignore[arg-type]
    assert lacks_renditions(image, table)
    assert web_file(image, table, 64) is None
    made = list(make_renditions([image, image], table))
    assert len(made) == Rendition.objects.count() == (2 if image_format == "png" else 3)
    assert not lacks_renditions(image, table)
    for width in (32, 64, 128):
        file = web_file(image, table, width)
        assert file is not None
        with Image.open(BytesIO(files.read(file.sha256))) as picture:
            assert (picture.format, picture.size) == (image_format.upper(), (width, width))
            expected = np.asarray(scaled(decode(files.read(image.sha256)), width)).astype(int)
            assert np.abs(np.asarray(picture.convert("RGB")) - expected).mean() < (
                0.01 if image_format == "png" else 10
            )
    assert web_file(image, table, 100) is None

    assert list(make_renditions([image], table)) == []
    path = files.local_path_or_none(made[0].sha256)
    assert path is not None
    path.unlink()
    assert lacks_renditions(image, table)
    assert list(make_renditions([image], table)) == made[:1]
    assert Rendition.objects.count() == len(made)


@pytest.mark.parametrize("image_format", ["png", "webp"])
def test_a_rendition_is_known_by_its_pixels(image_format: FormatName) -> None:
    original = encode(noisy(128), "png")
    made = scaled(decode(original), 64)
    assert is_rendition(encode(made, image_format), original, 64, image_format)
    again = BytesIO()  # as another release of the encoder might write it
    options = {"compress_level": 1} if image_format == "png" else {"quality": 95, "method": 3}
    made.save(again, image_format, **options)
    assert again.getvalue() != encode(made, image_format)
    assert is_rendition(again.getvalue(), original, 64, image_format)
    marked = made.copy()
    marked.paste((255, 0, 0), (2, 2, 6, 6))
    for other in (marked, made.transpose(Image.Transpose.FLIP_LEFT_RIGHT), scaled(made, 32)):
        assert not is_rendition(encode(other, image_format), original, 64, image_format)


@pytest.mark.parametrize("image_format", ["png", "webp"])
def test_a_file_holds_pixels_and_no_metadata(image_format: str) -> None:
    data = encode(noisy(64), image_format)  # type: ignore[arg-type]
    assert b"secret" not in data
    chunks = png_chunks(data) if image_format == "png" else webp_chunks(data)
    assert set(chunks) <= {"IHDR", "IDAT", "IEND", "VP8 "}


def png_chunks(data: bytes) -> list[str]:
    """The names of the chunks, read by hand."""
    names, place = [], 8
    while place < len(data):
        length = int.from_bytes(data[place : place + 4])
        names.append(data[place + 4 : place + 8].decode())
        place += 12 + length
    return names


def webp_chunks(data: bytes) -> list[str]:
    """Likewise; a file with metadata would begin with an extended header, VP8X."""
    names, place = [], 12
    while place < len(data):
        length = int.from_bytes(data[place + 4 : place + 8], "little")
        names.append(data[place : place + 4].decode())
        place += 8 + length + length % 2
    return names
