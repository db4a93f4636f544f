"""`import_images`: whole pools from good photographs, one sentence for each bad one."""

import errno
import os
import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from stimuli import files, pools
from stimuli.built_in import built_in_photographs
from stimuli.models import ImagePool, SourceImage

pytestmark = pytest.mark.django_db


def picture(seed: int = 0, width: int = 90, height: int = 70) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


def truncated(path: Path) -> None:
    picture().save(path, format="PNG")
    path.write_bytes(path.read_bytes()[:2000])


def truncated_jpeg(path: Path) -> None:
    picture().save(path, format="JPEG")
    path.write_bytes(path.read_bytes()[:2000])


def text(path: Path) -> None:
    path.write_text("not an image")


def empty(path: Path) -> None:
    path.touch()


def tiny(path: Path) -> None:
    picture(width=1, height=1).save(path, format="PNG")


def narrow(path: Path) -> None:
    picture(width=500, height=63).save(path, format="PNG")


def huge(path: Path) -> None:
    """20,000 x 20,000 pixels in its header; no decoder should get as far as the pixels."""
    header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks))


def large(path: Path) -> None:
    """60 million pixels: below Pillow's limit, above ours."""
    Image.new("1", (10_000, 6_000)).save(path, format="PNG")


def sixteen_bit(path: Path) -> None:
    Image.fromarray(np.full((80, 80), 40_000, dtype=np.uint16)).save(path, format="PNG")


def sixteen_bit_colour(path: Path) -> None:
    """Pillow opens it as 8-bit RGB; only the header tells."""
    rows = zlib.compress(80 * (b"\0" + 80 * 6 * b"\x9c"))
    header = struct.pack(">IIBBBBB", 80, 80, 16, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks))


