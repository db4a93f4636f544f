"""Near-duplicates: copies of real photographs are known, different photographs are not taken for copies."""

import itertools
import shutil
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from django.core.management import call_command
from PIL import Image

from stimuli.models import SourceImage
from stimuli.near_duplicates import hamming_distance, near_duplicates
from stimuli.perceptual_hash import perceptual_hash


def png(image: Image.Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


def jpeg(image: Image.Image) -> Image.Image:
    buffer = BytesIO()
    image.save(buffer, format="JPEG", quality=40)
    return Image.open(buffer).convert("RGB")


def without_edge(image: Image.Image) -> Image.Image:
    return image.crop((1, 1, image.width - 1, image.height - 1))


def half(image: Image.Image) -> Image.Image:
    return image.resize((image.width // 2, image.height // 2))


@pytest.fixture
def pictures(photographs: Path) -> list[Image.Image]:
    return [Image.open(path) for path in sorted(photographs.iterdir())]


@pytest.mark.parametrize("change", [jpeg, half, without_edge])
def test_a_changed_copy_is_a_near_duplicate(
    pictures: list[Image.Image], change: Callable[[Image.Image], Image.Image]
) -> None:
    apart = [hamming_distance(perceptual_hash(png(one)), perceptual_hash(png(change(one)))) for one in pictures]
    # A fine texture that is shifted by a pixel looks like another one to the hash: the most that may be missed.
    assert sum(distance > 10 for distance in apart) <= (1 if change is without_edge else 0)
    assert any(distance > 0 for distance in apart)


def test_no_two_different_photographs_are_near_duplicates(pictures: list[Image.Image]) -> None:
    hashes = [perceptual_hash(png(one)) for one in pictures]
    assert not any(near_duplicates(one, other) for one, other in itertools.combinations(hashes, 2))


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [(0, 0, 0), (0, 1, 1), (-1, 0, 64), (-(2**63), 0, 1), (-(2**63), 2**63 - 1, 64), (-2, -1, 1), (5, 6, 2)],
)
def test_the_distance_counts_the_bits_of_signed_numbers(one: int, other: int, distance: int) -> None:
    assert hamming_distance(one, other) == hamming_distance(other, one) == distance


def test_ten_bits_are_near_and_eleven_are_not() -> None:
    assert near_duplicates(0, 0b11_1111_1111)
    assert not near_duplicates(0, 0b111_1111_1111)


def test_a_hash_is_the_libraries_as_a_signed_number() -> None:
    image = Image.linear_gradient("L").convert("RGB")
    # Computed apart from this code, with imagehash's own text: a1c0... is above 2**63, so the number is negative.
    import imagehash

    assert f"{perceptual_hash(png(image)) % 2**64:016x}" == str(imagehash.phash(image))
    assert -(2**63) <= perceptual_hash(png(image)) < 2**63


@pytest.mark.django_db
def test_images_are_hashed_at_import_and_those_of_an_older_pool_by_the_same_import_again(
    image_root: Path, photographs: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(photographs, folder)
    call_command("import_images", str(folder), pool="mine", size=64)
    hashes = dict(SourceImage.objects.values_list("sha256", "perceptual_hash"))
    assert hashes == {image.sha256: perceptual_hash(image.path.read_bytes()) for image in SourceImage.objects.all()}
    SourceImage.objects.update(perceptual_hash=None)
    call_command("import_images", str(folder), pool="mine", size=64)
    assert dict(SourceImage.objects.values_list("sha256", "perceptual_hash")) == hashes
    # Also where files were lost, so that everything is cut again.
    SourceImage.objects.update(perceptual_hash=None)
    SourceImage.objects.all()[0].path.unlink()
    call_command("import_images", str(folder), pool="mine", size=64)
    assert dict(SourceImage.objects.values_list("sha256", "perceptual_hash")) == hashes
