"""What the tests of `stimuli` share: a folder of real photographs, a protocol, image files of their own."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import torch
from django.conf import settings as project_settings
from django.core.management import call_command

from stimuli.built_in import built_in_photographs
from stimuli.crops import centre_square, cut
from stimuli.photographs import read_photograph
from studyapp.database import embedded_url
from tests.stimuli.installation import Installation

PROTOCOL = """\
slug = "cats"
title = "Cats"
seed = 7

[stimuli]
model = "efficientnet_lite0"
pool = "small"
features = ["logit=281", "blocks.4.2:channel=17"]
practice_features = ["logit=967"]
references = 2

[stimuli.accentuation]
steps = 3
crops = 2

[trials]
conditions = ["exemplars", "accentuation"]

[consent]
version = "1"
text = "I agree."

[instructions]
text = "Choose the image."

[completion]
text = "Thank you."
"""


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Networks on one thread: on inputs this small nothing is lost, and on a busy machine threads that wait for each
    other made these tests ten times slower."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def image_root(settings: Any, tmp_path: Path) -> Path:
    """A folder for image files, empty at the start of the test."""
    settings.IMAGE_ROOT = tmp_path / "images"
    return tmp_path / "images"


@pytest.fixture(scope="session")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen small real photographs."""
    folder = tmp_path_factory.mktemp("photographs")
    for path in built_in_photographs():
        photograph = read_photograph(path)
        (folder / f"{path.stem}.png").write_bytes(cut(photograph.image, centre_square(photograph.image), 96))
    return folder


@pytest.fixture
def small_pool(db: None, image_root: Path, photographs: Path) -> None:
    """The pool `small`: sixteen images of 64 px."""
    call_command("import_images", str(photographs), pool="small", size=64)


@pytest.fixture
def protocol_file(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes the protocol with some of its text replaced and returns the path."""

    def write(*replacements: tuple[str, str]) -> Path:
        text = PROTOCOL
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "protocol.toml"
        path.write_text(text)
        return path

    return write


@pytest.fixture(scope="session")
def administrate() -> Iterator[Callable[[str], str]]:
    """A function that runs one statement on the embedded server and returns the server's address."""
    address = embedded_url(project_settings.DATA_DIR / "postgres")
    server = psycopg2.connect(address)
    server.autocommit = True

    def run(statement: str) -> str:
        with server.cursor() as cursor:
            cursor.execute(statement)
        return address

    yield run
    server.close()


@pytest.fixture(scope="session")
def environment_for(administrate: Callable[[str], str]) -> Callable[[str, Path], dict[str, str]]:
    """A function that sends a command to a database of the embedded server and to a data folder."""
    address = administrate("SELECT 1")

    def environment(database: str, data: Path) -> dict[str, str]:
        url = address.replace("/postgres?", f"/{database}?")
        return {**os.environ, "DATABASE_URL": url, "QUIDDITY_DATA": str(data), "OMP_NUM_THREADS": "1"}

    return environment


@pytest.fixture
def command_environment(
    administrate: Callable[[str], str], environment_for: Callable[[str, Path], dict[str, str]], tmp_path: Path
) -> Iterator[dict[str, str]]:
    """For a command in a process of its own: an empty database and an empty data folder."""
    administrate("CREATE DATABASE command_test")
    yield environment_for("command_test", tmp_path / "data")
    administrate("DROP DATABASE command_test WITH (FORCE)")


@pytest.fixture(scope="session")
def prepared(
    administrate: Callable[[str], str],
    environment_for: Callable[[str, Path], dict[str, str]],
    photographs: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Installation]:
    """An installation with everything surveyed and nothing generated."""
    administrate("DROP DATABASE IF EXISTS kill_prepared")
    administrate("CREATE DATABASE kill_prepared")
    data = tmp_path_factory.mktemp("prepared")
    installation = Installation(environment_for("kill_prepared", data), data)
    installation.manage("migrate", "--verbosity=0")
    installation.manage("import_images", str(photographs), "--pool", "small", "--size", "64")
    features = ["logit=281", "logit=967", "blocks.4.2:channel=17"]
    installation.manage("survey_features", "efficientnet_lite0", "small", "--features", *features)
    yield installation
    administrate("DROP DATABASE kill_prepared WITH (FORCE)")


@pytest.fixture(scope="module")
def copy_of_prepared(
    prepared: Installation,
    administrate: Callable[[str], str],
    environment_for: Callable[[str, Path], dict[str, str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[str], Installation]]:
    """A function that makes a copy of the prepared installation."""
    made: list[str] = []

    def copy(name: str) -> Installation:
        administrate(f"CREATE DATABASE {name} TEMPLATE kill_prepared")
        made.append(name)
        data = tmp_path_factory.mktemp(name)
        shutil.copytree(prepared.data, data, dirs_exist_ok=True)
        return Installation(environment_for(name, data), data)

    yield copy
    for name in made:
        administrate(f"DROP DATABASE {name} WITH (FORCE)")
