"""The site as it is run: a server in processes of its own, on a database that outlives them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[2]
START_S = 30


class ServedSite:
    """A server at an address of this machine; it can be killed and started again at the same one.

    ``command`` is what is run, with ``{port}`` where the port stands.
    """

    def __init__(self, *, command: Sequence[str], environment: dict[str, str], log: Path) -> None:
        self.port = free_port()
        self._command = [part.format(port=self.port) for part in command]
        self._environment = os.environ | environment
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the first of its processes, whose children the others are."""
        assert self._process is not None
        return self._process.pid

    def __enter__(self) -> "ServedSite":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start all processes, and return when the site answers."""
        with self._log.open("ab") as log:
            # In a group of its own, so that all its processes can be killed at once and nothing else is.
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        wait_for_port(self.port, self._process)

    def kill(self) -> None:
        """End all its processes with SIGKILL: nothing is tidied up, no answer is finished."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


def wait_for_port(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Return when something listens there."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended instead of serving"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens at {port}")


def free_port() -> int:
    """One that nothing listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def gunicorn(application: str, *, database_url: str, data: Path, log: Path) -> ServedSite:
    """Gunicorn on an application of the tests."""
    return ServedSite(
        command=(
            *(sys.executable, "-m", "gunicorn", application, "--bind", "127.0.0.1:{port}"),
            *("--workers", "2", "--threads", "4", "--preload", "--log-level", "error"),
        ),
        environment={"DATABASE_URL": database_url, "QUIDDITY_DATA": str(data)},
        log=log,
    )


def url_of(database: dict[str, Any]) -> str:
    """The address of a database of the embedded server by Django's settings of it: the server has a socket only."""
    return f"postgresql://{database['USER']}:@/{database['NAME']}?host={quote(database['OPTIONS']['host'], safe='')}"