def text_bomb(path: Path) -> None:
    """A comment that inflates to more than Pillow takes."""
    information = PngInfo()
    information.add_text("note", 5_000_000 * "x", zip=True)
    picture().save(path, format="PNG", pnginfo=information)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (truncated, "is truncated or damaged"),
        (truncated_jpeg, "is truncated or damaged"),
        (text, "is not an image"),
        (empty, "is not an image"),
        (tiny, r"is too small \(1 x 1 pixels\)"),
        (narrow, r"is too small \(500 x 63 pixels\)"),
        (huge, "is too large"),
        (large, r"is too large \(more than 50 million pixels\)"),
        (sixteen_bit, "does not have 8 bits a channel"),
        (sixteen_bit_colour, "does not have 8 bits a channel"),
        (text_bomb, "is truncated or damaged"),
    ],
)
def test_a_bad_file_is_named_and_nothing_is_stored(
    image_root: Path, tmp_path: Path, make: Callable[[Path], None], sentence: str
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    picture().save(folder / "good.png")
    make(folder / "bad.png")
    with pytest.raises(CommandError, match=rf"bad\.png {sentence}") as caught:
        call_command("import_images", str(folder), pool="mine", size=64)
    assert caught.value.returncode == 1
    assert not ImagePool.objects.exists()
    assert not SourceImage.objects.exists()
    assert not image_root.exists()


@pytest.mark.parametrize("name", [b"caf\xe9.png", b"two\nlines.png"])
def test_a_file_name_that_cannot_be_shown_is_refused(image_root: Path, tmp_path: Path, name: bytes) -> None:
    picture().save(tmp_path / "good.png")
    (tmp_path / "good.png").rename(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    with pytest.raises(CommandError, match="holds characters that cannot be shown; rename it") as caught:
        call_command("import_images", str(tmp_path), pool="mine", size=64)
    assert str(caught.value).isascii()
    assert len(str(caught.value).splitlines()) == 2
    assert not ImagePool.objects.exists()
    assert not image_root.exists()


def test_a_file_name_may_hold_any_letters_and_spaces(image_root: Path, tmp_path: Path) -> None:
    name = "Aufnahme um 3.45\u202fPM, caf\u00e9\u00a0\u732b.png"
    picture().save(tmp_path / name)
    call_command("import_images", str(tmp_path), pool="mine", size=64)
    assert SourceImage.objects.get().photograph_name == name


def test_a_folder_whose_name_is_not_utf8_can_be_imported_from_inside(
    image_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    folder.mkdir()
    picture().save(folder / "a.png")
    monkeypatch.chdir(folder)
    call_command("import_images", ".", pool="mine", size=64)
    assert ImagePool.objects.get().origin == "folder caf\ufffd"


def test_what_pillow_warns_of_does_not_stand_among_the_sentences(
    image_root: Path, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    picture().save(tmp_path / "a.jpg", exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0")
    with Image.open(tmp_path / "a.jpg") as opened:
        opened.getexif()
    assert "Corrupt EXIF data" in str(recwarn.pop(UserWarning).message)
    call_command("import_images", str(tmp_path), pool="mine", size=64)
    assert not [one for one in recwarn if "EXIF" in str(one.message)]


def test_all_bad_files_are_listed(image_root: Path, tmp_path: Path) -> None:
    text(tmp_path / "one.png")
    tiny(tmp_path / "two.png")
    with pytest.raises(CommandError) as caught:
        call_command("import_images", str(tmp_path), pool="mine", size=64)
    first, second, last = str(caught.value).splitlines()
    assert "one.png is not an image" in first
    assert "two.png is too small" in second
    assert last == "Nothing was imported."


def test_a_folder_without_images_is_refused(image_root: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(CommandError, match="holds no image files"):
        call_command("import_images", str(tmp_path), pool="mine")
    with pytest.raises(CommandError, match="does not exist"):
        call_command("import_images", str(tmp_path / "absent"), pool="mine")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"pool": None}, "Give the pool a name"),
        ({"pool": "My Pool"}, "'My Pool'"),
        ({"pool": "mine", "size": 63}, r"--size must be from 64 to 2048 pixels \(found 63\)"),
    ],
)
def test_bad_options_are_refused(tmp_path: Path, options: dict[str, object], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("import_images", str(tmp_path), **options)


def test_the_exit_code_is_1_and_the_sentence_stands_on_stderr(
    tmp_path: Path, command_environment: dict[str, str]
) -> None:
    text(tmp_path / "bad.png")
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], env=command_environment, check=True)
    done = subprocess.run(
        [sys.executable, "manage.py", "import_images", str(tmp_path), "--pool", "mine"],
        env=command_environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "bad.png is not an image, whatever its name says" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_photograph_gives_its_centre_square(image_root: Path, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    picture(width=120, height=80).save(tmp_path / "sub" / "wide.PNG")
    call_command("import_images", str(tmp_path), pool="mine", size=64)
    image = SourceImage.objects.get()
    assert (image.left, image.top, image.side) == (20, 0, 80)
    assert image.photograph_name == "wide.PNG"
    assert files.is_whole(image.sha256)
    with Image.open(image.path) as stored:
        assert (stored.size, stored.mode) == ((64, 64), "RGB")


def test_a_turned_photograph_is_set_upright_and_loses_its_metadata(image_root: Path, tmp_path: Path) -> None:
    upright = Image.new("RGB", (80, 80), "red")
    upright.paste("blue", (0, 40, 80, 80))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by 90 degrees to stand upright
    exif[0x010F] = "a camera's maker"
    upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png", exif=exif)
    call_command("import_images", str(tmp_path), pool="mine", size=80)
    with Image.open(SourceImage.objects.get().path) as stored:
        assert np.array_equal(np.asarray(stored), np.asarray(upright))
        assert not stored.getexif()
        assert not stored.info


def test_transparent_parts_become_white(image_root: Path, tmp_path: Path) -> None:
    Image.new("RGBA", (80, 80), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    call_command("import_images", str(tmp_path), pool="mine", size=64)
    with Image.open(SourceImage.objects.get().path) as stored:
        assert np.asarray(stored).min() == 255


def test_an_image_that_comes_twice_is_stored_once(
    image_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture().save(tmp_path / "a.png")
    picture().save(tmp_path / "b.png", compress_level=1)
    call_command("import_images", str(tmp_path), pool="mine", size=64)
    assert SourceImage.objects.count() == 1
    assert "b.png shows the same as a.png: stored once." in capsys.readouterr().out


def test_the_same_import_again_reuses_the_pool_and_restores_lost_files(
    image_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    picture(1).save(folder / "a.png")
    picture(2).save(folder / "b.png")
    call_command("import_images", str(folder), pool="mine", size=64)
    rows = list(SourceImage.objects.values())
    first, second = SourceImage.objects.all()
    first.path.unlink()
    second.path.write_bytes(b"damaged")
    call_command("import_images", str(folder), pool="mine", size=64)
    assert "is there already, unchanged: 2 images" in capsys.readouterr().out
    assert list(SourceImage.objects.values()) == rows
    assert files.is_whole(first.sha256)
    assert files.is_whole(second.sha256)


def test_the_same_import_again_cuts_nothing_while_all_files_are_whole(
    image_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    picture(1).save(folder / "a.png")
    picture(2).save(folder / "b.png")
    call_command("import_images", str(folder), pool="mine", size=64)
    before = list(SourceImage.objects.values())
    monkeypatch.setattr(pools, "cut", None)
    call_command("import_images", str(folder), pool="mine", size=64)
    first, second = capsys.readouterr().out.split("Pool mine ")[1:]
    assert first.startswith("made: 2 images of 64 px from 2 photographs.")
    assert second.startswith("is there already, unchanged: 2 images of 64 px from 2 photographs.")
    assert list(SourceImage.objects.values()) == before


def test_a_built_in_pool_is_restored_when_a_file_was_lost_and_quick_when_none_was(
    image_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_command("import_images", built_in=True, size=64, seed=3)
    lost, damaged = SourceImage.objects.all()[:2]
    lost.path.unlink()
    damaged.path.write_bytes(damaged.path.read_bytes()[:-1])
    call_command("import_images", built_in=True, size=64, seed=3)
    assert files.is_whole(lost.sha256)
    assert files.is_whole(damaged.sha256)
    monkeypatch.setattr(pools, "cut", None)
    call_command("import_images", built_in=True, size=64, seed=3)


def test_it_says_which_part_of_the_photographs_was_kept(
    image_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture(1).save(tmp_path / "a.png")
    call_command("import_images", str(tmp_path), pool="mine", size=64)
    assert "the centre square of its photograph, scaled to 64 x 64 px." in capsys.readouterr().out
    call_command("import_images", built_in=True, size=64)
    assert "a square from a random place in its photograph, scaled to 64 x 64 px." in capsys.readouterr().out


def test_a_pool_is_never_changed(image_root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    picture(1).save(folder / "a.png")
    call_command("import_images", str(folder), pool="mine", size=64)
    with pytest.raises(CommandError, match="exists and was made otherwise"):
        call_command("import_images", str(folder), pool="mine", size=65)
    picture(2).save(folder / "b.png")
    with pytest.raises(CommandError, match="exists and holds other images"):
        call_command("import_images", str(folder), pool="mine", size=64)
    shutil.copytree(folder, tmp_path / "other")
    with pytest.raises(CommandError, match="exists and holds other images"):
        call_command("import_images", str(tmp_path / "other"), pool="mine", size=64)
    assert SourceImage.objects.count() == 1


def test_the_same_photographs_from_a_folder_of_another_name_bring_lost_files_back(
    image_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for number in (1, 2):
        picture(number).save(folder / f"{number}.png")
    call_command("import_images", str(folder), pool="mine", size=64)
    lost = SourceImage.objects.all()[0]
    renamed = folder.rename(tmp_path / "renamed")
    for _ in range(2):  # with all files there, and with one that was lost
        capsys.readouterr()
        call_command("import_images", str(renamed), pool="mine", size=64)
        assert "Pool mine is there already, unchanged: 2 images" in capsys.readouterr().out
        assert files.is_whole(lost.sha256)
        lost.path.unlink()
    assert ImagePool.objects.get().origin == "folder mine"


def test_crops_of_the_built_in_photographs_are_not_taken_for_a_folder_of_them(image_root: Path, tmp_path: Path) -> None:
    call_command("import_images", built_in=True, pool="mine", size=64)
    for path in built_in_photographs():
        shutil.copy(path, tmp_path)
    with pytest.raises(CommandError, match="exists and holds other images"):
        call_command("import_images", str(tmp_path), pool="mine", size=64)
    with pytest.raises(CommandError, match="exists and holds other images"):
        call_command("import_images", built_in=True, pool="mine", size=64, seed=1)


def test_it_says_what_was_left_out_and_what_was_transparent(
    image_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture(1).save(tmp_path / "a.png")
    picture(2).convert("RGBA").save(tmp_path / "opaque.png")
    half = picture(3).convert("RGBA")
    half.putalpha(128)
    half.save(tmp_path / "half.png")
    (tmp_path / ".hidden.png").write_bytes(b"x")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    call_command("import_images", str(tmp_path), pool="mine", size=64)
    printed = capsys.readouterr().out
    assert "Photographs with transparent parts, which are white now: 1." in printed
    assert "Files left out: 1 hidden, 1 links that lead nowhere, 1 of other endings." in printed
    assert "Every file counts as a photograph of its own" in printed


def test_the_built_in_photographs_give_several_hundred_distinct_crops(image_root: Path) -> None:
    call_command("import_images", built_in=True, size=64)
    pool = ImagePool.objects.get(name="built-in")
    assert 300 <= pool.images.count() <= 400
    assert pool.images.values("photograph_sha256").distinct().count() == 16
    assert pool.images.values("sha256").distinct().count() == pool.images.count()


def test_a_folder_that_takes_no_image_is_one_sentence_and_no_pool(
    db: None, image_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (80, 80), "red").save(tmp_path / "red.png")

    def full(data: bytes) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "store", full)
    with pytest.raises(CommandError, match=r"could not be stored .No space left on device.; no pool was made"):
        call_command("import_images", tmp_path, pool="full", size=64)
    assert not ImagePool.objects.exists()
