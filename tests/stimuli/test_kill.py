"""A generator killed at any moment and run again ends with the very set that an undisturbed run makes."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg2
import pytest

from stimuli.files import sha256_of

STIMULI = 6

# The generator, killed by the system in the middle of keeping its n-th image: just before the file gets its final
# name, or just after, when the row is not written yet. Its mask, a grey PNG (colour type 0), stands already then.
KILLED_WHILE_KEEPING = """
import os, signal, sys
from pathlib import Path
from django.core.management import execute_from_command_line

protocol, moment, number = sys.argv[1:]
kept, rename = [], Path.replace

def replace(self, target):
    if self.read_bytes()[25] == 0:
        return rename(self, target)
    kept.append(target)
    doomed = len(kept) == int(number)
    if doomed and moment == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    renamed = rename(self, target)
    if doomed:
        os.kill(os.getpid(), signal.SIGKILL)
    return renamed

Path.replace = replace
os.environ["DJANGO_SETTINGS_MODULE"] = "studyapp.settings"
execute_from_command_line(["manage.py", "generate_stimuli", protocol, "--device", "cpu"])
"""

COMPLETE_WITHOUT_TORCH = """
import os, sys
from django.core.management import execute_from_command_line

os.environ["DJANGO_SETTINGS_MODULE"] = "studyapp.settings"
execute_from_command_line(["manage.py", "generate_stimuli", sys.argv[1]])
sys.exit("torch was imported" if "torch" in sys.modules else 0)
"""

Row = tuple[str, int, str, int, str, float, float]


@dataclass(frozen=True)
class Installation:
    """A database and a data folder for commands in processes of their own."""

    environment: dict[str, str]
    data: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *command], env=self.environment, capture_output=True, text=True, check=False
        )

    def manage(self, *command: str) -> str:
        done = self.run("manage.py", *command)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def rows(self) -> list[Row]:
        """All stimuli in the order of their recipes."""
        database = psycopg2.connect(self.environment["DATABASE_URL"])
        with database.cursor() as cursor:
            cursor.execute(
                "SELECT name, image_id, config_sha256, seed, sha256, activation_before, activation_after "
                "FROM stimuli_stimulus JOIN stimuli_feature f ON feature_id = f.id ORDER BY name, image_id"
            )
            rows = cursor.fetchall()
        database.close()
        return rows

    def files(self, *, masks: bool = False) -> set[str]:
        """The names of all image files, each checked to hold what its name says; hidden files are not among them."""
        paths = [path for path in (self.data / "images").rglob("*.png") if not path.name.startswith(".")]
        for path in paths:
            assert sha256_of(path.read_bytes()) == path.stem
        return {path.stem for path in paths if (path.read_bytes()[25] == 0) == masks}

    def hidden_files(self) -> list[Path]:
        return list((self.data / "images").rglob("*.partial"))


@pytest.fixture(scope="module")
def prepared(
    administrate: Callable[[str], str],
    environment_for: Callable[[str, Path], dict[str, str]],
    photographs: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Installation]:
    """An installation with everything surveyed and nothing generated."""
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


def test_a_killed_generator_goes_on_as_if_nothing_had_been(
    copy_of_prepared: Callable[[str], Installation], protocol_file: Callable[..., Path]
) -> None:
    path = str(protocol_file())
    undisturbed = copy_of_prepared("kill_undisturbed")
    sources = undisturbed.files()
    undisturbed.manage("generate_stimuli", path, "--device", "cpu")
    expected = undisturbed.rows()
    assert len(expected) == STIMULI
    assert len(undisturbed.files() - sources) == STIMULI

    killed = copy_of_prepared("kill_killed")
    for moment, number, kept_rows in (("before", 2, 1), ("after", 1, 1)):
        assert killed.run("-c", KILLED_WHILE_KEEPING, path, moment, str(number)).returncode == -9
        assert len(killed.rows()) == kept_rows
        # The one file that may stand without a row is whole, which files() has checked.
        assert len(killed.files() - sources) == kept_rows + (moment == "after")
        assert len(killed.hidden_files()) == (moment == "before")
    _kill_at_some_moment(killed, path, sources)

    assert "are there" in killed.manage("generate_stimuli", path, "--device", "cpu")
    complete = killed.run("-c", COMPLETE_WITHOUT_TORCH, path)
    assert (complete.returncode, complete.stdout) == (0, f"All {STIMULI} stimuli of cats are there.\n")
    assert killed.rows() == expected
    assert killed.files() == undisturbed.files()
    assert killed.files(masks=True) == undisturbed.files(masks=True)
    assert len(killed.files(masks=True)) == STIMULI
    assert not killed.hidden_files()


def _kill_at_some_moment(killed: Installation, path: str, sources: set[str]) -> None:
    """Kill a plain run from outside, once it has made something that was not there and works on the next."""
    before = killed.files()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "generate_stimuli", path, "--device", "cpu"],
        env=killed.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 300
    while killed.files() <= before and time.monotonic() < deadline:
        time.sleep(0.005)
    workers = psutil.Process(process.pid).children(recursive=True)
    assert workers
    process.kill()
    assert process.wait() == -9
    # Nobody is left to compute for a driver that is gone.
    assert psutil.wait_procs(workers, timeout=20)[1] == []
    assert before < killed.files()
    assert len(killed.rows()) < STIMULI
    assert {row[4] for row in killed.rows()} <= killed.files() - sources
