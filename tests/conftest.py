"""What every test shares: a data folder and an embedded PostgreSQL of its own, never those of an installation."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import pytest
from django.db import connection
from pytest_django import DjangoDbBlocker

# Read by the settings. These are named here and not in pyproject.toml, because pytest-django would then import them
# before this file, with the data folder of the installation.
_data = tempfile.TemporaryDirectory(prefix="quiddity-tests-")
os.environ["QUIDDITY_DATA"] = _data.name
os.environ.pop("DATABASE_URL", None)
os.environ["QUIDDITY_ENROLMENTS_PER_HOUR"] = "0"  # no limit: every visitor of the tests comes from this machine
Path(_data.name).chmod(0o755)  # the embedded server runs as a user of its own when the tests run as root
os.environ["DJANGO_SETTINGS_MODULE"] = "studyapp.settings"
django.setup()  # the conftest files below import models


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """The tables of the tests are emptied between tests, by the statement that the log of an installation refuses."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE studyapp_event DISABLE TRIGGER studyapp_keep_events")


@pytest.fixture(scope="session", autouse=True)
def _frozen_sets_of_tests_may_be_emptied() -> Iterator[None]:
    """After a test with real transactions Django empties all tables by TRUNCATE, which frozen sets refuse.

    The very statements of Django's flush name the setting that opens it; a test that empties a table itself does not.
    """
    operations: Any = type(connection.ops)
    flush = operations.execute_sql_flush

    def opened(self: Any, statements: list[str]) -> None:
        flush(self, ["SELECT set_config('quiddity.open_set', 'every', true)", *statements])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operations, "execute_sql_flush", opened)
        yield
