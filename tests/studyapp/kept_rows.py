"""The rows of a small world, kept from the first test that made it: making one anew takes a hundred times as long.

Tests empty the database between them, most by rolling back. What is put back is what was there, to the last key: no
sequence goes backwards when rows go, so that nothing made later meets a key of before.
"""

import io
from collections.abc import Callable

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction

from studyapp.models import Study

# What COPY wrote of each table, by the text of the protocol and the storages in which the world's images lie.
_kept: dict[str, dict[str, str]] = {}


def made_or_put_back(text: str, make: Callable[[], Study]) -> Study:
    """What ``make`` makes of this protocol; where the database is empty and it was made before, the same rows again."""
    tables = [model._meta.db_table for app in ("stimuli", "studyapp") for model in _models(app)]
    if any(_holds_rows(table) for table in tables):
        return make()
    world = f"{settings.STORAGES} {settings.DATA_DIR} {text}"
    if world in _kept:
        _put_back(_kept[world])
        return Study.objects.get()
    study = make()
    _kept[world] = {table: _rows(table) for table in tables if _holds_rows(table)}
    return study


def _models(app: str) -> list[type]:
    return list(apps.get_app_config(app).get_models(include_auto_created=True))


def _holds_rows(table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT EXISTS (SELECT FROM "{table}")')
        return bool(cursor.fetchone()[0])


def _rows(table: str) -> str:
    written = io.StringIO()
    with connection.cursor() as cursor:
        cursor.copy_expert(f'COPY "{table}" TO STDOUT', written)
    return written.getvalue()


def _put_back(tables: dict[str, str]) -> None:
    # The rows passed all triggers and foreign keys when they were made.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table, rows in tables.items():
            cursor.copy_expert(f'COPY "{table}" FROM STDIN', io.StringIO(rows))
        cursor.execute("SET LOCAL session_replication_role = origin")
