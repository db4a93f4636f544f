"""An installation of its own for the pictures: its data folder, its studies, and servers on it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from docs.screenshots.studies import protocol
from tests.studyapp.served import free_port, url_of, wait_for_port

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = "import json; from django.conf import settings; print(json.dumps(settings.DATABASES['default']))"


@dataclass(frozen=True)
class Installation:
    """A data folder, with an embedded database of its own in it."""

    data: Path

    def manage(self, *command: str) -> str:
        """Run a command of ``manage.py``; what it says.

        Raises:
            CalledProcessError: it failed; its own words stand on standard error.
        """
        done = [sys.executable, "manage.py", *command]
        return subprocess.run(
            done, cwd=ROOT, env=self._environment(), stdout=subprocess.PIPE, text=True, check=True
        ).stdout

    def open_study(self, slug: str) -> None:
        """Make one of the studies."""
        file = self.data / f"{slug}.toml"
        file.write_text(protocol(slug))
        self.manage("generate_stimuli", str(file))
        # Nobody's answers rest on these images: one is made again as the demo does it, where any was generated.
        self.manage("freeze_stimuli", str(file), "--sample", "1")
        self.manage("create_study", str(file))

    @property
    def password(self) -> str:
        """Of the researcher's account, which the demo made."""
        return (self.data / "researcher_password").read_text()

    def database(self, name: str) -> str:
        """The address of another database of the embedded server."""
        return url_of(json.loads(self.manage("shell", "-v", "0", "-c", SETTINGS)) | {"NAME": name})

    @contextmanager
    def serving(self, **environment: str) -> Iterator[str]:
        """Serve the studies; gives the address of the site."""
        with _served(self._environment(environment), "manage.py", "serve", "--port", "{port}") as address:
            yield address

    @contextmanager
    def failing(self, database: str) -> Iterator[str]:
        """Serve on a database on which ``manage.py serve`` would refuse to start."""
        gunicorn = ("-m", "gunicorn", "studyapp.wsgi", "--bind", "127.0.0.1:{port}", "--log-level", "critical")
        environment = self._environment({"DATABASE_URL": database})
        # What it would write is what it is there for.
        with _served(environment, *gunicorn, log=subprocess.DEVNULL) as address:
            yield address

    def _environment(self, more: dict[str, str] | None = None) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        # Everybody in the pictures comes from this machine.
        return inherited | {"QUIDDITY_DATA": str(self.data), "QUIDDITY_ENROLMENTS_PER_HOUR": "0"} | (more or {})


@contextmanager
def _served(environment: dict[str, str], *command: str, log: int | None = None) -> Iterator[str]:
    port = free_port()
    words = [sys.executable, *(word.format(port=port) for word in command)]
    with subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=log) as server:
        try:
            wait_for_port(port, server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()  # not killed: the last process of an installation stops its database
