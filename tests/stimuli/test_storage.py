"""Images in a storage that is no folder: everything still works through the one door."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, storages
from django.core.management import call_command
from PIL import Image

from stimuli import files
from stimuli.models import Activation, SourceImage, image_name, image_path
from stimuli.pictures import encode


@pytest.fixture
def in_memory(settings: Any, tmp_path: Path) -> InMemoryStorage:
    settings.IMAGE_ROOT = tmp_path / "never-written"
    settings.STORAGES = settings.STORAGES | {"images": {"BACKEND": "django.core.files.storage.InMemoryStorage"}}
    storage = storages["images"]
    assert isinstance(storage, InMemoryStorage)
    return storage


def test_files_are_kept_read_and_proven_without_a_folder(in_memory: InMemoryStorage, tmp_path: Path) -> None:
    sha256 = files.store(b"pixels")
    assert in_memory.exists(image_name(sha256))
    assert files.read(sha256) == files.source(sha256) == b"pixels"
    assert files.local_path_or_none(sha256) is None
    assert files.is_whole(sha256)
    assert files.is_there(sha256)
    assert files.sweep_leftovers() == 0
    assert not (tmp_path / "never-written").exists()


def test_a_damaged_file_is_mended_under_its_own_name(in_memory: InMemoryStorage) -> None:
    name = image_name(files.sha256_of(b"pixels"))
    in_memory.save(name, ContentFile(b"pix"))
    assert not files.is_whole(files.sha256_of(b"pixels"))
    assert files.store(b"pixels") == files.sha256_of(b"pixels")
    assert files.is_whole(files.sha256_of(b"pixels"))
    assert in_memory.listdir(name[:2])[1] == [name[3:]]


def test_what_is_not_there_is_said(in_memory: InMemoryStorage) -> None:
    with pytest.raises(
        files.MissingFileError, match=r"file of the image 0000.* is missing; run the same import_images"
    ):
        files.read("0" * 64)
    assert not files.is_there("0" * 64)


@pytest.mark.django_db
def test_a_pool_is_made_and_its_images_come_as_bytes(in_memory: InMemoryStorage, photographs: Path) -> None:
    call_command("import_images", str(photographs), pool="small", size=64)
    image = SourceImage.objects.all()[0]
    assert files.is_whole(image.sha256)
    source = files.source(image.sha256)
    assert isinstance(source, bytes)
    assert source == files.read(image.sha256)


@pytest.mark.django_db
def test_a_pool_is_surveyed_and_its_hashes_are_filled_in_from_bytes(
    in_memory: InMemoryStorage, photographs: Path
) -> None:
    call_command("import_images", str(photographs), pool="small", size=64)
    hashes = list(SourceImage.objects.values_list("perceptual_hash", flat=True))
    SourceImage.objects.update(perceptual_hash=None)
    call_command("import_images", str(photographs), pool="small", size=64)
    assert list(SourceImage.objects.values_list("perceptual_hash", flat=True)) == hashes
    call_command("survey_features", "efficientnet_lite0", "small", features=["logit=285"], workers=1, device="cpu")
    assert Activation.objects.count() == 16


def test_in_the_data_folder_a_file_has_a_path_that_ends_as_it_is(image_root: Path) -> None:
    picture = Image.new("RGB", (8, 8), "red")
    for image_format in ("png", "webp"):
        sha256 = files.store(encode(picture, image_format))  # type: ignore[arg-type]
        assert files.local_path_or_none(sha256) == files.source(sha256) == image_path(sha256, image_format)
    # The path where a lost file belongs, so that who opens it can name it.
    assert files.source("0" * 64) == image_path("0" * 64)
    assert files.local_path_or_none("0" * 64) is None
