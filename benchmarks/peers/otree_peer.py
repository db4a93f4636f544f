"""oTree, serving the equivalent study: started from a folder of its own, driven by the same client.

One submission of oTree is a form sent and the next page fetched from where it redirects to.
"""

import asyncio
import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.client import LOCATION, Connection
from tests.studyapp.served import free_port, wait_for_port

STUDY = Path(__file__).with_name("otree_study")
IMAGES = ("left", "right", "reference-1", "reference-2", "reference-3")
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
BODY = b"choice=left&confidence=2&rt_ms=812.4"
REST_KEY = "only-for-the-benchmark"


def is_there(folder: Path) -> bool:
    """Whether oTree was installed into this folder: a virtual environment, or one of ``pip install --target``."""
    return (folder / "bin" / "otree").exists()


@contextmanager
def serving(
    folder: Path, database_url: str, picture: Path, work: Path
) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """oTree's production server on an empty database; gives its port and process."""
    run = str(folder / "bin" / "otree")
    project = work / "otree_study"
    shutil.copytree(STUDY, project, ignore=shutil.ignore_patterns("__pycache__"))
    (project / "_static").mkdir()  # oTree wants it to be there
    images = project / "choice" / "static" / "choice"
    images.mkdir(parents=True)
    for name in IMAGES:
        shutil.copy(picture, images / f"{name}.png")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "PYTHONPATH"))}
    environment["PATH"] = f"{folder / 'bin'}:{environment['PATH']}"  # it starts itself by its name
    if (folder / "otree").is_dir():
        environment["PYTHONPATH"] = str(folder)
    environment |= {"DATABASE_URL": database_url, "OTREE_PRODUCTION": "1", "OTREE_REST_KEY": REST_KEY}
    port = free_port()
    with (work / "otree.log").open("ab") as log:
        subprocess.run([run, "resetdb", "--noinput"], cwd=project, env=environment, check=True, stdout=log, stderr=log)
        process = subprocess.Popen(
            [run, "prodserver", str(port)],
            cwd=project,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            wait_for_port(port, process)
            yield port, process
        finally:
            os.killpg(process.pid, 15)
            process.wait(20)


def new_session(port: int, participants: int) -> str:
    """Make a session of so many participants; gives the path at which each of them joins it."""
    body = json.dumps({"session_config_name": "choice", "num_participants": participants}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/sessions",
        data=body,
        headers={"Content-Type": "application/json", "otree-rest-key": REST_KEY},
    )
    with urllib.request.urlopen(request) as reply:
        address: str = json.load(reply)["session_wide_url"]
    return "/" + address.split("/", 3)[3]


async def take(port: int, join: str, until: float, seconds: list[float]) -> None:
    """Take part again and again until the time is up; a submission's seconds are appended."""
    connection = Connection(port)
    while time.perf_counter() < until:
        page = await _follow(connection, join)
        while page.endswith(tuple("0123456789")) and "/Choose/" in page and time.perf_counter() < until:
            start = time.perf_counter()
            status, head, _ = await connection.post(page, BODY, FORM)
            assert status in (302, 303), (status, page)
            page = await _follow(connection, _path(head))
            seconds.append(time.perf_counter() - start)
    connection.close()


async def _follow(connection: Connection, path: str) -> str:
    """Fetch a page through its redirects; gives the path at which it stands."""
    while True:
        status, head, _ = await connection.get(path)
        if status == 200:
            return path
        assert status in (302, 303, 307), (status, path)
        path = _path(head)


def _path(head: bytes) -> str:
    found = LOCATION.search(head)
    assert found is not None
    location = found[1].decode()
    return "/" + location.split("/", 3)[3] if location.startswith("http") else location


async def load(port: int, join: str, concurrency: int, duration: float) -> list[float]:
    """Let so many take part at the same time for so many seconds; gives the seconds of every submission."""
    seconds: list[float] = []
    until = time.perf_counter() + duration
    await asyncio.gather(*(take(port, join, until, seconds) for _ in range(concurrency)))
    return seconds
