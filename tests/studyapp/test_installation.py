"""The data folder, the secrets in it, and the database: what is wrong with them is said in one sentence."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from studyapp.database import database_settings, embedded_url
from studyapp.installation import InstallationError, data_folder, kept_secret

ROOT = Path(__file__).resolve().parents[2]


def manage(data: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "QUIDDITY_DATA": str(data), **variables}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


SERVE = ("serve", "--port", free_port())


def test_a_secret_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    first = kept_secret(path, characters=40)
    assert len(first) == 40
    assert kept_secret(path, characters=40) == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]
    assert kept_secret(tmp_path / "other", characters=40) != first


def test_a_data_folder_is_made_and_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    assert data_folder(tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(InstallationError, match="set QUIDDITY_DATA to a folder"):
        data_folder(tmp_path / "file")


@pytest.mark.parametrize("url", ["sqlite:///x", "mysql://host/name", "nonsense", "postgresql://host/", "postgresql:"])
def test_an_address_of_something_else_than_a_postgresql_database_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(InstallationError, match="DATABASE_URL must look like postgresql://"):
        database_settings(url, tmp_path)


def test_a_path_with_a_space_is_refused_for_the_embedded_server(tmp_path: Path) -> None:
    with pytest.raises(InstallationError, match="there is a space in the path; set QUIDDITY_DATA"):
        embedded_url(tmp_path / "my data" / "postgres")


@pytest.mark.parametrize("command", [("migrate",), ("export_responses", "demo"), SERVE])
def test_an_unreachable_database_is_one_sentence_without_the_password(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = manage(tmp_path, *command, DATABASE_URL="postgresql://me:hidden@127.0.0.1:9/studies")
    assert done.returncode == 1
    assert "The database 'studies' at 127.0.0.1:9 cannot be reached" in done.stderr
    assert "check DATABASE_URL" in done.stderr
    assert "hidden" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [("export_responses", "demo"), SERVE])
def test_a_database_without_tables_is_one_sentence(tmp_path: Path, command: tuple[str, ...]) -> None:
    tmp_path.chmod(0o755)
    done = manage(tmp_path / "data", *command)
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith("run `python manage.py migrate` first.")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(("--port", "99999"), "a port is a number from 1 to 65535"), (("--workers", "0"), "at least 1 is needed")],
)
def test_serve_refuses_numbers_that_make_no_sense(tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    done = manage(tmp_path, "serve", *arguments, DATABASE_URL="postgresql://127.0.0.1:9/studies")
    assert done.returncode == 2
    assert sentence in done.stderr
