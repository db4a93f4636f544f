"""A database and a data folder for commands that are killed and run again."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from stimuli.files import sha256_of

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
        """The names of all image files, or of all masks, each checked to hold what its name says; no hidden files."""
        paths = [path for path in (self.data / "images").rglob("*.png") if not path.name.startswith(".")]
        for path in paths:
            assert sha256_of(path.read_bytes()) == path.stem
        return {path.stem for path in paths if (path.read_bytes()[25] == 0) == masks}  # grey, as PNG says it

    def hidden_files(self) -> list[Path]:
        return list((self.data / "images").rglob("*.partial"))
