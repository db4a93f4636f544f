"""A generator killed at any moment and run again ends with the very set that an undisturbed run makes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.stimuli.installation import Installation

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


def test_ctrl_c_ends_the_command_and_its_processes_with_how_to_go_on(
    copy_of_prepared: Callable[[str], Installation], protocol_file: Callable[..., Path]
) -> None:
    stopped = copy_of_prepared("kill_stopped")
    path = str(protocol_file(("steps = 3", "steps = 40")))  # so that there is something left to stop
    process = subprocess.Popen(
        [sys.executable, "manage.py", "generate_stimuli", path, "--device=cpu", "--workers=2"],
        env=stopped.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not stopped.rows() and time.monotonic() < deadline:
        time.sleep(0.005)
    workers = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal sends it, to all
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.rstrip().endswith("made so far are kept. Run the same command again to go on.")
    assert "Traceback" not in errors
    assert psutil.wait_procs(workers, timeout=20)[1] == []
    assert 0 < len(stopped.rows()) < STIMULI


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
