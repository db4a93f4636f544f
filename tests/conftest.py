"""What every test shares: a data folder and an embedded PostgreSQL of its own, never those of an installation."""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import pytest
from django.conf import settings
from django.db import OperationalError, connection

# Read by the settings. These are named here and not in pyproject.toml, because pytest-django would then import them
# before this file, with the data folder of the installation.
_data = tempfile.TemporaryDirectory(prefix="quiddity-tests-")
os.environ["QUIDDITY_DATA"] = _data.name
os.environ.pop("DATABASE_URL", None)
os.environ["QUIDDITY_ENROLMENTS_PER_HOUR"] = "0"  # no limit: every visitor of the tests comes from this machine
Path(_data.name).chmod(0o755)  # the embedded server runs as a user of its own when the tests run as root
os.environ["DJANGO_SETTINGS_MODULE"] = "studyapp.settings"
django.setup()  # the conftest files below import models
# Test processes of `pytest -n` inherit the environment. With this name in it pytest-django would import the settings
# there, too, before this file: with the data folder of the process that started them, shared by all.
del os.environ["DJANGO_SETTINGS_MODULE"]
assert Path(_data.name) == settings.DATA_DIR

# Files of few tests that take minutes: begun first, so that no processor waits at the end for another one's last file.
LONG = (
    "test_cluster.py",
    "test_whole_path.py",
    "test_kill.py",
    "test_survey_kill.py",
    "test_faults.py",
    "test_processes.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else len(LONG))


@pytest.fixture(scope="session", autouse=True)
def _frozen_sets_of_tests_may_be_emptied() -> Iterator[None]:
    """After a test with real transactions Django empties all tables by TRUNCATE, which frozen sets and the log of
    events refuse.

    The very statements of Django's flush name the setting that opens it; a test that empties a table itself does not.
    """
    operations: Any = type(connection.ops)
    flush = operations.execute_sql_flush

    def opened(self: Any, statements: list[str]) -> None:
        for attempt in range(5):
            try:
                flush(self, ["SELECT set_config('quiddity.open_set', 'every', true)", *statements])
            except OperationalError:  # a deadlock with what a browser asked for at the very end of its test
                if attempt == 4:
                    raise
                time.sleep(0.5)
            else:
                return

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operations, "execute_sql_flush", opened)
        yield
