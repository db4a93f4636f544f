"""A survey killed at any moment and run again ends with the very rows that an undisturbed run writes."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg2
import pytest

COMMAND = ["survey_features", "efficientnet_lite0", "small", "--layers", "blocks.4.2", "--units", "5"]
COMMAND += ["--features", "logit=281", "--ends", "2", "--sample", "4", "--device", "cpu"]

# The survey in batches of 3 images with a checkpoint after each, killed by the system in the midst of keeping its n-th
# checkpoint (just before the file gets its final name, or just after), or of writing its first rows. It prints how many
# images each run measured.
KILLED = """
import os, signal, sys
from pathlib import Path

os.environ["DJANGO_SETTINGS_MODULE"] = "studyapp.settings"
moment, number, *command = sys.argv[1:]
import django
django.setup()
from django.core.management import execute_from_command_line
from stimuli import streaming, survey
from stimuli.checkpoints import Checkpoint

streaming.CPU_BATCH, streaming.CHECKPOINT_S = 3, 0.0
kept, rename, activations = [], Path.replace, streaming._activations

def die():
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGKILL)

def replace(self, target):
    kept.append(target)
    doomed = len(kept) == int(number)
    if doomed and moment == "before":
        die()
    rename(self, target)
    if doomed and moment == "after":
        die()

def counted(*arguments):
    for place, ids, values in activations(*arguments):
        print("batch", len(ids))
        yield place, ids, values

if moment == "writing":
    survey.Activation.objects.bulk_create = lambda rows: die()
if moment == "clearing":
    Checkpoint.remove = lambda self: die()
Path.replace, streaming._activations = replace, counted
execute_from_command_line(["manage.py", *command])
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(command_environment: dict[str, str], photographs: Path) -> Run:
    """A function that runs the survey in a process of its own, to be killed at some moment."""

    def start(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *command], env=command_environment, capture_output=True, text=True, check=False
        )

    assert start("manage.py", "migrate", "--verbosity=0").returncode == 0
    assert start("manage.py", "import_images", str(photographs), "--pool", "small", "--size", "64").returncode == 0

    def survey(moment: str, number: int, workers: int) -> subprocess.CompletedProcess[str]:
        return start("-c", KILLED, moment, str(number), *COMMAND, "--workers", str(workers))

    return survey


def rows(environment: dict[str, str]) -> list[Any]:
    """Everything that a survey writes, but for numbers of rows and times of writing."""
    database = psycopg2.connect(environment["DATABASE_URL"])
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT name, image_id, float8send(value), rank FROM stimuli_activation "
            "JOIN stimuli_feature f ON feature_id = f.id ORDER BY name, rank"
        )
        found: list[Any] = [(name, image, bytes(value), rank) for name, image, value, rank in cursor.fetchall()]
        cursor.execute(
            "SELECT name, images, ends, sampled FROM stimuli_featuresurvey "
            "JOIN stimuli_feature f ON feature_id = f.id ORDER BY name"
        )
        found += cursor.fetchall()
        cursor.execute("SELECT layer, seed, units, dead, drawn FROM stimuli_unitsample")
        found += cursor.fetchall()
    database.close()
    return found


def clear(environment: dict[str, str]) -> None:
    database = psycopg2.connect(environment["DATABASE_URL"])
    with database, database.cursor() as cursor:
        cursor.execute("TRUNCATE stimuli_visionmodel CASCADE")
    database.close()


def measured(process: subprocess.CompletedProcess[str]) -> int:
    return sum(int(line.split()[1]) for line in process.stdout.splitlines() if line.startswith("batch"))


def test_a_killed_survey_goes_on_as_if_nothing_had_been(run: Run, command_environment: dict[str, str]) -> None:
    checkpoints = Path(command_environment["QUIDDITY_DATA"]) / "surveys"
    undisturbed = run("never", 0, 1)
    assert undisturbed.returncode == 0, undisturbed.stderr
    assert measured(undisturbed) == 16
    expected = rows(command_environment)
    assert len(expected) > 6 * 5
    assert not list(checkpoints.iterdir())

    clear(command_environment)
    # In the midst of keeping the 2nd checkpoint: the 1st one stands, 3 images are done, with a half-kept file beside.
    assert run("before", 2, 2).returncode == -9
    assert sorted(path.suffix for path in checkpoints.iterdir()) == [".npz", ".partial"]
    # It goes on there, in 2 processes that may overtake each other, and keeps 6 images more.
    second = run("after", 2, 2)
    assert (second.returncode, measured(second)) == (-9, 6)
    # The rest is measured, but no row is there unless all are.
    third = run("writing", 0, 2)
    assert (third.returncode, measured(third)) == (-9, 7)
    assert rows(command_environment) == []
    # Everything was measured by the run before.
    fourth = run("clearing", 0, 2)
    assert (fourth.returncode, measured(fourth)) == (-9, 0)
    assert rows(command_environment) == expected
    assert list(checkpoints.iterdir())

    last = run("never", 0, 2)
    assert last.returncode == 0, last.stderr
    assert "All features are surveyed" in last.stdout
    assert measured(last) == 0
    assert not list(checkpoints.iterdir())
    assert rows(command_environment) == expected
